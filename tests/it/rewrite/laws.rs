//! The laws, as functions that panic where one is broken.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use sekisho::{
    base::{TenantId, Timestamp},
    link::{Keyring, LinkBase, Opener},
    message::{Limits, Part, Role, Transfer, split},
    rewrite::{Done, Envelope, Policy, Report, Rewriter, Rewritten},
    url::{self, Suffixes},
};

use super::judge;

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
pub(crate) const TENANT: TenantId = TenantId(7);
pub(crate) const BASE: &str = "https://go.corp.example";

static SUFFIXES: LazyLock<Arc<Suffixes>> = LazyLock::new(|| Arc::new(Suffixes::builtin()));

pub(crate) fn keyring() -> Keyring {
    Keyring::generate([42; 32], NOW)
}

pub(crate) fn opener() -> Opener {
    keyring().opener(&[TENANT, TenantId(8)])
}

pub(crate) fn rewriter_with(policy: Policy, tenant: TenantId) -> Rewriter {
    let keyring = keyring();
    let minter = keyring.minter(tenant, NOW).unwrap();
    Rewriter::new(minter, opener(), LinkBase::parse(BASE).unwrap(), SUFFIXES.clone(), policy)
        .with_tenants([TENANT, TenantId(8)])
}

pub(crate) fn rewriter() -> Rewriter {
    rewriter_with(Policy::default(), TENANT)
}

pub(crate) fn rewrite(raw: &[u8]) -> Rewritten {
    rewriter().rewrite(raw, &Envelope { recipient: Some("user@corp.example") }, NOW).unwrap()
}

/// Where a link of ours leads.
pub(crate) fn opened(link: &str) -> String {
    let path = link.strip_prefix(BASE).expect("a link of ours");
    opener().open(path.as_bytes(), &[TENANT], NOW).expect("a link that opens").into_inner().destination.to_string()
}

/// All laws. Gives what was made of the message.
pub(crate) fn hold(name: &str, raw: &[u8]) -> Rewritten {
    let once = rewrite(raw);
    nothing_else_moves(name, raw, &once);
    same_destination(name, raw, &once.report);
    nothing_escapes(name, &once);
    twice_is_once(name, &once);
    restore_brings_back(name, &once);
    once
}

/// Law 1: between two changes the bytes are the same, and nothing to do is the same bytes.
pub(crate) fn nothing_else_moves(name: &str, raw: &[u8], once: &Rewritten) {
    let (mut from, mut to) = (0, 0);
    for change in &once.report.changes {
        let kept = change.at.checked_sub(from).unwrap_or_else(|| panic!("{name}: changes out of order"));
        assert_eq!(raw.get(from..change.at), once.message.get(to..to + kept), "{name}: bytes moved before {change:?}");
        from = change.at + change.removed;
        to += kept + change.inserted;
    }
    assert_eq!(raw.get(from..), once.message.get(to..), "{name}: bytes moved at the end");
    let counts = once.report.counts;
    let stripped = raw.to_ascii_lowercase().windows(9).any(|bytes| bytes == b"x-sekisho");
    let nuls = once.report.ambiguities.iter().any(|noted| noted.ends_with("NulRemoved"));
    if counts.wrapped + counts.defanged + counts.removed_parts == 0 && !stripped && !nuls {
        let based = once.report.links.iter().any(|link| link.destination.is_some());
        // Written anew because another reader would have found a link.
        let read_otherwise = once.report.settled.is_some() || !once.report.recoded_parts.is_empty();
        let inserts = || once.report.changes.iter().filter(|change| change.inserted > 0);
        let nothing_comes = inserts().next().is_none();
        let encoded_anew = || inserts().all(|change| is_encoded(raw, change.at)) && only_taken_out(raw, &once.message);
        assert!(once.message == raw || based || read_otherwise || nothing_comes || encoded_anew(), "{name}");
    }
}

/// Whether this is in a body whose bytes stand for others. Nowhere else, and in no header, may bytes come in.
fn is_encoded(raw: &[u8], at: usize) -> bool {
    let structure = split(raw, &Limits::default());
    let holds = |part: &Part| part.body.start() <= at && at <= part.body.end();
    let encoded = |part: &Part| matches!(part.transfer, Transfer::QuotedPrintable | Transfer::Base64);
    structure.parts.iter().any(|part| part.role == Role::Leaf && holds(part) && encoded(part))
}

