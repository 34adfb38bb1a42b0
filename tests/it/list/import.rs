//! Lists in the formats of others: what each row comes to, and what is said of those that come to nothing.

use proptest::prelude::*;
use sekisho::list::{
    Context, ListAction, Protected,
    import::{Format, Guess, Haul, How, Names, NoList, guess, import},
    parse,
};

use super::{context, good};

mod corpus;
mod microsoft;
mod samples;

fn how(action: ListAction) -> How<'static> {
    static CONTEXT: std::sync::LazyLock<Context<'static>> = std::sync::LazyLock::new(context);
    How { context: &CONTEXT, action, names: Names::Domains, key: None }
}

fn haul(format: Format, text: impl AsRef<[u8]>) -> Haul {
    Haul::read(text.as_ref(), format, &how(ListAction::Block)).unwrap()
}

fn entries(haul: &Haul) -> Vec<String> {
    haul.entries().map(ToString::to_string).collect()
}

#[test]
fn what_is_no_list_is_told_in_one_sentence() {
    let cut = |line, column| NoList::CutJson { line, column };
    let table: [(&[u8], Format, NoList); 18] = [
        (b"", Format::Hosts, NoList::Empty),
        (b"\xef\xbb\xbf \r\n\n", Format::Domains, NoList::Empty),
        (b"<!DOCTYPE html>\n<title>Sign in</title>", Format::Domains, NoList::Html),
        (b"\n <?xml version='1.0'?>", Format::Json, NoList::Html),
        (b"\x1f\x8b\x08\x00\x00", Format::Urls, NoList::Packed("gzip")),
        (b"PK\x03\x04", Format::UrlhausCsv, NoList::Packed("zip")),
        (b"\xff\xfea\0.\0", Format::Domains, NoList::Utf16),
        (b"a\0.\0t\0", Format::Domains, NoList::Utf16),
        (b"a.test\nb.test\n\0\0\0", Format::Domains, NoList::Nul(3)),
        (b"[\"a.test\",\n \"b.te", Format::Json, cut(2, 6)),
        (b"[\"a.test\",\n", Format::Json, cut(2, 0)),
        (b"{\"list\": [\"a.test\"", Format::Misp, cut(1, 18)),
        (b"{\"a\": [], \"b\": []}", Format::Json, NoList::SeveralArrays(vec!["a".into(), "b".into()])),
        (b"{\"a\": 1}", Format::Json, NoList::NoArray(String::new())),
        (b"{\"a\": []}", Format::Misp, NoList::NoArray("list".into())),
        (
            b"date,URL,description\n2026/11/01,\"https://a.test/,x\n2026/11/02,y,z\n",
            Format::JpcertCsv,
            NoList::OpenQuote { line: 2 },
        ),
        (b"name,address\nAlice,Street 1\n", Format::JpcertCsv, NoList::NoColumn("URL")),
        (b"a.test\nb.test\n", Format::PhishTankCsv, NoList::NoColumn("url")),
    ];
    for (bytes, format, wanted) in table {
        let told = Haul::read(bytes, format, &how(ListAction::Block)).map(|haul| entries(&haul));
        assert_eq!(told.as_ref(), Err(&wanted), "{format}: {}", bytes.escape_ascii());
        assert!(!wanted.to_string().contains('\n'));
    }
    let told = Haul::read(b"[\"a.test\" \"b.test\"]", Format::Json, &how(ListAction::Block)).unwrap_err();
    assert!(matches!(&told, NoList::BadJson { line: 1, column: 11, what } if what.contains("expected")), "{told}");
}

