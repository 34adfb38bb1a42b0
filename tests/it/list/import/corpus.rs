//! Real lists: one list in six formats is one set, malformed ones are explained line by line.

use std::{collections::BTreeSet, path::PathBuf};

use sekisho::list::{
    ListAction,
    import::{Format, Guess, Haul, How, guess, import},
};

use super::{entries, haul, how};
use crate::support;

fn set(name: &str, ending: &str, format: Format) -> Option<BTreeSet<String>> {
    let path = support::corpus("lists/formats")?.join(format!("{name}.{ending}"));
    let bytes = std::fs::read(path).unwrap();
    let mut haul = haul(format, bytes);
    assert!(haul.tally.taken > 1000, "{name}.{ending}: {:?}", haul.tally);
    haul.narrow();
    Some(entries(&haul).into_iter().collect())
}

const SIX: [(&str, Format); 6] = [
    ("domains.txt", Format::Domains),
    ("hosts.txt", Format::Hosts),
    ("wildcard.txt", Format::Wildcard),
    ("adblock.txt", Format::AdBlock),
    ("dnsmasq.txt", Format::Dnsmasq),
    ("unbound.conf", Format::Unbound),
];

fn one_list_in_six_formats_is_one_set_of(name: &str, left_out_there: usize) {
    let sets: Vec<_> = SIX.iter().filter_map(|(ending, format)| set(name, ending, *format)).collect();
    let [domains, hosts, others @ ..] = sets.as_slice() else { return };
    assert_eq!(domains, hosts);
    for (other, (ending, _)) in others.iter().zip(&SIX[2..]) {
        assert_eq!(other, &others[0], "{name}.{ending}");
    }
    // The publisher of the six leaves out some `www.` names of a bare list when it is made short.
    assert_eq!(others[0].difference(domains).next(), None);
    let more: Vec<_> = domains.difference(&others[0]).collect();
    assert_eq!(more.len(), left_out_there, "{more:?}");
    assert!(more.iter().all(|name| name.starts_with("www.")), "{more:?}");
}

#[test]
fn one_list_in_six_formats_is_one_set() {
    one_list_in_six_formats_is_one_set_of("adaway", 0);
    one_list_in_six_formats_is_one_set_of("ublock", 0);
}

/// The two long ones: `cargo test --test it six_formats -- --ignored`.
#[test]
#[ignore = "half a million rows"]
fn long_lists_in_six_formats_are_one_set() {
    one_list_in_six_formats_is_one_set_of("someonewhocares", 117);
    one_list_in_six_formats_is_one_set_of("easylist", 8);
}

#[test]
fn the_format_of_real_lists_is_found_out() {
    let Some(lists) = support::corpus("lists") else { return };
    let table: [(&str, Option<Format>); 14] = [
        ("formats/adaway.domains.txt", Some(Format::Domains)),
        ("formats/adaway.hosts.txt", Some(Format::Hosts)),
        ("formats/adaway.wildcard.txt", None),
        ("formats/adaway.adblock.txt", Some(Format::AdBlock)),
        ("formats/adaway.dnsmasq.txt", Some(Format::Dnsmasq)),
        ("formats/adaway.unbound.conf", Some(Format::Unbound)),
        ("phishing-database/phishing-IPs-ACTIVE.txt", Some(Format::Domains)),
        ("phishing-database/phishing-domains-ACTIVE/phishing-domains-ACTIVE2.txt", Some(Format::Domains)),
        ("phishing-database/phishing-links-INACTIVE/phishing-links-INACTIVE1.txt", Some(Format::Urls)),
        ("polkadot/all.json", Some(Format::Json)),
        ("warninglists/lists/url-shortener/list.json", Some(Format::Misp)),
        ("warninglists/lists/cisco_top5k/list.json", Some(Format::Misp)),
        ("warninglists/lists/public-dns-hostname/list.json", Some(Format::Misp)),
        ("shorteners/list", Some(Format::Domains)),
    ];
    for (file, wanted) in table {
        let found = guess(&std::fs::read(lists.join(file)).unwrap());
        let format = if let Guess::Sure(format, _) = found { Some(format) } else { None };
        assert_eq!(format, wanted, "{file}: {found:?}");
    }
}

