//! The corpus through a real Postfix, on each of the ways there are. Run by name: it takes minutes.

use std::collections::{BTreeSet, HashMap};

use sekisho::rewrite::Envelope;

use super::{
    letters::{crlf, field, restorer},
    milter::now,
    postfix::{Postfix, free_port},
    service::{Data, Service},
};

/// Nothing of the corpus is kept aside or refused for what the shipped lists know.
pub(super) const RULES: &str = "suspicious = \"mark\"\nmalicious = \"mark\"";

/// A message of the corpus with CR LF line breaks and a Message-ID of its own.
pub(super) struct Message {
    pub(super) id: String,
    name: String,
    raw: Vec<u8>,
}

/// SEKISHO_MESSAGES of them, or 5,000.
pub(super) fn messages() -> Option<Vec<Message>> {
    let mails = crate::mails::corpus_mails()?;
    let count = std::env::var("SEKISHO_MESSAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(5000);
    let message = |at: usize| {
        let mail = &mails[at % mails.len()];
        let id = format!("corpus-{at}@sender.example");
        Message { raw: fresh(&mail.raw, &id), name: mail.name.clone(), id }
    };
    Some((0..count).map(message).collect())
}

/// Sends them over four connections at a time; those that were taken, how many there were a second, and fails where one was
/// refused that a Postfix alone takes.
pub(super) fn sent<'a>(postfix: &Postfix, messages: &'a [Message], recipients: &[&str]) -> (Vec<&'a Message>, f64) {
    let bare = Postfix::start("", "").unwrap();
    let began = std::time::Instant::now();
    let said: Vec<(&Message, Option<String>)> = std::thread::scope(|scope| {
        let shares = messages.chunks(messages.len().div_ceil(4));
        let work: Vec<_> = shares
            .map(|share| {
                let bare = &bare;
                scope.spawn(move || {
                    let send = |message: &'a Message| {
                        let said = postfix.client().message("a@sender.example", recipients, &message.raw);
                        if said.starts_with("250") {
                            return (message, None);
                        }
                        let alone = bare.client().message("a@sender.example", recipients, &message.raw);
                        let told = format!("{}: {} (without us: {})", message.name, said.trim(), alone.trim());
                        (message, Some(told))
                    };
                    share.iter().map(send).collect::<Vec<_>>()
                })
            })
            .collect();
        work.into_iter().flat_map(|work| work.join().unwrap()).collect()
    });
    let rate = messages.len() as f64 / began.elapsed().as_secs_f64();
    let refused: Vec<&String> = said.iter().filter_map(|(_, told)| told.as_ref()).collect();
    refused.iter().for_each(|told| eprintln!("refused: {told}"));
    assert!(refused.iter().all(|told| !told.contains("(without us: 250")), "refused because of us");
    (said.iter().filter(|(_, told)| told.is_none()).map(|(message, _)| *message).collect(), rate)
}

/// Each message once for each recipient, with links of ours that open and none that we would still make ours; no two
/// recipients have a link in common.
pub(super) fn prove(data: &Data, sent: &[&Message], recipients: &[&str], delivered: Vec<Vec<u8>>, rate: f64) {
    assert_eq!(delivered.len(), sent.len() * recipients.len());
    let mut all: HashMap<(String, String), Vec<u8>> = HashMap::new();
    for message in delivered {
        let of = |name| field(&message, name).unwrap().trim_matches(['<', '>']).to_owned();
        let key = (of("Message-ID"), of("Delivered-To"));
        assert!(all.insert(key.clone(), message).is_none(), "{key:?} came twice");
    }
    let rewriter = restorer(data);
    let (mut count, mut left) = (0, Vec::new());
    for message in sent {
        let mut known = BTreeSet::new();
        for recipient in recipients {
            let copy = all.get(&(message.id.clone(), (*recipient).to_owned()));
            let copy = copy.unwrap_or_else(|| panic!("{} is lost for {recipient}", message.name));
            let again = rewriter.rewrite(copy, &Envelope::default(), now()).unwrap().report;
            count += again.counts.already_ours;
            if again.counts.wrapped + again.counts.defanged > 0 {
                left.push(format!("{}: {} links", message.name, again.counts.wrapped + again.counts.defanged));
            }
            let own: BTreeSet<_> = again.links.iter().filter_map(|link| link.id).map(|id| id.to_string()).collect();
            assert!(recipients.len() == 1 || own.is_disjoint(&known), "{}: a link that two have", message.name);
            known.extend(own);
        }
    }
    eprintln!("{} copies delivered once, {count} links that open, {rate:.1} messages a second taken in", all.len());
    assert!(left.is_empty(), "{left:#?}");
}

const BOTH: &[&str] = &["one@corp.example", "two@corp.example"];

/// `cargo test --test it five_thousand_by_lmtp -- --ignored --nocapture`: each to two recipients.
#[test]
#[ignore = "takes minutes, and the corpus"]
fn five_thousand_by_lmtp() {
    let Some(messages) = messages() else { return };
    let (data, port) = (Data::new(RULES), free_port());
    let filter = super::filter::filter(&data, &format!("smtp:127.0.0.1:{port}"));
    let settings = format!("content_filter = lmtp:inet:{}", filter.place);
    let Some(postfix) = Postfix::start(&settings, &super::filter::back(port)) else { return };
    let (sent, rate) = sent(&postfix, &messages, BOTH);
    prove(&data, &sent, BOTH, postfix.delivered(sent.len() * 2), rate);
}

/// `cargo test --test it five_thousand_by_pipe -- --ignored --nocapture`: a process for each copy.
#[test]
#[ignore = "takes minutes, and the corpus"]
fn five_thousand_by_pipe() {
    let Some(messages) = messages() else { return };
    let (data, port) = (Data::new(RULES), free_port());
    let pipe = super::filter::Pipe::make(&data, port);
    let Some(postfix) = Postfix::start(super::filter::Pipe::SETTINGS, &pipe.services(port)) else { return };
    let (sent, rate) = sent(&postfix, &messages, BOTH);
    prove(&data, &sent, BOTH, postfix.delivered(sent.len() * 2), rate);
}

/// `cargo test --test it five_thousand_by_milter -- --ignored --nocapture`: one copy, as all recipients share it.
#[test]
#[ignore = "takes minutes, and the corpus"]
fn five_thousand_by_milter() {
    let Some(messages) = messages() else { return };
    let data = Data::new(RULES);
    let milter = Service::milter(&data, &format!("127.0.0.1:{}", free_port()));
    let Some(postfix) = Postfix::start(&format!("smtpd_milters = {}", milter.for_postfix()), "") else { return };
    let (sent, rate) = sent(&postfix, &messages, &BOTH[..1]);
    let delivered = postfix.delivered(sent.len());
    assert_eq!((postfix.held(), postfix.queued()), (0, 0));
    prove(&data, &sent, &BOTH[..1], delivered, rate);
}

/// The same message with CR LF line breaks and another Message-ID.
fn fresh(raw: &[u8], id: &str) -> Vec<u8> {
    let raw: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'\r').collect();
    let mut out = format!("Message-ID: <{id}>\r\n").into_bytes();
    let mut skipping = false;
    let mut in_header = true;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        in_header &= line != b"\n";
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        skipping = in_header
            && (skipping && folded || line.get(..11).is_some_and(|start| start.eq_ignore_ascii_case(b"message-id:")));
        if !skipping {
            out.extend_from_slice(&crlf(line));
        }
    }
    out
}
