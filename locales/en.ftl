# What a person who clicks reads. The first sentence says what happened, the second what to do.
# $threat: phishing, malware, scam, policy, none. $tier: clean, unknown, suspicious, malicious.

house = Link check

warn-state = Warning
warn-happened = { $threat ->
    [phishing] This link may lead to a page that pretends to be someone else, so we have stopped you here.
    [malware] This link may lead to harmful software, so we have stopped you here.
    [scam] This link may lead to a fraud, so we have stopped you here.
   *[other] This link looks suspicious, so we have stopped you here.
  }
warn-do = If you were not expecting it, close this tab. Continue only if the address below is exactly the one you want.
warn-continue = Continue anyway

notice-state = Please check
notice-happened = { $tier ->
    [unknown] We could not fully check this link.
   *[other] Please look at this address before you continue.
  }
notice-do = Continue if you were expecting it and know the address below. If not, close this tab.
notice-continue = Continue

checking-state = Checking
checking-happened = We are looking at this link before it opens.
checking-do = This takes a few seconds, and the page goes on by itself. You can also continue without waiting if you know the address below.
checking-do-wait = This takes a few seconds, and the page goes on by itself.
checking-since = { $seconds ->
    [0] just begun
    [one] for one second
   *[other] for { $seconds } seconds
  }
checking-continue = Continue without waiting

too-many-state = Opened very often
too-many-happened = This link is being opened unusually often, so we ask you first.
too-many-do = Continue if you were expecting it and know the address below. If not, close this tab.
too-many-continue = Continue

block-state = Blocked
block-happened = { $threat ->
    [phishing] This link is blocked, because it leads to a page that pretends to be someone else.
    [malware] This link is blocked, because it leads to harmful software.
    [scam] This link is blocked, because it leads to a fraud.
   *[other] This link is blocked, because it is known to be harmful.
  }
block-do = { $threat ->
    [phishing] Close this tab. If you have already entered a password there, change it now and tell your help desk.
    [malware] Close this tab. If you have already opened a file from there, disconnect your device and tell your help desk at once.
    [scam] Close this tab. Do not send money or personal details, whatever the message says.
   *[other] Close this tab. If you have already entered something there, tell your help desk.
  }

blocked-by-admin-state = Blocked by your administrator
blocked-by-admin-happened = Your administrator has blocked this link.
blocked-by-admin-do = Close this tab. If you need the page for your work, ask your administrator and give the reference below.

message-convicted-state = Harmful message
message-convicted-happened = The message that this link came in was found to be harmful, so its links no longer open.
message-convicted-do = Close this tab and delete the message. If you have already opened one of its links, or answered it, tell your help desk.

link-withdrawn-state = Link withdrawn
link-withdrawn-happened = This link was withdrawn and no longer opens.
link-withdrawn-do = Close this tab. If you need the page, ask the sender for a new link, or your help desk with the reference below.

damaged-state = Link damaged
damaged-happened = This link is not complete or has been changed.
damaged-do = Go back to the message and open the link there again; if it is broken over two lines, copy all of it. If that does not help, ask the sender for the address.

preview-state = Where a link goes
preview-happened = This is where the link goes. Nothing has been opened.
preview-do = If it is not the address you expected, do not open it.
copy = To copy the address, select the line above: one tap or click takes all of it.
would-redirect = No objection
would-notice = Could not be fully checked
would-warn = Looks suspicious
would-block = Blocked
would-blocked-by-admin = Blocked by your administrator
would-message-convicted = Its message was found to be harmful
would-link-withdrawn = Withdrawn
judged-now = { $would ->
    [redirect] Checked just now: nothing is known against it. That is no promise that the page is safe.
   *[other] Checked just now. What is known can change, so it is checked again whenever it is opened.
  }
open-link = Open this link

destination = Where it goes
whole-address = The whole address
written-as = also written

reason-asked = Why do you need this page?
reason-missing = Please give a reason in a few words.

details = Details
reference = reference
why = Why
reason-list = It is on a list of your administrator.
reason-listed-because = It is on a list of your administrator, with the reason:
reason-source = It is known to those who collect harmful addresses.
reason-literal-address = The address is a number instead of a name.
reason-userinfo = Something stands before an @ in the address, which can hide where it really goes.
reason-mixed-scripts = The name mixes letters of several scripts that look alike.
reason-odd-port = It uses an unusual port.
reason-single-label = The name has no dot, as only names inside a network do.
reason-lookalike = The name looks like that of a known organisation, and belongs to somebody else.
reason-nested-url = Another address stands inside it.
reason-sealed = It leads on to another address that only its owner can tell.
reason-many-wrappers = Several link checks are wrapped around one another, which can hide where it really goes.
reason-too-deep = Too many addresses stand inside one another to look at them all.
reference-use = Give the reference when you ask for help: it tells what was checked and why.

leave = Leave this page
leave-open = Do not open it
left-state = Not opened
left-happened = The link was not opened.
left-do = You can close this tab.

help = Help
write-to-help = Write to your help desk
report = Report a mistake
report-asked = What is wrong here?
report-hint = Do not write passwords. The reference and the address of the link are sent along.
report-send = Send the report
reported-state = Report
reported-happened-kept = Thank you. Your report has arrived.
reported-do-kept = { $days ->
    [one] It is looked into within a day. With the reference below your help desk can tell you what came of it.
   *[other] It is looked into within { $days } days. With the reference below your help desk can tell you what came of it.
  }
reported-happened-known = Thank you. This has been reported already.
reported-do-known = With the reference below your help desk can tell you what comes of it.
reported-happened-too-old = This page was open for too long to send a report.
reported-do-too-old = Open the link again and send the report from there.
reported-happened-lost = Your report could not be kept.
reported-do-lost = Please tell your help desk, and give the reference below.
report-subject = Mistake on a link check, reference { $reference }

error-400 = This request could not be understood.
error-404 = There is nothing at this address.
error-405 = This cannot be done at this address.
error-408 = The request took too long.
error-413 = The request is too large.
error-414 = The address is too long.
error-421 = No links are kept under this name.
error-do = { $status ->
    [404] If you followed a link in a message, go back to the message and open it there again.
    [408] Please try again.
   *[other] If you followed a link in a message, tell your help desk what you clicked.
  }
