use std::fmt;

use hickory_resolver::proto::{
    rr::{Name, RData, Record},
    serialize::txt::Parser,
};

use super::{Rules, rules::Target};
use crate::url::Suffixes;

/// Bytes of a zone as text, or by transfer, at most.
pub(super) const MAX_BYTES: usize = 256 << 20;

/// A zone, read.
#[derive(Debug, Default)]
pub struct Zone {
    /// Its number: it grows with each change.
    pub serial: u32,
    /// Seconds between looks at the primary, between looks after a failure, and until it proves nothing any more.
    pub timers: (u32, u32, u32),
    /// What it says.
    pub rules: Rules,
}

/// A text that is no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It would read other files.
    #[error("it has a line with $INCLUDE, which is not followed; put everything into one file")]
    Includes,
    /// It is too long.
    #[error("it is larger than {MAX_BYTES} bytes")]
    TooLong,
    /// It cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// The beginning of authority is missing.
    #[error("it has no SOA record for {0}; is `zone` right?")]
    NoSoa(String),
    /// The name of the zone.
    #[error("{0:?} is no name of a zone")]
    Name(String),
}

/// Reads a zone as a file has it (RFC 1035 section 5).
///
/// # Errors
/// [`ReadError`]; one line that cannot be read refuses the whole.
pub fn read(text: &str, zone: &str, suffixes: &Suffixes) -> Result<Zone, ReadError> {
    if text.len() > MAX_BYTES {
        return Err(ReadError::TooLong);
    }
    let includes = |line: &str| line.get(..8).is_some_and(|word| word.eq_ignore_ascii_case("$include"));
    if text.lines().any(|line| includes(line.trim_start())) {
        return Err(ReadError::Includes);
    }
    let origin = origin(zone)?;
    let malformed = |error: &dyn fmt::Display| ReadError::Malformed(error.to_string());
    // Times to live mean nothing here, and many files leave them out.
    let text = format!("$TTL 60\n{text}");
    let (_, sets) = Parser::new(text, None, Some(origin.clone())).parse().map_err(|error| malformed(&error))?;
    let records = sets.values().flat_map(|set| set.records_without_rrsigs());
    Zone::of(records, &origin, suffixes).ok_or_else(|| ReadError::NoSoa(zone.to_owned()))
}

pub(super) fn origin(zone: &str) -> Result<Name, ReadError> {
    let mut name = Name::from_ascii(zone).map_err(|_| ReadError::Name(zone.to_owned()))?.to_lowercase();
    name.set_fqdn(true);
    Ok(name)
}

impl Zone {
    /// What these records say; `None` without an SOA.
    pub(super) fn of<'r>(
        records: impl IntoIterator<Item = &'r Record>,
        origin: &Name,
        suffixes: &Suffixes,
    ) -> Option<Self> {
        let (mut zone, mut has_soa) = (Self::default(), false);
        let suffix = origin.to_ascii();
        for record in records {
            let owner = record.name.to_lowercase().to_ascii();
            let owner = match owner.strip_suffix(suffix.as_str()) {
                Some("") => {
                    if let RData::SOA(soa) = &record.data {
                        let secs = |number: i32| u32::try_from(number).unwrap_or(0);
                        zone.serial = soa.serial;
                        zone.timers = (secs(soa.refresh), secs(soa.retry), secs(soa.expire));
                        has_soa = true;
                    }
                    continue;
                }
                Some(inner) => inner.strip_suffix('.'),
                None => None,
            };
            let Some(owner) = owner else {
                zone.rules.skipped.malformed += 1;
                continue;
            };
            match &record.data {
                RData::CNAME(name) => {
                    let name = name.0.to_lowercase().to_ascii();
                    zone.rules.add(owner, Target::Name(&name), suffixes);
                }
                RData::A(_) | RData::AAAA(_) => zone.rules.add(owner, Target::Address, suffixes),
                _ => zone.rules.add(owner, Target::Other, suffixes),
            }
        }
        zone.rules.settle();
        has_soa.then_some(zone)
    }
}