#[test]
fn an_import_does_nothing_that_a_line_could_not() {
    let never = good("never", "@action never-block\n=www.wide.example\n");
    let protected = Protected::of_lists([&*never]);
    let own_hosts = ["go.corp.example".to_owned()];
    let context = Context { own_hosts: &own_hosts, never_block: Some(&protected), ..context() };
    let how = How { context: &context, ..how(ListAction::Block) };
    let text = "com\ngithub.io\nwww.wide.example\ncorp.example\n*.corp.example\n*\n/\nok.example\nintranet\n";
    let haul = Haul::read(text.as_bytes(), Format::Domains, &how).unwrap();
    assert_eq!(entries(&haul), ["ok.example"]);
    let causes: Vec<String> = haul.refused.iter().map(|refused| refused.cause.to_string()).collect();
    for (cause, wanted) in causes.iter().zip([
        "public suffix",
        "public suffix",
        "never-block list",
        "our own links",
        "our own links",
        "no host",
        "no host",
        "single label",
    ]) {
        assert!(cause.contains(wanted), "{causes:?}");
    }
    assert_eq!(causes.len(), 8);
    let haul = Haul::read(b"https://go.corp.example/x\nhttps://www.wide.example/x\n", Format::Urls, &how).unwrap();
    assert_eq!(entries(&haul), ["=https://www.wide.example/x"], "a URL on a busy host blocks no host");
}

#[test]
fn plain_names_stand_for_hosts_where_that_is_asked() {
    let how = How { names: Names::Hosts, ..how(ListAction::Block) };
    let read = |text: &str, format| entries(&Haul::read(text.as_bytes(), format, &how).unwrap());
    assert_eq!(read("0.0.0.0 a.example\n0.0.0.0 b.example.\n", Format::Hosts), ["=a.example", "=b.example"]);
    assert_eq!(read("github.io\n203.0.113.0/24\n", Format::Domains), ["=github.io", "203.0.113.0/24"]);
    assert_eq!(read("||a.example^\n", Format::AdBlock), ["a.example"], "a format that says it is not asked");
}

#[test]
fn duplicates_and_what_is_covered_are_counted() {
    let mut haul = haul(
        Format::List,
        "a.example\nA.example.\nwww.a.example\n=x.b.example\n*.b.example\n=c.example\n*.c.example\nc.example/x/*\n\
         =https://www.a.example/x\n=https://d.example/x\nd.example/x/*\n=d.example\n=d.example/y/*\n",
    );
    assert_eq!((haul.tally.taken, haul.duplicates), (13, 1));
    assert_eq!(haul.narrow(), 7);
    assert_eq!(entries(&haul), ["a.example", "*.b.example", "c.example", "d.example/x/*", "=d.example"]);
}

#[test]
fn a_last_line_without_an_end_is_noticed() {
    assert!(haul(Format::Domains, "a.example\nb.exam").tally.unended);
    assert!(!haul(Format::Domains, "a.example\n").tally.unended);
    assert!(!haul(Format::Json, "[\"a.example\"]").tally.unended);
}

#[test]
fn a_format_is_found_out_or_asked_for() {
    let sure = [
        ("# x\n0.0.0.0 a.example\n127.0.0.1 b.example # y\n", Format::Hosts),
        ("# x\na.example\nb.example\n203.0.113.7\n2001:db8::/32\n", Format::Domains),
        ("! x\n||a.example^\n@@||b.example^\n", Format::AdBlock),
        ("[Adblock Plus 2.0]\n||a.example^\n", Format::AdBlock),
        ("address=/a.example/#\nserver=/b.example/\n", Format::Dnsmasq),
        ("server:\nlocal-zone: \"a.example.\" always_null\n", Format::Unbound),
        ("$TTL 60\n@ IN SOA a. b. 1 2 3 4 5\na.example CNAME .\n", Format::Rpz),
        ("https://a.example/x\nhttp://b.example/\n", Format::Urls),
        ("a.example\nhttps://b.example/x\n", Format::PhishingDatabase),
        ("date,URL,description\n2026/11/01,https://a.example/,x\n", Format::JpcertCsv),
        ("# id,dateadded,url,url_status\n\"1\",\"x\",\"http://a.example/\",\"online\"\n", Format::UrlhausCsv),
        ("phish_id,url,phish_detail_url\n1,http://a.example/,x\n", Format::PhishTankCsv),
        ("[{\"phish_id\": \"1\", \"url\": \"http://a.example/\"}]", Format::PhishTankJson),
        ("{\"name\": \"x\", \"version\": 1, \"list\": [\"a.example\"]}", Format::Misp),
        ("[\"a.example\"]", Format::Json),
        ("{\"deny\": [\"a.example\"]}", Format::Json),
        ("@action block\na.example\n", Format::List),
        ("a.example ; by=x\n*.b.example\n", Format::List),
    ];
    for (text, wanted) in sure {
        match guess(text.as_bytes()) {
            Guess::Sure(found, why) => assert_eq!(found, wanted, "{text}: {why}"),
            unsure => panic!("{text}: {unsure:?}"),
        }
    }
    for (text, among) in [
        ("*.a.example\n*.b.example\n", Some(Format::Wildcard)),
        ("*.contoso.com\n~b.example\nc.example/*\n", Some(Format::MsTenantBlock)),
        ("a.example\nb.example\n*.c.example\nd.example/*\n", Some(Format::MsDoNotRewrite)),
        ("hello there\nyou\n", None),
        ("# nothing\n", None),
        ("a.example\n||b.example^\n0.0.0.0 c.example\n", None),
    ] {
        let Guess::Unsure(formats, why) = guess(text.as_bytes()) else { panic!("{text}") };
        assert!(!why.is_empty() && among.is_none_or(|format| formats.contains(&format)), "{text}: {formats:?}");
        assert_eq!(formats.is_empty(), among.is_none(), "{text}: {formats:?}");
    }
}

