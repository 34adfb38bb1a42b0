//! Months of UTC, each with a table of its clicks, so that old ones go by dropping a table.

use std::fmt;

use jiff::{
    civil::{Date, Time},
    tz::Offset,
};
use rusqlite::Connection;

use crate::base::Timestamp;

/// A month as its table names it: year times 100 and month. Times that no calendar reaches fall into the first or the
/// last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Month(u32);

const FIRST: Month = Month(197_001);
const LAST: Month = Month(999_911);

impl Month {
    /// The month of a moment.
    pub(super) fn of(time: Timestamp) -> Self {
        let unreachable = if time.millis() < 0 { FIRST } else { LAST };
        let Ok(time) = jiff::Timestamp::from_millisecond(time.millis()) else { return unreachable };
        let date = Offset::UTC.to_datetime(time);
        let year = u32::try_from(date.year()).unwrap_or(0);
        Self(year * 100 + date.month().unsigned_abs() as u32).clamp(FIRST, LAST)
    }

    /// When it begins.
    pub(super) fn begins(self) -> Timestamp {
        if self == FIRST { Timestamp::from_millis(i64::MIN) } else { self.first_moment() }
    }

    /// When it is over.
    pub(super) fn ends(self) -> Timestamp {
        if self == LAST { Timestamp::from_millis(i64::MAX) } else { self.next().first_moment() }
    }

    fn next(self) -> Self {
        Self(if self.0 % 100 == 12 { self.0 + 100 - 11 } else { self.0 + 1 })
    }

    fn first_moment(self) -> Timestamp {
        let (year, month) = (self.0 / 100, self.0 % 100);
        let date = Date::new(i16::try_from(year).unwrap_or(9999), i8::try_from(month).unwrap_or(1), 1);
        let moment = date.and_then(|date| Offset::UTC.to_timestamp(date.to_datetime(Time::midnight())));
        // A month that is none cannot be made; its events would be the last to go.
        moment.map_or(Timestamp::from_millis(i64::MAX), |moment| Timestamp::from_millis(moment.as_millisecond()))
    }

    /// From the name of a table, if it is a month's.
    fn of_table(name: &str) -> Option<Self> {
        let digits = name.strip_prefix("click_").filter(|rest| rest.len() == 6)?;
        let month = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
        ((1..=12).contains(&(month % 100)) && (FIRST.0..=LAST.0).contains(&month)).then_some(Self(month))
    }
}

/// The name of its table.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "click_{:06}", self.0)
    }
}

/// The months that have a table, oldest first.
pub(super) fn present(connection: &Connection) -> rusqlite::Result<Vec<Month>> {
    let mut statement = connection.prepare_cached("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut months = Vec::new();
    for name in names {
        months.extend(Month::of_table(&name?));
    }
    months.sort_unstable();
    Ok(months)
}

/// Makes the table of a month, inside a transaction that holds the writer's lock. There already, it stays.
pub(super) fn make(connection: &Connection, month: Month) -> rusqlite::Result<()> {
    if present(connection)?.contains(&month) {
        return Ok(());
    }
    connection.execute_batch(&include_str!("sql/click_month.sql").replace("{month}", &format!("{:06}", month.0)))
}

/// Drops the months that were over by `before`, inside a transaction; which they were.
pub(super) fn forget(connection: &Connection, before: Timestamp) -> rusqlite::Result<Vec<Month>> {
    let old: Vec<Month> = present(connection)?.into_iter().filter(|month| month.ends() <= before).collect();
    for month in &old {
        connection.execute_batch(&format!("DROP TABLE {month}"))?;
    }
    Ok(old)
}

/// Moves what the one table of the first schema holds into months, and drops it.
pub(super) fn take_over(connection: &Connection) -> rusqlite::Result<()> {
    let ends: (Option<i64>, Option<i64>) =
        connection.query_row("SELECT min(time), max(time) FROM click", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if let (Some(first), Some(last)) = ends {
        let last = Timestamp::from_millis(last);
        let mut from = Timestamp::from_millis(first);
        loop {
            let month = Month::of(from);
            move_month(connection, month)?;
            if month.ends() > last || month == LAST {
                break;
            }
            let next = "SELECT min(time) FROM click WHERE time >= ?";
            from = connection.query_row(next, [month.ends().millis()], |row| row.get(0).map(Timestamp::from_millis))?;
        }
    }
    connection.execute_batch("DROP TABLE click")
}

fn move_month(connection: &Connection, month: Month) -> rusqlite::Result<()> {
    const COLUMNS: &str =
        "time, event_id, click_id, tenant, outcome, actor, url_key, host, domain, message, recipient, event";
    make(connection, month)?;
    let (from, to) = (month.begins().millis(), month.ends().millis());
    // The last month has no end.
    let to = if month == LAST { "<=" } else { "<" }.to_owned() + &format!(" {to}");
    connection.execute_batch(&format!(
        "INSERT INTO {month} ({COLUMNS}) SELECT {COLUMNS} FROM click WHERE time >= {from} AND time {to} ORDER BY time, id"
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_moment_has_its_month() {
        let of = |text: &str| {
            let time: jiff::Timestamp = text.parse().unwrap();
            Month::of(Timestamp::from_millis(time.as_millisecond())).to_string()
        };
        assert_eq!(of("2026-11-24T04:00:00Z"), "click_202611");
        assert_eq!(of("2026-12-31T23:59:59.999Z"), "click_202612");
        assert_eq!(of("2027-01-01T00:00:00Z"), "click_202701");
        assert_eq!(of("1969-12-31T23:59:59Z"), "click_197001");
        assert_eq!(of("2024-02-29T12:00:00Z"), "click_202402");
    }

    #[test]
    fn only_tables_of_months_are_taken_for_one() {
        for name in ["click", "click_2026", "click_202613", "click_202600", "click_2026_1", "click_000001", "wrap"] {
            assert_eq!(Month::of_table(name), None, "{name}");
        }
        assert_eq!(Month::of_table("click_202611"), Some(Month(202_611)));
    }

    proptest! {
        #[test]
        fn every_moment_lies_in_its_month_and_in_no_other(millis: i64) {
            let time = Timestamp::from_millis(millis);
            let month = Month::of(time);
            prop_assert!(month.begins() <= time && (time < month.ends() || month == LAST), "{month}");
            prop_assert_eq!(Month::of_table(&month.to_string()), Some(month));
            if month != LAST {
                prop_assert_eq!(month.ends(), month.next().begins());
            }
        }

        #[test]
        fn moments_of_our_days_too(millis in 0_i64..4_102_444_800_000) {
            let time = Timestamp::from_millis(millis);
            let month = Month::of(time);
            prop_assert!(month.begins() <= time && time < month.ends());
        }
    }
}
