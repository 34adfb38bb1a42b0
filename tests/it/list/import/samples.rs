//! A short list in each format, with what comes of each of its rows.

use sekisho::list::import::Format;

use super::{entries, haul};

/// Sample lists of a format.
pub(super) fn of(format: Format) -> impl Iterator<Item = &'static str> {
    SAMPLES.iter().filter(move |sample| sample.0 == format).map(|sample| sample.1)
}

/// Format, text, the entries that come of it, and how each refusal begins behind its text.
type Sample = (Format, &'static str, &'static [&'static str], &'static [(&'static str, &'static str)]);

const SAMPLES: &[Sample] = &[
    (
        Format::List,
        "@action allow\n# x\na.example ; reason=\"why not\" until=2026-12-31\n*.b.example\ncom\nc.example ; x\n",
        &["a.example ; reason=\"why not\" until=2026-12-31", "*.b.example"],
        &[("5:1", "\"com\" is a public suffix"), ("6:13", "\"x\" is no note")],
    ),
    (
        Format::Hosts,
        "# hosts\n127.0.0.1\tlocalhost\n::1 ip6-localhost ip6-loopback\n255.255.255.255 broadcasthost\nfe80::1%lo0 \
         localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 A.example b.example # two\r\n:: c.example\n192.0.2.1 d.example\n0.0.0.0\n\
         e.example\n0.0.0.0 com\n0.0.0.0 =x.example\n",
        &["a.example", "b.example", "c.example"],
        &[
            ("9:11", "it sends the name to \"192.0.2.1\""),
            ("10:1", "this is no host name"),
            ("11:1", "this is no host name"),
            ("12:9", "\"com\" is a public suffix"),
            ("13:9", "this is no host name"),
        ],
    ),
    (
        Format::Domains,
        "\u{feff}# names\na.example # x\n\nB.example.\n203.0.113.7\n203.0.113.0/24\n2001:db8::1\n2001:db8::/32\n\
         例え.example\n*.c.example\nhttps://d.example/\ne.example/x\nf.example:80\n/g/\nsha256:x\n",
        &[
            "a.example",
            "b.example",
            "203.0.113.7",
            "203.0.113.0/24",
            "[2001:db8::1]",
            "[2001:db8::]/32",
            "xn--r8jz45g.example",
            "*.c.example",
        ],
        &[
            ("11:1", "a URL stands where a host belongs"),
            ("12:1", "the path does not end in `/*`"),
            ("13:1", "a port does not limit an entry"),
            ("14:1", "this is no host name"),
            ("15:1", "this is no host name"),
        ],
    ),
    (
        Format::Wildcard,
        "*.a.example\nb.example\n*.com\nc*.example\n",
        &["a.example", "b.example"],
        &[("3:1", "\"com\" is a public suffix"), ("4:1", "it looks for a part of any URL")],
    ),
    (
        Format::AdBlock,
        "[Adblock Plus 2.0]\n! title\n||a.example^\n||b.example^$all\n||c.example/x/*\n||*.d.example^\n|https://e.example/x|\n\
         ||f.example/\n@@||g.example^\n||h.example^$third-party\ni.example##.ad\n/banner[0-9]/\n-ads-\n||j.example\n||k.*^\n\
         ||l.example/x\n||com^\n0.0.0.0 m.example\n",
        &["a.example", "b.example", "c.example/x/*", "*.d.example", "=https://e.example/x", "f.example"],
        &[
            ("9:1", "it is an exception"),
            ("10:1", "the option `third-party` narrows it"),
            ("11:1", "it hides or changes something in a page"),
            ("12:1", "it is a regular expression for another program"),
            ("13:1", "it looks for a part of any URL"),
            ("14:1", "it looks for a part of any URL"),
            ("15:1", "it looks for a part of any URL"),
            ("16:1", "it looks for a part of any URL"),
            ("17:1", "\"com\" is a public suffix"),
            ("18:1", "it looks for a part of any URL"),
        ],
    ),
    (
        Format::Dnsmasq,
        "# dnsmasq\naddress=/a.example/#\naddress=/b.example/c.example/0.0.0.0\naddress=/.d.example/::\naddress=/e.example/\n\
         server=/f.example/\nlocal=/g.example/\naddress=/*.h.example/#\naddress=/i.example/192.0.2.1\nserver=/j.example/#\n\
         server=/k.example/192.0.2.1\nno-resolv\naddress=/com/#\naddress=x\n",
        &["a.example", "b.example", "c.example", "d.example", "e.example", "f.example", "g.example", "*.h.example"],
        &[
            ("9:10", "it sends the name to \"192.0.2.1\""),
            ("10:9", "it is an exception"),
            ("11:9", "it sends the name to \"192.0.2.1\""),
            ("12:1", "`no-resolv` is a setting"),
            ("13:10", "\"com\" is a public suffix"),
            ("14:1", "`address` is a setting"),
        ],
    ),
    (
        Format::Unbound,
        "server:\n# x\nlocal-zone: \"a.example.\" always_null\n  local-zone: 'b.example' redirect\nlocal-data: \"b.example A \
         0.0.0.0\"\nlocal-zone: c.example always_nxdomain\nlocal-zone: \"d.example.\" transparent\nlocal-data: \"e.example. \
         60 IN A 192.0.2.1\"\nlocal-data: 'f.example. TXT \"x\"'\nlocal-zone: \"g.example.\"\nforward-zone:\nlocal-data: \
         \"h.example. AAAA ::\"\n",
        &["a.example", "b.example", "=b.example", "c.example", "=h.example"],
        &[
            ("7:14", "it is an exception"),
            ("8:14", "it sends the name to \"192.0.2.1\""),
            ("9:14", "`local-data` is a setting"),
            ("10:14", "this is no record"),
            ("11:1", "`forward-zone` is a setting"),
        ],
    ),
    (
        Format::Rpz,
        "$TTL 300\n$ORIGIN rpz.example.\n@ IN SOA ns.example. root.example. (\n  1 ; serial\n  2 3 4 )\n  IN NS localhost.\n\
         a.test CNAME .\n*.a.test CNAME .\nb.test.rpz.example. 60 IN CNAME *.\nc.test IN CNAME rpz-drop.\nd.test A 0.0.0.0\n\
         e.test CNAME rpz-passthru.\nf.test CNAME safe.example.\ng.test A 192.0.2.1\n32.7.113.0.203.rpz-ip CNAME .\n\
         ns.h.test.rpz-nsdname CNAME .\ni.test. CNAME .\nj.test MX 10 x.\nk.test\n$INCLUDE x\n",
        &["=a.test", "*.a.test", "=b.test", "=c.test", "=d.test"],
        &[
            ("12:1", "it is an exception"),
            ("13:1", "it sends the name to \"safe.example.\""),
            ("14:1", "it sends the name to \"192.0.2.1\""),
            ("15:1", "the trigger `rpz-ip`"),
            ("16:1", "the trigger `rpz-nsdname`"),
            ("17:1", "the name lies outside the zone"),
            ("18:1", "this is no record"),
            ("19:1", "this is no record"),
            ("20:1", "`$INCLUDE` is a setting"),
        ],
    ),
    (
        Format::Rpz,
        "rpz.example. 60 SOA a. b. 1 2 3 4 5\na.test.rpz.example. CNAME .\nb.test CNAME .\n",
        &["=a.test", "=b.test"],
        &[],
    ),
    (Format::Rpz, "a.test CNAME .\n*.b.test. CNAME .\n", &["=a.test", "*.b.test"], &[]),
    (
        Format::Urls,
        "# urls\nhttps://A.example/x/../y?z#f\n  http://b.example\nhttps://c.example/a b\nhttps://d.example/*\n\
         https://例え.example/パス\nftp://e.example/\nf.example/x\nhttp://u@g.example/\n",
        &[
            "=https://a.example/y?z",
            "=http://b.example/",
            "=https://c.example/a%20b",
            "=https://d.example/%2A",
            "=https://xn--r8jz45g.example/%E3%83%91%E3%82%B9",
        ],
        &[("7:1", "not a web address: the scheme is \"ftp\""), ("8:1", "there is no URL"), ("9:1", "`@` cannot stand")],
    ),
    (Format::OpenPhish, "https://a.example/x\n\nx\n", &["=https://a.example/x"], &[("3:1", "there is no URL")]),
    (
        Format::PhishingDatabase,
        "a.example\nhttps://b.example/x\n203.0.113.7\n203.0.113.7?rid=x\n%20c.example\nd.example?\n",
        &["a.example", "=https://b.example/x", "203.0.113.7"],
        &[
            ("4:1", "`?` stands in the path"),
            ("5:1", "\"%20c.example\" is not a host"),
            ("6:1", "`?` stands in the path"),
        ],
    ),
    (
        Format::UrlhausCsv,
        "################\n# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter\n\"9\",\"2026-11-01 \
         00:00:00\",\"http://a.example/x,y\",\"online\",\"\",\"malware_download\",\"elf,mirai\",\"https://u.example/9\",\"z\"\n\
         \"8\",\"\",\"x\",\"online\",\"\",\"\",\"\",\"\",\"\"\n\"7\",\"x\"\n",
        &["=http://a.example/x,y ; reason=malware_download ref=9"],
        &[("4:8", "there is no URL"), ("5:1", "the row has 2 fields")],
    ),
    (
        Format::PhishTankCsv,
        "phish_id,url,phish_detail_url,submission_time,verified,verification_time,online,target\n\
         1,https://a.example/x,https://p.example/1,2026,yes,2026,yes,\"A \"\"B\"\", C\"\n2,http://com:x/,,,,,,Other\n",
        &["=https://a.example/x ; reason=\"A \\\"B\\\", C\" ref=1"],
        &[("3:3", "not a web address")],
    ),
    (
        Format::JpcertCsv,
        "date,URL,description\r\n2026/11/01 10:00:00,https://a.example/x,Bank\r\n2026/11/02,\"http://b.example/?q=1,2\",\"two\n\
         lines\"\r\n\r\n2026/11/03,ftp://c.example/,x\r\n2026/11/04\r\n",
        &["=https://a.example/x ; reason=Bank", "=http://b.example/?q=1,2 ; reason=\"two lines\""],
        &[("6:12", "not a web address"), ("7:1", "the row has 1 fields, and the URL stands in number 2")],
    ),
    (Format::JpcertCsv, "2026/11/01,https://a.example/x,Bank\n", &["=https://a.example/x ; reason=Bank"], &[]),
    (
        Format::Json,
        "[\"a.example\",\n {\"url\": \"https://b.example/x\"}, {\"host\": \"c.example\", \"x\": [1]},\n 1, null, {\"x\": 1}, \
         [\"d.example\"], \"e\\u002eexample\", \"com\", \"*.f.example\"]",
        &["a.example", "=https://b.example/x", "c.example", "e.example", "*.f.example"],
        &[
            ("3:2", "this is a number"),
            ("3:5", "this is null"),
            ("3:11", "the object has no field"),
            ("3:21", "this is an array"),
            ("3:54", "\"com\" is a public suffix"),
        ],
    ),
    (Format::Json, "{\"x\": {\"deny\": 1}, \"deny\": [\"a.example\"], \"y\": 2}", &["a.example"], &[]),
    (
        Format::PhishTankJson,
        "[{\"phish_id\": \"7\", \"url\": \"https://a.example/x\", \"target\": \"Bank\"},\n{\"phish_id\": 8, \"url\": \"http://\
         b.example/\"},\n{\"phish_id\": 9}, {\"url\": \"x\"}]",
        &["=https://a.example/x ; reason=Bank ref=7", "=http://b.example/ ; ref=8"],
        &[("3:1", "the object has no field"), ("3:18", "there is no URL")],
    ),
    (
        Format::Misp,
        "{\"name\": \"x\", \"list\": [\"a.example\", \"203.0.113.0/24\", \".b.example\"], \"type\": \"hostname\"}",
        &["a.example", "203.0.113.0/24"],
        &[("1:55", "a dot stands before the name")],
    ),
    (Format::MsTenantBlock, "contoso.example\n~fabrikam.example\n", &["contoso.example", "fabrikam.example"], &[]),
    (Format::MsTenantAllow, "contoso.example/a/*\n", &["=contoso.example/a/*"], &[]),
    (Format::MsDoNotRewrite, "contoso.example/*\n", &["=contoso.example"], &[]),
];

#[test]
fn every_row_comes_to_an_entry_or_to_a_reason() {
    for (format, text, taken, refused) in SAMPLES {
        let haul = haul(*format, text);
        assert_eq!(entries(&haul), *taken, "{format}: {:#?}", haul.refused);
        let told: Vec<String> = haul
            .refused
            .iter()
            .map(|row| format!("{}:{}: {:?}: {}; {}", row.line, row.column, row.text, row.cause, row.cause.remedy()))
            .collect();
        assert_eq!(told.len(), refused.len(), "{format}: {told:#?}");
        for ((row, told), (place, cause)) in haul.refused.iter().zip(&told).zip(*refused) {
            let found = (format!("{}:{}", row.line, row.column), row.cause.to_string());
            assert!(found.0 == *place && found.1.starts_with(cause), "{format}: {told}\n  wanted: {place}: {cause}");
            assert_eq!(*told, row.to_string());
        }
    }
    let without = Format::NAMES.iter().find(|(_, format)| of(*format).next().is_none());
    assert_eq!(without, None, "a format has no sample");
}
