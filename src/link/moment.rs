//! Minutes since 2020 as people write them, RFC 3339 in a TOML file.

use toml::value::{Datetime, Offset};

use super::token;
use crate::base::Timestamp;

/// The minute that a moment belongs to; `None` without a date, a time and an offset, and before 2020.
pub(super) fn from_toml(moment: &Datetime) -> Option<u32> {
    let (date, time, offset) = (moment.date?, moment.time?, moment.offset?);
    let offset = match offset {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes),
    };
    let days = days_from_civil(i64::from(date.year), i64::from(date.month), i64::from(date.day));
    let minutes = days * 1440 + i64::from(time.hour) * 60 + i64::from(time.minute) - offset;
    token::minutes(Timestamp::from_secs(minutes * 60))
}

/// `2026-11-24T04:00:00Z`.
pub(super) fn text(minutes: u32) -> String {
    let since_1970 = token::moment(minutes).secs().div_euclid(60);
    let (year, month, day) = civil_from_days(since_1970.div_euclid(1440));
    let of_day = since_1970.rem_euclid(1440);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:00Z", of_day / 60, of_day % 60)
}

/// Days since 1970-01-01 in the Gregorian calendar. The year is taken to begin in March, so that the leap day is its
/// last; an era is 400 years, 146,097 days.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * shifted + 2) / 5 + 1, (shifted + 2) % 12 + 1);
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<u32> {
        from_toml(&text.parse().unwrap())
    }

    #[test]
    fn known_moments() {
        assert_eq!(read("2020-01-01T00:00:00Z"), Some(0));
        assert_eq!(read("2020-01-01T01:30:59.9+01:30"), Some(0));
        assert_eq!(read("2020-03-01T00:00:00Z"), Some(60 * 1440));
        assert_eq!(read("2026-11-24T04:00:00Z"), Some((1_795_492_800 - 1_577_836_800) / 60));
        assert_eq!(read("2019-12-31T23:59:00Z"), None);
        for partial in ["2026-11-24", "04:00:00", "2026-11-24T04:00:00"] {
            assert_eq!(read(partial), None, "{partial}");
        }
    }

    proptest! {
        #[test]
        fn text_is_read_back(minutes in 0..4_197_000_000_u32) {
            prop_assert_eq!(read(&text(minutes)), Some(minutes));
        }
    }
}