/// What rows of any format are made of.
const PIECES: &[&str] = &[
    "a.example",
    "b.example.",
    "*.",
    "||",
    "^",
    "$all",
    "@@",
    "address=/",
    "/#",
    "local-zone: \"",
    "\" always_null",
    "0.0.0.0 ",
    "203.0.113.7",
    "2001:db8::1",
    "https://",
    "/x",
    "?y=z",
    ",",
    "\"",
    "\n",
    "\r\n",
    "#",
    "!",
    "[",
    "]",
    "{\"url\":\"",
    "\"}",
    "{",
    "}",
    " CNAME .",
    " ",
    "\t",
    "\u{200b}",
    "例え",
    "~",
    "=",
    "com",
    "IN SOA",
    "(",
    ")",
    "$ORIGIN ",
    "rpz-ip",
    "%2A",
    "/*",
    ";",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_come_to_entries_or_are_told(bytes: Vec<u8>, format in 0..Format::NAMES.len()) {
        holds(&bytes, Format::NAMES[format].1)?;
    }

    #[test]
    fn nearly_lists_come_to_entries_or_are_told(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..16),
        format in 0..Format::NAMES.len(),
    ) {
        holds(pieces.concat().as_bytes(), Format::NAMES[format].1)?;
    }

    #[test]
    fn a_cut_list_says_no_more_than_the_whole(at in 0_usize..400, format in 0..Format::NAMES.len()) {
        let (_, format) = Format::NAMES[format];
        for whole in samples::of(format) {
            let cut = whole.as_bytes().get(..at.min(whole.len())).unwrap();
            holds(cut, format)?;
        }
    }
}

/// Each row is taken, refused or passed over; what is taken is an entry of our own grammar and means the same there.
fn holds(bytes: &[u8], format: Format) -> Result<(), TestCaseError> {
    guess(bytes);
    let (mut taken, mut refused) = (0, 0);
    let tally = import(bytes, format, &how(ListAction::Block), &mut |row| match row {
        sekisho::list::import::Row::Taken(row) => {
            taken += 1;
            let (list, bad) = parse("x", row.entry.to_string(), &context());
            assert!(bad.is_empty(), "{format}: {} {:?}", row.entry, bad);
            assert_eq!((&list.entries[0].scope, &list.entries[0].note), (&row.entry.scope, &row.entry.note));
        }
        sekisho::list::import::Row::Refused(row) => {
            refused += 1;
            assert!(row.line >= 1 && row.column >= 1 && !row.to_string().is_empty());
            assert!(!row.cause.remedy().is_empty());
        }
    });
    match tally {
        Ok(tally) => prop_assert_eq!((tally.taken, tally.refused), (taken, refused)),
        Err(error) => prop_assert!(!error.to_string().is_empty()),
    }
    Ok(())
}
