//! Slices of peer and subject in turn, and what is made of them.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cpu::{Disturbance, Moment};

/// One figure with what it was in the worst and the best slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |at: usize| values.get(at).copied().unwrap_or(f64::NAN);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
        } else {
            at(middle)
        };
        Self { median, least: at(0), most: at(values.len().wrapping_sub(1)) }
    }

    /// `1.04 (0.98 .. 1.07)`
    pub fn ratio(self) -> String {
        format!("{:.2} ({:.2} .. {:.2})", self.median, self.least, self.most)
    }
}

/// How often and how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Clean rounds that are wanted.
    pub rounds: usize,
    /// One slice.
    pub slice: Duration,
    /// Rounds after which dirty ones are kept, so that the run ends on a busy machine too.
    pub patience: usize,
}

/// What came of rounds of several in turn: for each of them one value a round.
pub struct Rounds<T> {
    pub values: Vec<Vec<T>>,
    /// Rounds thrown away, and rounds kept although they were dirty.
    pub dropped: usize,
    pub dirty: usize,
}

/// Takes rounds, each a slice of every one of `count` in turn. A round in which somebody else disturbed a slice is
/// dropped whole and taken again, until patience ends.
pub fn take<T>(
    plan: Plan,
    count: usize,
    mut slice: impl FnMut(usize, Duration) -> Result<(T, Disturbance, Duration)>,
) -> Result<Rounds<T>> {
    let mut rounds = Rounds { values: (0..count).map(|_| Vec::new()).collect(), dropped: 0, dirty: 0 };
    let mut taken = 0;
    while rounds.values.first().is_some_and(|first| first.len() < plan.rounds) {
        let mut round = Vec::new();
        let mut clean = true;
        for at in 0..count {
            let (value, disturbance, length) = slice(at, plan.slice)?;
            clean &= disturbance.is_clean(length);
            round.push(value);
        }
        taken += 1;
        let kept = clean || taken > plan.patience;
        if !kept {
            rounds.dropped += 1;
            continue;
        }
        rounds.dirty += usize::from(!clean);
        rounds.values.iter_mut().zip(round).for_each(|(values, value)| values.push(value));
    }
    Ok(rounds)
}

impl<T> Rounds<T> {
    /// What is said of the rounds under a table.
    pub fn note(&self) -> String {
        let count = self.values.first().map_or(0, Vec::len);
        let dirty = if self.dirty == 0 {
            String::new()
        } else {
            format!(" **{} of them were disturbed and kept for want of better ones.**", self.dirty)
        };
        format!("{count} rounds; {} disturbed ones dropped.{dirty}", self.dropped)
    }

    /// The figures of one, made of its values.
    pub fn spread(&self, which: usize, figure: impl Fn(&T) -> f64) -> Spread {
        Spread::of(self.values.get(which).into_iter().flatten().map(figure).collect())
    }

    /// The ratio of one to another, round by round.
    pub fn ratio(&self, which: usize, to: usize, figure: impl Fn(&T) -> f64) -> Spread {
        let of = |at: usize| self.values.get(at).into_iter().flatten();
        Spread::of(of(which).zip(of(to)).map(|(one, other)| figure(one) / figure(other)).collect())
    }
}

/// Runs `work` and tells how much others disturbed it. `tested` says how long the processes under test have run.
pub fn watched<T>(
    tested: impl Fn() -> Result<Duration>,
    work: impl FnOnce() -> Result<T>,
) -> Result<(T, Duration, Disturbance, Duration)> {
    let (machine, before, began) = (Moment::now()?, tested()?, Instant::now());
    let done = work()?;
    let length = began.elapsed();
    let spent = tested()?.saturating_sub(before);
    Ok((done, spent, machine.disturbance(spent)?, length))
}
