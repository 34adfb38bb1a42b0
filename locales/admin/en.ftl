# The pages of the admin listener. The pages that a person sees at a click are in ../en.ftl.

admin-title = Sekisho on { $node }
admin-home = Overview
admin-foot = Version { $version }. This page shows the state at { $now }; load it again for a newer one.
admin-happened = { $state ->
    [ready] All is in order.
    [degraded] Clicks are answered, but something needs a look.
   *[other] Send no clicks here.
  }
admin-since = Running since { $started }.
admin-ready = in order
admin-degraded = look here
admin-not-ready = not ready
admin-health = Health
admin-part = Part
admin-state = State
admin-says = What it says
admin-part-name = { $part ->
    [server] Server
    [configuration] Configuration
    [lists] Lists
    [feeds] Feeds
    [rulings] Links taken back
    [click-log] Click log
    [keyring] Keyring
    [templates] Templates
   *[other] { $part }
  }
admin-clicks = The last clicks
admin-no-clicks = No click yet. As soon as somebody opens a link, it stands here.
admin-clicks-problem = The click log cannot be read now.
admin-outcome-head = Outcome
admin-outcome = { $outcome ->
    [allowed] let through
    [allowed_by_admin] let through by an entry
    [noticed] notice shown
    [warned] warned
    [warned_proceeded] warned, continued
    [blocked] blocked
    [blocked_by_admin] blocked by an entry
    [bad_signature] link damaged
    [revoked] link taken back
    [rate_limited] too many
    [error_failed_open] unchecked, let through
    [error_failed_closed] unchecked, stopped
   *[other] { $outcome }
  }
admin-host = Host
admin-url = Address, masked
admin-time = Time (UTC)
admin-actor = Who
admin-actor-name = { $actor ->
    [human] person
    [prefetch] browser, ahead
    [scanner] scanner
   *[other] unknown
  }
admin-reference = Reference
admin-lists = Lists in force
admin-no-lists = No list is in force. Every file *.list in the folder of lists stands here once it was saved.
admin-list = List
admin-action = Action
admin-action-name = { $action ->
    [block] block
    [allow] allow
    [never-block] never block
    [internal] internal
   *[other] { $action }
  }
admin-entries = Entries
admin-version = Version
admin-in-force-since = In force since (UTC)
admin-generation = Generation { $generation } of the lists.
admin-reload = Read again
admin-result = Result
admin-taken = in force
admin-refused = refused
admin-last-read = Last read (UTC)
admin-last-taken = Last taken (UTC)
admin-message = Message
admin-waiting = Changed in the configuration, and in force at the next start:
admin-keys = Keys
admin-key = Key
admin-key-state = { $state ->
    [signing] signs
    [verify-only] opens its links
    [compromised] compromised
   *[other] { $state }
  }
admin-key-from = Signed from (UTC)
admin-key-until = Until (UTC)
admin-key-days = Age in days
admin-click-title = Click { $reference }
admin-click-lead = What is known of this click, oldest first. Addresses are masked.
admin-click-unknown = No click with this reference is in the store of this node.
admin-entries-title = Lists and entries
admin-search = Text of an entry, a reason or a case
admin-find = Search
admin-search-problem = The lists cannot be searched now.
admin-nothing-found = No entry in force holds this text.
admin-more-found = There are more; search for a longer text.
admin-entry = Entry
admin-reason = Reason
admin-until = Until (the last day, UTC)
admin-run-out = (run out)
admin-case = Case
admin-by = Decided by
admin-confirm = Overrule a refusal
admin-confirm-name = { $what ->
    [suffix] a whole public suffix is meant
    [never-block] a host that is never blocked is meant
   *[other] both are meant
  }
admin-change = Change
admin-expire = Set the end
admin-remove = Remove
admin-of-a-feed = of a feed
admin-add = Add an entry
admin-preview = Show what it would do
admin-write = Write it
admin-enter = To change something, give the key of this installation. It lies in the data folder, in the file
admin-the-key = Key
admin-enter-button = Go on
admin-not-done = Nothing was changed.
admin-preview-title = This would be written.
admin-written = Written. It is in force within a second.
admin-unchanged = Nothing was written: it is there already.
admin-met = Of the { $of } clicks of the last day it matches { $clicks }.
admin-relation = { $relation ->
    [same] It is there already:
    [covered-by] A wider entry says it already:
    [covers] It makes needless:
    [beaten-by] It is contradicted, and beaten where both match, by:
   *[other] It contradicts, and beats where both match:
  }
admin-breaks = A list would keep its last good version:
admin-feeds = Feeds
admin-no-feeds = The configuration has no feed. docs/FEEDS.md shows how one is set up.
admin-feed-standing = { $standing ->
    [current] in order
    [never] nothing in force yet
    [failing] not reached, tried again
    [stale] stale
    [refused] update refused
   *[other] rolled back, takes no updates
  }
admin-feed-problem-since = since { $since } UTC
admin-feed-trust = Its word
admin-feed-trust-name = { $trust ->
    [block] malicious
    [warn] suspicious
   *[other] told alone
  }
admin-feed-checked = Last checked (UTC)
admin-feed-due = Asked next (UTC)
admin-feed-left-out = Rows left out
admin-feed-from = From
admin-feed-update = Ask now
admin-feed-accept = Take the refused update
admin-feed-rollback = Back to version { $version }
admin-feed-done = { $asked ->
    [yes] The feed is being asked. Load this page again in a moment.
   *[other] In force now: version
  }