/// Records as lines of a file that [`read`] reads: those that say anything here.
pub(super) fn write<'r>(records: impl IntoIterator<Item = &'r Record>) -> String {
    let mut text = String::new();
    for record in records {
        let data = match &record.data {
            RData::CNAME(name) => name.0.to_ascii(),
            RData::A(address) => address.0.to_string(),
            RData::AAAA(address) => address.0.to_string(),
            RData::SOA(soa) => format!(
                "{} {} {} {} {} {} {}",
                soa.mname.to_ascii(),
                soa.rname.to_ascii(),
                soa.serial,
                soa.refresh,
                soa.retry,
                soa.expire,
                soa.minimum
            ),
            _ => continue,
        };
        text += &format!("{} {} IN {} {data}\n", record.name.to_ascii(), record.ttl, record.record_type());
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::{sources::policy_zone::Action, url::parse};

    const TEXT: &str = "$TTL 300\n@ IN SOA ns.corp.example. dns.corp.example. ( 7 3600 600\n 86400 60 )\n\
                        \tIN NS ns.corp.example.\nevil.com CNAME .\n*.evil.com CNAME .\nGood.Evil.com CNAME rpz-passthru.\n\
                        trap.com A 192.0.2.1\nnote.com TXT \"words\"\n32.7.2.0.192.rpz-ip CNAME *.\n";

    /// Parsing it takes a while.
    static SUFFIXES: LazyLock<Suffixes> = LazyLock::new(Suffixes::builtin);

    fn read(text: &str) -> Result<Zone, ReadError> {
        super::read(text, "rpz.corp.example", &SUFFIXES)
    }

    fn action(zone: &Zone, url: &str) -> Option<Action> {
        zone.rules.find(&parse(url).unwrap().canonical()).map(|hit| hit.action)
    }

    #[test]
    fn a_file_is_read_with_its_timers() {
        let zone = read(TEXT).unwrap();
        assert_eq!((zone.serial, zone.timers), (7, (3600, 600, 86_400)));
        assert_eq!((zone.rules.len(), zone.rules.skipped.actions), (5, 1));
        assert_eq!(action(&zone, "http://www.evil.com/"), Some(Action::NoName));
        assert_eq!(action(&zone, "http://good.evil.com/"), Some(Action::Pass));
        assert_eq!(action(&zone, "http://trap.com/"), Some(Action::Elsewhere));
        assert_eq!(action(&zone, "http://192.0.2.7/"), Some(Action::NoData));
        assert_eq!(action(&zone, "http://note.com/"), None);
    }

    #[test]
    fn what_is_no_zone_is_refused_whole() {
        assert_eq!(read("").unwrap_err(), ReadError::NoSoa("rpz.corp.example".into()));
        assert_eq!(read(&format!("{TEXT} $INCLUDE /etc/hosts\n")).unwrap_err(), ReadError::Includes);
        assert!(matches!(read(&format!("{TEXT}x CNAME\n")), Err(ReadError::Malformed(_))));
        assert!(matches!(read("<html><body>404</body></html>"), Err(ReadError::Malformed(_) | ReadError::NoSoa(_))));
        let elsewhere = super::read(TEXT, "other.example", &SUFFIXES).unwrap();
        assert_eq!(elsewhere.rules.len(), 5, "a relative name lies in whatever zone is named");
        let outside = "@ SOA a. b. 1 1 1 1 1\nevil.com.other.example. CNAME .\n";
        assert_eq!(read(outside).unwrap().rules.skipped.malformed, 1);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let origin = origin("rpz.corp.example").unwrap();
        let (_, sets) = Parser::new(TEXT, None, Some(origin)).parse().unwrap();
        let text = write(sets.values().flat_map(|set| set.records_without_rrsigs()));
        let (one, two) = (read(TEXT).unwrap(), read(&text).unwrap());
        assert_eq!((one.serial, one.timers, one.rules.len()), (two.serial, two.timers, two.rules.len()));
        assert_eq!(action(&two, "http://good.evil.com/"), Some(Action::Pass));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,200}", near in "(@|\\$TTL|\\$ORIGIN|SOA|CNAME|A|\\*|\\.|x|1|\\(|\\)|;|\"| |\n|rpz-ip){0,40}") {
            let _ = (read(&text), read(&near));
        }
    }
}
