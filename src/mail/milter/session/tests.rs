use super::*;

const ALL: u32 = 0x1f_ffff;

fn negotiated(steps: u32) -> Session {
    let mut session = Session::new(1000, true);
    let command = Command::Negotiate { version: 6, actions: 0x1ff, steps };
    session.take(command, &nobody).unwrap();
    session
}

fn nobody(_: IpAddr) -> bool {
    false
}

fn said(session: &mut Session, commands: &[Command<'_>]) -> Vec<Step> {
    commands.iter().map(|command| session.take(command.clone(), &|address| address.is_loopback()).unwrap()).collect()
}

fn letter(mut steps: Vec<Step>) -> Box<Draft> {
    match steps.pop() {
        Some(Step::Examine(draft)) => draft,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_is_needed_is_asked_for_and_only_of_what_is_offered() {
    let of = |quarantines, version, actions, steps| {
        Session::new(1, quarantines).take(Command::Negotiate { version, actions, steps }, &nobody)
    };
    let reply = |version, actions, steps| Ok(Step::Reply(Reply::Negotiated { version, actions, steps }));
    // All but SMFIP_NOCONNECT to NOHDRS, SKIP and RCPT_REJ.
    assert_eq!(of(true, 6, 0x1ff, ALL), reply(6, 0x33, 0x1f_f3c0));
    assert_eq!(of(false, 7, 0x1ff, 0x10_0000), reply(6, 0x13, 0x10_0000));
    // Sendmail 8.12: version 2, and no step of the later ones.
    assert_eq!(of(true, 2, 0x3f, 0x7f), reply(2, 0x33, 0x40));
    assert_eq!(of(true, 1, 0x3f, 0x7f), Err(Broken::Version(1)));
    assert_eq!(of(true, 6, 0x1f, ALL), Err(Broken::Rights { offered: 0x1f, wanted: 0x33 }));
    assert!(of(false, 6, 0x1f, ALL).is_ok());
}

#[test]
fn a_message_is_put_together_as_it_came() {
    let mut session = negotiated(ALL);
    let steps = said(
        &mut session,
        &[
            Command::Connect { address: Some("192.0.2.1".parse().unwrap()) },
            Command::Helo(b"mx.example"),
            Command::Macros { of: b'M', values: vec![(b"i", b"4abc")] },
            Command::Mail(b"<a@b.example>"),
            Command::Recipient(b"<c@d.example>"),
            Command::Header { name: b"Subject", value: b" caf\xe9\n\tau lait" },
            Command::Header { name: b"X-Empty", value: b"" },
            Command::EndOfHeader,
            Command::Body(b"one\r\n"),
            Command::EndOfMessage(b"two\r\n"),
        ],
    );
    assert!(steps.iter().rev().skip(1).all(|step| *step == Step::Silent), "{steps:?}");
    let draft = letter(steps);
    assert_eq!(draft.letter.raw, b"Subject: caf\xe9\r\n\tau lait\r\nX-Empty:\r\n\r\none\r\ntwo\r\n");
    assert_eq!(
        (&*draft.letter.sender, &*draft.letter.helo, &*draft.letter.queue_id, draft.letter.way, draft.letter.client),
        ("a@b.example", "mx.example", "4abc", Way::Inbound, Some("192.0.2.1".parse().unwrap()))
    );
    assert!(!session.is_in_message());
}

#[test]
fn every_step_is_answered_where_the_mail_system_waits_and_the_blank_is_put_back() {
    let mut session = negotiated(0);
    let steps = said(
        &mut session,
        &[
            Command::Connect { address: None },
            Command::Mail(b"<>"),
            Command::Recipient(b"<c@d.example>"),
            Command::Data,
            Command::Header { name: b"A", value: b"b" },
            Command::EndOfHeader,
            Command::Body(b"c"),
            Command::Unknown,
        ],
    );
    assert!(steps.iter().all(|step| *step == Step::Reply(Reply::Continue)), "{steps:?}");
    assert_eq!(letter(said(&mut session, &[Command::EndOfMessage(b"")])).letter.raw, b"A: b\r\n\r\nc");
}

#[test]
fn mail_goes_out_for_who_is_known_and_for_the_networks_that_are_ours() {
    let way = |client: &str, login: &[u8]| {
        let mut session = negotiated(ALL);
        let draft = letter(said(
            &mut session,
            &[
                Command::Connect { address: Some(client.parse().unwrap()) },
                Command::Macros { of: b'M', values: vec![(b"{auth_authen}", login)] },
                Command::Mail(b"<a@b.example>"),
                Command::EndOfMessage(b""),
            ],
        ));
        // The login goes with the message, the address with the client.
        let next = letter(said(&mut session, &[Command::Mail(b"<>"), Command::EndOfMessage(b"")]));
        (draft.letter.way, next.letter.way)
    };
    assert_eq!(way("192.0.2.1", b"user"), (Way::Outgoing, Way::Inbound));
    assert_eq!(way("192.0.2.1", b""), (Way::Inbound, Way::Inbound));
    assert_eq!(way("127.0.0.1", b""), (Way::Outgoing, Way::Outgoing));
}

#[test]
fn an_abort_parts_messages_and_the_client_stays() {
    let mut session = negotiated(ALL);
    let steps = said(
        &mut session,
        &[
            Command::Connect { address: Some("127.0.0.1".parse().unwrap()) },
            Command::Mail(b"<first@b.example>"),
            Command::Header { name: b"A", value: b" first" },
            Command::Abort,
            Command::Mail(b"<second@b.example>"),
            Command::Header { name: b"A", value: b" second" },
            Command::EndOfMessage(b""),
        ],
    );
    let draft = letter(steps);
    assert_eq!((&*draft.letter.sender, &*draft.letter.raw), ("second@b.example", &b"A: second\r\n\r\n"[..]));
    assert_eq!(draft.letter.way, Way::Outgoing);
    said(&mut session, &[Command::NextClient]);
    let next = letter(said(&mut session, &[Command::Mail(b"<>"), Command::EndOfMessage(b"")]));
    assert_eq!((next.letter.way, next.letter.client), (Way::Inbound, None));
}

#[test]
fn what_is_too_large_is_not_kept() {
    let mut session = negotiated(ALL);
    said(&mut session, &[Command::Mail(b"<>"), Command::Body(&[b'x'; 998])]);
    assert_eq!(session.held(), 1000);
    let draft = letter(said(&mut session, &[Command::EndOfMessage(b"")]));
    assert!(!draft.too_large);
    said(&mut session, &[Command::Mail(b"<>"), Command::Body(&[b'x'; 998]), Command::Body(b"x"), Command::Body(b"")]);
    assert_eq!(session.held(), 1000);
    let draft = letter(said(&mut session, &[Command::EndOfMessage(b"y")]));
    assert!(draft.too_large);
}

#[test]
fn what_comes_where_it_has_no_place_is_an_error() {
    let mut session = Session::new(1000, true);
    assert!(session.take(Command::Mail(b"<>"), &nobody).is_err());
    let field = |name: &'static [u8], value: &'static [u8]| Command::Header { name, value };
    for command in [field(b"A", b" b"), Command::Body(b""), Command::EndOfMessage(b"")] {
        assert!(matches!(negotiated(ALL).take(command, &nobody), Err(Broken::Order(_))));
    }
    for command in [field(b"A", b" b\nC: d"), field(b"A\r", b""), field(b"", b""), field(b"A:", b"")] {
        let mut session = negotiated(ALL);
        said(&mut session, &[Command::Mail(b"<>")]);
        assert_eq!(session.take(command, &nobody), Err(Broken::Field));
    }
    let mut session = negotiated(ALL);
    said(&mut session, &[Command::Mail(b"<>"), Command::Body(b"A: b\r\n")]);
    assert!(matches!(session.take(field(b"A", b" b"), &nobody), Err(Broken::Order(_))));
}
