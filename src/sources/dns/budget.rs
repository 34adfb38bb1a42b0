use std::sync::{Mutex, PoisonError};

use crate::base::Timestamp;

const DAY: i64 = 24 * 60 * 60;

/// How many questions a list may be asked in a second and in a day (UTC); 0 is no limit.
#[derive(Debug)]
pub struct Budget {
    per_second: u32,
    per_day: u32,
    spent: Mutex<Window>,
}

#[derive(Debug, Default)]
struct Window {
    second: i64,
    in_second: u32,
    day: i64,
    in_day: u32,
}

/// Which part of a budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// That of this second: so many.
    Second(u32),
    /// That of this day: so many.
    Day(u32),
}

impl Budget {
    /// A budget of which nothing is spent.
    pub fn new(per_second: u32, per_day: u32) -> Self {
        Self { per_second, per_day, spent: Mutex::default() }
    }

    /// Takes one question out of it. Errors: there is none left, and none is taken.
    pub fn spend(&self, now: Timestamp) -> Result<(), Spent> {
        // What a panic elsewhere left is numbers, and any of them will do.
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let (second, day) = (now.secs(), now.secs().div_euclid(DAY));
        if spent.second != second {
            (spent.second, spent.in_second) = (second, 0);
        }
        if spent.day != day {
            (spent.day, spent.in_day) = (day, 0);
        }
        if self.per_day > 0 && spent.in_day >= self.per_day {
            return Err(Spent::Day(self.per_day));
        }
        if self.per_second > 0 && spent.in_second >= self.per_second {
            return Err(Spent::Second(self.per_second));
        }
        spent.in_second = spent.in_second.saturating_add(1);
        spent.in_day = spent.in_day.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_and_a_day_hold_so_many_questions_and_the_next_begins_anew() {
        let budget = Budget::new(2, 3);
        let at = Timestamp::from_secs;
        assert_eq!([budget.spend(at(10)), budget.spend(at(10))], [Ok(()), Ok(())]);
        assert_eq!(budget.spend(at(10)), Err(Spent::Second(2)));
        assert_eq!(budget.spend(at(11)), Ok(()), "what was refused was not taken");
        assert_eq!(budget.spend(at(12)), Err(Spent::Day(3)));
        assert_eq!(budget.spend(at(DAY)), Ok(()));
    }

    #[test]
    fn nothing_is_no_limit() {
        let budget = Budget::new(0, 0);
        assert!((0..1000).all(|_| budget.spend(Timestamp::from_secs(1)).is_ok()));
    }
}
