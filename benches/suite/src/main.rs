//! Measures Sekisho beside its peers, on this machine alone, and writes docs/PERFORMANCE.md.
//!
//! `quick` shows in a minute or two that everything runs; its figures mean little. `full` takes about ten minutes and is
//! meant for a machine that does nothing else. A name behind it takes one chapter alone, and then nothing is written.

mod abuse;
mod click;
mod cpu;
mod flood;
// Of the instruction counts, which need more of it.
#[allow(dead_code)]
#[path = "../../operations/house.rs"]
mod house;
mod inside;
mod lists;
mod load;
mod machine;
mod names;
mod newsletters;
mod nginx;
mod open_loop;
mod paper;
mod peers;
mod process;
mod rewriting;
mod site;
mod slices;
mod swap;
mod timing;
mod tls;
mod wrk;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use lists::Measure;
use paper::Paper;
use slices::Plan;

const CHAPTERS: [&str; 12] = [
    "inside",
    "lists",
    "swap",
    "click",
    "latency",
    "connections",
    "handshakes",
    "pages",
    "overload",
    "abuse",
    "rewriting",
    "timing",
];

/// How much is measured.
struct Effort {
    name: &'static str,
    plan: Plan,
    /// Batches of each step inside the process.
    batches: usize,
    letters: usize,
    /// Bytes of HTML.
    sizes: &'static [usize],
    /// Tries of each kind of bad link.
    tries: usize,
    lists: Measure,
    swap: swap::Measure,
}

const QUICK: Effort = Effort {
    name: "quick",
    plan: Plan { rounds: 2, slice: Duration::from_secs(1), patience: 2 },
    batches: 20,
    letters: 8,
    sizes: &[64 << 10, 1 << 20],
    tries: 4_000,
    lists: Measure { sizes: &[10_000, 100_000, 1_000_000], beside: (200_000, 50_000), lookups: 50_000, rounds: 3 },
    swap: swap::Measure { entries: 100_000, most: 1_000_000 },
};

const FULL: Effort = Effort {
    name: "full",
    plan: Plan { rounds: 7, slice: Duration::from_secs(2), patience: 12 },
    batches: 200,
    letters: 48,
    sizes: &[64 << 10, 1 << 20, 8 << 20, 64 << 20],
    tries: 100_000,
    lists: Measure {
        sizes: &[10_000, 100_000, 1_000_000, 10_000_000, 30_000_000],
        beside: (10_000_000, 1_000_000),
        lookups: 1_000_000,
        rounds: 5,
    },
    swap: swap::Measure { entries: 1_000_000, most: 10_000_000 },
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let effort = |name: &str| [QUICK, FULL].into_iter().find(|effort| effort.name == name);
    match arguments[..] {
        ["abuse", address, kind, seconds] => abuse::abuse(address, kind, seconds),
        ["flood", ref arguments @ ..] => flood::flood(arguments),
        ["generate", ref arguments @ ..] => open_loop::generate(arguments),
        [name] if effort(name).is_some() => run(&effort(name).unwrap_or(QUICK), &CHAPTERS),
        [name, ref chapters @ ..]
            if effort(name).is_some() && chapters.iter().all(|chapter| CHAPTERS.contains(chapter)) =>
        {
            run(&effort(name).unwrap_or(QUICK), chapters)
        }
        _ => bail!("usage: sekisho-perf quick|full [CHAPTER…], with the chapters {}", CHAPTERS.join(", ")),
    }
}

fn run(effort: &Effort, chapters: &[&str]) -> Result<()> {
    let began = Instant::now();
    let wants = |chapter: &str| chapters.contains(&chapter);
    let mut paper = Paper::default();
    fs::create_dir_all("target")?;
    if wants("inside") {
        inside::measure(effort.batches, &mut paper)?;
    }
    if wants("lists") {
        lists::measure(effort.lists, &mut paper)?;
    }
    if wants("swap") {
        swap::measure(effort.plan, effort.swap, &mut paper)?;
    }
    if ["click", "latency", "connections", "handshakes", "pages", "overload", "abuse", "timing"].into_iter().any(wants)
    {
        of_server(effort, &wants, &mut paper)?;
    }
    if wants("rewriting") {
        rewriting::beside(effort.plan, effort.letters, corpus().as_deref(), &mut paper)?;
        rewriting::growth(effort.sizes, &mut paper)?;
    }
    let text = paper.finish(&front(effort));
    println!("\ntook {:.0} s", began.elapsed().as_secs_f64());
    if chapters.len() == CHAPTERS.len() {
        let file = if effort.name == FULL.name { "docs/PERFORMANCE.md" } else { "target/performance-quick.md" };
        fs::write(file, text)?;
        println!("wrote {file}");
    }
    Ok(())
}

fn of_server(effort: &Effort, wants: &dyn Fn(&str) -> bool, paper: &mut Paper) -> Result<()> {
    let field = click::Field::start()?;
    let mut bearable = None;
    if wants("click") || wants("latency") {
        bearable = Some(click::kept(&field, effort.plan, paper)?);
    }
    if let Some(bearable) = bearable.filter(|_| wants("latency")) {
        load::half(&field, effort.plan, bearable, paper)?;
    }
    if wants("connections") {
        click::new_connections(&field, effort.plan, paper)?;
    }
    if wants("handshakes") {
        tls::measure(&field, effort.plan, paper)?;
    }
    if wants("pages") {
        click::pages(&field, effort.plan, paper)?;
    }
    if wants("overload") {
        load::over(&field, effort.plan, paper)?;
    }
    if wants("abuse") {
        abuse::measure(&field, effort.plan, paper)?;
    }
    if wants("timing") {
        timing::measure(&field.site, &field.ours.server, effort.tries, paper)?;
    }
    Ok(())
}

/// Real messages, where a collection lies beside the repository.
fn corpus() -> Option<PathBuf> {
    let folder = Path::new("../shared/corpus/mail");
    folder.is_dir().then(|| folder.to_owned())
}

fn front(effort: &Effort) -> String {
    let machine: String =
        machine::describe().into_iter().map(|(name, value)| format!("| {name} | {value} |\n")).collect();
    format!(
        "# Performance\n\n<!-- Written by `scripts/perf {}`; do not edit. -->\n\nMeasured on {} by `scripts/perf {}`, \
         which anybody can run: it installs what it needs, sends traffic to this machine alone, and writes this page. The \
         figures are those of a small virtual machine; what carries over to another is the *ratio* to a peer that was \
         measured in the same minutes.\n\n| | |\n|---|---|\n{machine}\n## How it is measured\n\n- What is divided by is \
         the processor time of the process under test (the kernel's `schedstat`), not the clock on the wall.\n- Peer and \
         subject take turns in slices of {} s. A round in which others used more than 6 % of a processor, or the host stole \
         more than 30 ms, is thrown away and taken again. What is told is the median of {} rounds, with the least and the \
         most.\n- The server has processor 0 and one worker; the generator has processor 1.\n- All of it goes over the \
         loopback interface: no network card, no interrupts. These are not figures of a network.\n",
        effort.name,
        machine::today(),
        effort.name,
        effort.plan.slice.as_secs(),
        effort.plan.rounds,
    )
}
