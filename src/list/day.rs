use std::fmt;

use crate::base::Timestamp;

/// A day of the (proleptic Gregorian) calendar in UTC, years 1970 to 9999: what `until=` names. The day itself is
/// included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// The day that `YYYY-MM-DD` names; `None` where it is written otherwise or no such day exists.
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let year = number(fields.next()?, 4)?;
        let month = number(fields.next()?, 2)? as u8;
        let day = number(fields.next()?, 2)? as u8;
        let real = fields.next().is_none() && year >= 1970 && day >= 1 && day <= length(year, month)?;
        real.then_some(Self { year, month, day })
    }

    /// The first moment that no longer belongs to this day.
    pub const fn end(self) -> Timestamp {
        Timestamp::from_secs((self.since_epoch() + 1) * 86_400)
    }

    /// As one number, in the order of days.
    pub(super) const fn to_number(self) -> u32 {
        (self.year as u32) << 16 | (self.month as u32) << 8 | self.day as u32
    }

    /// What [`Day::to_number`] gave; `None` where no such day exists.
    pub(super) fn from_number(number: u32) -> Option<Self> {
        let [day, month, low, high] = number.to_le_bytes();
        let year = u16::from_le_bytes([low, high]);
        let real = (1970..=9999).contains(&year) && day >= 1 && day <= length(year, month)?;
        real.then_some(Self { year, month, day })
    }

    /// Days since 1970-01-01. March is counted as the first month, so that the leap day ends a year.
    const fn since_epoch(self) -> i64 {
        let month = (self.month as i64 + 9) % 12;
        let year = self.year as i64 - (month >= 10) as i64;
        let before_year = year * 365 + year / 4 - year / 100 + year / 400;
        let before_month = (month * 153 + 2) / 5;
        before_year + before_month + self.day as i64 - 1 - 719_468
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

fn number(text: &str, digits: usize) -> Option<u16> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn length(year: u16, month: u8) -> Option<u8> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 if leap => Some(29),
        2 => Some(28),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_exist_and_days_that_do_not() {
        for good in ["1970-01-01", "2024-02-29", "2000-02-29", "2026-12-31", "9999-12-31"] {
            assert_eq!(Day::parse(good).map(|day| day.to_string()).as_deref(), Some(good));
            let day = Day::parse(good).unwrap();
            assert_eq!(Day::from_number(day.to_number()), Some(day));
        }
        for bad in [
            "",
            "2026",
            "2026-12",
            "2026-13-01",
            "2026-00-10",
            "2026-04-31",
            "2026-02-29",
            "1900-02-29",
            "1969-12-31",
            "2026-1-01",
            "26-01-01",
            "2026/12/31",
            "2026-12-31-",
            "2026-12-31x",
            "+026-12-31",
            "31-12-2026",
        ] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_ends_where_the_next_begins() {
        let end = |text| Day::parse(text).unwrap().end().secs();
        assert_eq!(end("1970-01-01"), 86_400);
        assert_eq!(end("1999-12-31"), 946_684_800);
        assert_eq!(end("2024-02-29"), 1_709_251_200);
        assert_eq!(end("2026-11-23"), 1_795_478_400);
    }

    #[test]
    fn every_day_of_eight_hundred_years_is_one_after_the_day_before() {
        let mut before = -1;
        for year in 1970..2770_u16 {
            for month in 1..=12 {
                for day in 1..=length(year, month).unwrap() {
                    let this = Day { year, month, day }.since_epoch();
                    assert_eq!(this, before + 1, "{year}-{month}-{day}");
                    before = this;
                }
            }
        }
    }
}
