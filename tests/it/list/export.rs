//! Entries in the formats of others: what is written is read back as what it was.

use proptest::prelude::*;
use sekisho::list::{
    Entry, ListAction,
    export::{Carried, WRITTEN, carry, head},
    import::{Format, Haul, How, Names},
    parse,
};

use super::{context, good};

const LIST: &str = "a.example ; reason=\"x \\\"y\\\"\" by=me until=2030-01-01 ref=INC-7 confirm=suffix\n=b.example\n\
    *.c.example\nd.example/x/*\n=d.example/y/*\n=https://e.example/y?z\n=https://e.example/%2A\n203.0.113.0/24\n\
    [2001:db8::1]\n/z\\.example/\ngithub.io ; confirm=suffix\n=intranet\n例え.example\n";

/// The text, and the entries that are in it whole.
fn written(entries: &[Entry], format: Format) -> (String, Vec<&Entry>) {
    let (mut text, mut whole) = (head(format).to_owned(), Vec::new());
    for entry in entries {
        match carry(entry, format) {
            Carried::Whole(lines) => {
                lines.iter().for_each(|line| text.extend([line, "\n"]));
                whole.push(entry);
            }
            Carried::Less(lines, cause) => assert!(!lines.is_empty() && !cause.is_empty()),
            Carried::Not(cause) => assert!(!cause.is_empty()),
        }
    }
    (text, whole)
}

fn read(text: &str, format: Format) -> Haul {
    let context = context();
    // Hosts files and zones name hosts; domains are what other formats mean by a name.
    let names = if format == Format::Hosts { Names::Hosts } else { Names::Domains };
    let how = How { context: &context, action: ListAction::Block, names, key: None };
    Haul::read(text.as_bytes(), format, &how).unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    let list = good("x", LIST);
    for format in WRITTEN {
        let (text, whole) = written(&list.entries, format);
        let mut haul = read(&text, format);
        haul.narrow();
        // Its name is a public suffix: a list of others cannot confirm that, and at most the one host comes back.
        let confirmed = |scope: &String| format == Format::List || !scope.ends_with("github.io");
        let scopes = |entry: &Entry| entry.scope.to_string();
        let mut back: Vec<String> = haul.entries().map(scopes).filter(confirmed).collect();
        let mut wanted: Vec<String> = whole.iter().map(|entry| scopes(entry)).filter(confirmed).collect();
        back.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(back, wanted, "{format}: {text}");
    }
}

#[test]
fn each_format_is_written_as_its_readers_know_it() {
    let list = good("x", LIST);
    for (format, wanted) in [
        (Format::Hosts, &["0.0.0.0 b.example", "0.0.0.0 intranet"][..]),
        (Format::Domains, &["a.example", "*.c.example", "203.0.113.0/24", "2001:db8::1", "xn--r8jz45g.example"]),
        (Format::Wildcard, &["*.a.example"]),
        (Format::AdBlock, &["||a.example^", "||*.c.example^", "||d.example/x/*", "|https://e.example/y?z|"]),
        (Format::Dnsmasq, &["address=/a.example/#", "address=/*.c.example/#"]),
        (Format::Unbound, &["local-zone: \"a.example.\" always_null", "local-data: \"b.example. A 0.0.0.0\""]),
        (Format::Rpz, &["a.example CNAME .", "*.a.example CNAME .", "b.example CNAME .", "*.c.example CNAME ."]),
        (Format::Urls, &["https://e.example/y?z"]),
        (
            Format::List,
            &["a.example ; reason=\"x \\\"y\\\"\" by=me until=2030-01-01 ref=INC-7 confirm=suffix", "=d.example/y/*"],
        ),
    ] {
        let (text, _) = written(&list.entries, format);
        wanted.iter().for_each(|line| assert!(text.lines().any(|found| found == *line), "{format}: {line}\n{text}"));
    }
}

proptest! {
    #[test]
    fn a_note_is_read_back(reason in "[ -~例]{0,30}", by in "[ -~]{0,9}", reference in "\\PC{0,9}") {
        let odd = |text: &str| text.chars().any(|c| c.is_control() || (c != ' ' && c.is_whitespace()));
        prop_assume!(!odd(&reference));
        let mut entry = good("x", "a.example ; by=x").entries[0].clone();
        let note = entry.note.as_mut().unwrap();
        let some = |text: String| Some(text).filter(|text| !text.is_empty()).map(Into::into);
        (note.reason, note.by, note.reference) = (some(reason), some(by), some(reference));
        let (list, bad) = parse("x", entry.to_string(), &context());
        // A mark that cannot be seen is refused, and never read as something else.
        match bad.first() {
            Some(bad) => prop_assert!(bad.to_string().contains("cannot stand in a line"), "{}", bad),
            None => prop_assert_eq!(
                list.entries[0].note.clone().unwrap_or_default(),
                entry.note.clone().unwrap_or_default()
            ),
        }
    }
}
