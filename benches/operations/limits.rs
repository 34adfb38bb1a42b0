//! The limits, and holding the counts to them.

use std::{collections::BTreeMap, fmt::Write as _, fs, process::ExitCode};

use serde::Deserialize;

use crate::{STEPS, counted};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/operations/limits.toml");

#[derive(Deserialize)]
struct Limits {
    compiler: String,
    tolerance_percent: u64,
    instructions: BTreeMap<String, u64>,
}

/// Counts every step and fails if one takes more than its limit and tolerance.
pub(crate) fn hold() -> ExitCode {
    if let Some(hindrance) = counted::hindrance() {
        println!("skipped: instructions are not counted, because {hindrance}");
        return ExitCode::SUCCESS;
    }
    let limits: Limits = toml::from_str(&fs::read_to_string(FILE).unwrap()).unwrap();
    if !cfg!(debug_assertions) {
        println!("skipped: the limits are those of the profile of the tests, and this build is an optimised one");
        return ExitCode::SUCCESS;
    }
    let here = counted::compiler();
    if here != limits.compiler {
        println!("skipped: the limits are those of {}, and this is {here}; `scripts/perf limits`", limits.compiler);
        return ExitCode::SUCCESS;
    }
    let counts = match counted::instructions() {
        Ok(counts) => counts,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut broken = 0;
    println!("{:<9} {:>12} {:>12}", "step", "instructions", "limit");
    for (step, count) in STEPS.iter().zip(counts) {
        let limit = limits.instructions.get(step.name).copied().unwrap_or(0);
        let change = (count as f64 / limit.max(1) as f64 - 1.0) * 100.0;
        let says = if count * 100 > limit * (100 + limits.tolerance_percent) {
            broken += 1;
            "TOO MANY"
        } else if count * 100 < limit * (100 - limits.tolerance_percent) {
            "fewer: `scripts/perf limits` keeps the gain"
        } else {
            ""
        };
        println!("{:<9} {count:>12} {limit:>12} {change:>+7.1}% {says}", step.name);
    }
    if broken == 0 {
        return ExitCode::SUCCESS;
    }
    println!(
        "{broken} of them more than {} % over the limit: find out why (`valgrind --tool=callgrind`), or, if it is worth \
         it, say so in the commit and run `scripts/perf limits`",
        limits.tolerance_percent
    );
    ExitCode::FAILURE
}

/// Counts every step and writes the limits.
pub(crate) fn update() -> ExitCode {
    if let Some(hindrance) = counted::hindrance() {
        println!("nothing can be counted here: {hindrance}");
        return ExitCode::FAILURE;
    }
    let counts = match counted::instructions() {
        Ok(counts) => counts,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut text = format!(
        "# Instructions of one step in the profile of the tests, written by `scripts/perf limits`. The gate fails where\n\
         # a step takes more than this and the tolerance. What the steps are: main.rs.\n\ncompiler = {:?}\n\
         tolerance_percent = 5\n\n[instructions]\n",
        counted::compiler()
    );
    for (step, count) in STEPS.iter().zip(counts) {
        println!("{:<9} {count:>12}", step.name);
        let _ = writeln!(text, "# {}\n{} = {count}", step.what, step.name);
    }
    fs::write(FILE, text).unwrap();
    ExitCode::SUCCESS
}

/// Counts every step and says what came of it, a line a step.
pub(crate) fn show() -> ExitCode {
    let counts = match counted::hindrance().map_or_else(counted::instructions, Err) {
        Ok(counts) => counts,
        Err(error) => {
            println!("{error}");
            return ExitCode::FAILURE;
        }
    };
    STEPS.iter().zip(counts).for_each(|(step, count)| println!("{}\t{count}\t{}", step.name, step.what));
    ExitCode::SUCCESS
}