/// Whether the text of every part is what it was with some of it gone: a base, say. Where it is encoded, the bytes around
/// it are others too.
fn only_taken_out(before: &[u8], after: &[u8]) -> bool {
    let texts = |raw: &[u8]| -> Vec<String> {
        let limits = Limits::default();
        let structure = split(raw, &limits);
        let opened = structure.parts.iter().filter_map(|part| part.open(raw, &limits).ok());
        opened.map(|opened| opened.text().to_owned()).collect()
    };
    let (before, after) = (texts(before), texts(after));
    let left = |(before, after): (&String, &String)| {
        let mut rest = before.chars();
        after.chars().all(|wanted| rest.any(|character| character == wanted))
    };
    before.len() == after.len() && before.iter().zip(&after).all(left)
}

/// Law 3: what was minted opens to what a browser reads in the original.
fn same_destination(name: &str, raw: &[u8], report: &Report) {
    let mut wrapped = BTreeSet::new();
    for row in &report.links {
        if row.done == Done::Wrapped {
            let destination = row.destination.clone().unwrap();
            assert_eq!(opened(row.link.as_deref().unwrap()), destination, "{name}: {row:?}");
            wrapped.insert(destination);
        }
    }
    for target in judge::targets(raw) {
        let known = wrapped.contains(&target.url)
            || report.removed_parts.iter().any(|removed| removed.part == target.part)
            || report.recoded_parts.iter().any(|recoded| recoded.part == target.part && recoded.why == "Readings")
            || report.dropped_parts.iter().any(|dropped| dropped.part == target.part)
            || report.links.iter().any(|row| {
                let reads = || url::parse(&row.original).is_ok_and(|url| url.as_str() == target.url);
                // A link of ours that was not whole was opened and minted anew.
                (row.done != Done::Wrapped || row.original.starts_with(BASE)) && (row.destination.as_deref() == Some(&target.url) || reads())
            })
            // A text linker that takes less or more than ours: its reading begins or ends otherwise. What it takes more
            // is glued to a link of ours, which whoever opens it passes over.
            || target.from == judge::From::Text && report.links.iter().any(|row| {
                close(row.destination.as_deref(), &target.url)
                    || row.original.contains(&target.raw)
                    || target.raw.starts_with(&row.original)
            });
        assert!(known, "{name}: {target:?} is nowhere in the report");
    }
}

fn close(destination: Option<&str>, url: &str) -> bool {
    destination.is_some_and(|destination| {
        destination.starts_with(url.trim_end_matches('/')) || url.starts_with(destination.trim_end_matches('/'))
    })
}

/// Law 2: what a judge finds in the result is ours, or the report has a rule for it.
fn nothing_escapes(name: &str, once: &Rewritten) {
    for target in judge::targets(&once.message) {
        let ours = target.url.starts_with(BASE);
        let ruled = once.report.links.iter().any(|row| {
            matches!(row.done, Done::Left { .. })
                && (row.original == target.url
                    || row.destination.as_deref() == Some(&target.url)
                    || url::parse(&row.original).is_ok_and(|url| url.as_str() == target.url))
        });
        assert!(ours || ruled, "{name}: {target:?} escaped");
    }
}

/// Law 2 for what is clicked without any client's help.
pub(crate) fn no_attribute_escapes(name: &str, once: &Rewritten) {
    for target in judge::targets(&once.message) {
        let attribute = target.from == judge::From::Attribute;
        assert!(!attribute || target.url.starts_with(BASE), "{name}: {target:?} escaped");
    }
}

/// Law 5, first half.
pub(crate) fn twice_is_once(name: &str, once: &Rewritten) {
    let twice = rewrite(&once.message);
    assert_eq!(twice.report.counts.wrapped, 0, "{name}: {:?}", twice.report.links);
    assert_eq!(twice.report.counts.defanged, 0, "{name}: {:?}", twice.report.links);
    assert!(twice.message == once.message, "{name}: twice is not once: {:?}", twice.report.changes);
}

/// Law 5, second half: no link of ours is left, and every destination stands there again.
fn restore_brings_back(name: &str, once: &Rewritten) {
    let back = rewriter().restore(&once.message, NOW).unwrap();
    let mut wanted: Vec<_> =
        once.report.links.iter().filter(|row| matches!(row.done, Done::Wrapped | Done::AlreadyOurs)).collect();
    let mut got: Vec<_> = back.report.links.iter().collect();
    wanted.sort_by_key(|row| (&row.part, &row.destination));
    got.sort_by_key(|row| (&row.part, &row.destination));
    let destinations = |rows: &[&sekisho::rewrite::ReportedLink]| {
        rows.iter().map(|row| row.destination.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(destinations(&got), destinations(&wanted), "{name}");
    for target in judge::targets(&back.message) {
        let path = target.url.strip_prefix(BASE).unwrap_or_default();
        let proven = opener().open(path.as_bytes(), &[TENANT], NOW).is_ok();
        assert!(!proven, "{name}: {target:?} was not restored");
    }
}