#[test]
fn malformed_lists_are_explained_line_by_line() {
    let Some(folder) = support::corpus("lists/phishing-database") else { return };
    // What is called invalid there and can be meant here: two URLs on zones that do not exist, and an address.
    for (name, sound) in [("domains", 0), ("links", 2), ("IPs", 1)] {
        let bytes = std::fs::read(folder.join(format!("phishing-{name}-INVALID.txt"))).unwrap();
        let rows = String::from_utf8(bytes.clone()).unwrap().lines().filter(|line| !line.trim().is_empty()).count();
        for format in [Format::PhishingDatabase, Format::Domains, Format::Urls] {
            let haul = haul(format, &bytes);
            assert_eq!(haul.taken.len() + haul.duplicates + haul.refused.len(), rows, "{name}: {:?}", haul.tally);
            haul.refused.iter().for_each(|row| assert!(row.to_string().contains("; "), "{row}"));
        }
        let haul = haul(Format::PhishingDatabase, &bytes);
        assert_eq!(haul.taken.len(), sound, "{:?}", entries(&haul));
    }
}

#[test]
fn json_feeds_load() {
    let Some(lists) = support::corpus("lists") else { return };
    let read = |file: &str, format, key| {
        let path: PathBuf = lists.join(file);
        Haul::read(&std::fs::read(path).unwrap(), format, &How { key, ..how(ListAction::Block) })
    };
    let told = read("polkadot/all.json", Format::Json, None).unwrap_err().to_string();
    assert!(told.contains("allow, deny, denySub") && told.contains("--key"), "{told}");
    let deny = read("polkadot/all.json", Format::Json, Some("deny")).unwrap();
    assert_eq!(deny.tally.taken + deny.tally.refused, 54_863);
    assert!(deny.tally.taken > 54_000, "{:?}", deny.tally);
    let short = read("warninglists/lists/url-shortener/list.json", Format::Misp, None).unwrap();
    assert!(short.tally.taken > 200 && short.tally.refused < 10, "{:?} {:?}", short.tally, short.refused);
}

/// Rows in the shape of JPCERT/CC's feed, one in a thousand of them bad.
fn jpcert_rows(rows: usize) -> Vec<u8> {
    let mut text = b"date,URL,description\n".to_vec();
    for row in 0..rows {
        let url = if row % 1000 == 999 {
            "ftp://x.example/".to_owned()
        } else {
            format!("https://h{row}.example/p/{row}?q=1")
        };
        text.extend(format!("2026/11/{:02} 10:00:00,{url},\"Bank, no. {}\"\n", row % 28 + 1, row % 50).bytes());
    }
    text
}

#[test]
fn many_rows_in_csv_are_told_apart() {
    let haul = haul(Format::JpcertCsv, jpcert_rows(5000));
    assert_eq!((haul.taken.len(), haul.refused.len()), (4995, 5));
    assert_eq!((haul.refused[4].line, haul.refused[4].column), (5001, 21));
}

/// `cargo test --release --test it quarter_of_a_million -- --ignored --nocapture`.
#[test]
#[ignore = "a quarter of a million rows"]
fn a_quarter_of_a_million_rows_in_csv() {
    let text = jpcert_rows(250_000);
    let mut rows = 0;
    let began = std::time::Instant::now();
    let tally = import(&text, Format::JpcertCsv, &how(ListAction::Block), &mut |_| rows += 1).unwrap();
    println!("{} bytes, {tally:?}, {:?}", text.len(), began.elapsed());
    assert_eq!((tally.taken, tally.refused, rows), (249_750, 250, 250_000));
}
