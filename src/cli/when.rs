use crate::base::Timestamp;

/// Reads a moment as people write it: a day or a moment in UTC or with an offset, or how long before `now`: `90s`,
/// `30m`, `24h`, `7d`. Error: a sentence that shows how to write it.
pub(super) fn when(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    ago(text, now).or_else(|| absolute(text)).ok_or_else(|| {
        format!("{text:?} is no time; write 2026-11-24, 2026-11-24T09:00:00Z, or how long ago: 30m, 24h, 7d")
    })
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    let number: u32 = number.parse().ok()?;
    Some(now.plus_millis(-1000 * seconds * i64::from(number)))
}

fn absolute(text: &str) -> Option<Timestamp> {
    let moment = text.parse::<jiff::Timestamp>().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok())?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = Timestamp::from_secs(1_000_000);
        let secs = |text| when(text, now).map(Timestamp::secs);
        assert_eq!(secs("1970-01-02"), Ok(86_400));
        assert_eq!(secs("1970-01-02T00:00:01Z"), Ok(86_401));
        assert_eq!(secs("1970-01-02T09:00:00+09:00"), Ok(86_400));
        assert_eq!(secs("30m"), Ok(1_000_000 - 1800));
        assert_eq!(secs("7d"), Ok(1_000_000 - 604_800));
        for bad in ["", "d", "-1d", "yesterday", "1970-13-01", "5w", "日"] {
            assert!(secs(bad).is_err(), "{bad}");
        }
    }
}
