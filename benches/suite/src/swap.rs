//! A list of millions is replaced while people click: how long they wait meanwhile, and what memory the proxy takes.

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    names::name,
    open_loop::{self, Connections, Outcome},
    paper::Paper,
    process::Server,
    site::{Site, ask, clean, write_paths},
    slices::{Plan, Spread, take, watched},
    wrk,
};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Entries of the list that is replaced.
    pub entries: u64,
    /// Entries of the list with which memory is looked at.
    pub most: u64,
}

type Figure = (&'static str, fn(&Outcome) -> f64);

const LINKS: usize = 20_000;
/// Whoever swaps longer than this has failed.
const PATIENCE: Duration = Duration::from_secs(120);

/// B8 and B11.
pub fn measure(plan: Plan, measure: Measure, paper: &mut Paper) -> Result<()> {
    let Measure { entries, most } = measure;
    paper.heading("A long list is replaced at half load");
    let site = Site::make()?;
    let folder = tempfile::tempdir_in("target")?;
    let links = write_paths(folder.path(), "links", &site.links(LINKS, clean)?)?;
    write_list(&site, entries, 0)?;
    compile(&site)?;
    let (server, _) = site.serve("sekisho serve")?;
    in_force(&site, &server, 0)?;
    let (peak, ..) = wrk::slice(&server, &links, "keep-alive", plan.slice)?;
    let rate = peak.per_second() / 2.0;
    let connections = Connections { first: 64, most: 64 };
    let length = (plan.slice * 3).max(Duration::from_secs(4));
    let (mut version, mut swapped) = (0, Vec::new());
    let rounds = take(Plan { slice: length, ..plan }, 2, |at, length| {
        let run = || open_loop::run(server.address, &links, rate, length, connections);
        if at == 0 {
            let (outcome, _, disturbance, length) = watched(|| server.ran(), run)?;
            return Ok((outcome, disturbance, length));
        }
        version += 1;
        // It appears in one go, as an editor saves it, and while requests come.
        prepare(&site, entries, version)?;
        let (outcome, _, disturbance, length) = watched(
            || server.ran(),
            || {
                std::thread::scope(|scope| {
                    let save = scope.spawn(|| {
                        sleep(length / 8);
                        let began = Instant::now();
                        save(&site)?;
                        in_force(&site, &server, version)?;
                        Ok::<_, anyhow::Error>(began.elapsed())
                    });
                    let outcome = run()?;
                    let took = save.join().map_err(|_| anyhow::anyhow!("the save failed"))??;
                    swapped.push(took.as_secs_f64());
                    Ok(outcome)
                })
            },
        )?;
        Ok((outcome, disturbance, length))
    })?;
    let swapped = Spread::of(swapped);
    paper.say(&format!(
        "{entries} names; {rate:.0} requests a second, half of what this server bears with its one worker on one processor, \
         which compiles the list too. In every second slice of {:.0} s the list is replaced by another; from the save to \
         the first click that the new one stops it took {:.1} s ({:.1} .. {:.1}). Microseconds, median (least .. most).",
        length.as_secs_f64(),
        swapped.median,
        swapped.least,
        swapped.most
    ));
    let figures: [Figure; 4] =
        [("p50", |o| o.p50), ("p99", |o| o.p99), ("p99.9", |o| o.p999), ("unanswered", |o| o.lost)];
    let row = |at: usize, what: &str| {
        let told = |(_, figure): &Figure| {
            let spread = rounds.spread(at, figure);
            format!("{:.0} ({:.0} .. {:.0})", spread.median, spread.least, spread.most)
        };
        std::iter::once(what.to_owned()).chain(figures.iter().map(told)).collect::<Vec<_>>()
    };
    paper.table(&["slice", "p50", "p99", "p99.9", "unanswered"], &[row(0, "steady"), row(1, "with a swap")]);
    paper.say(&rounds.note());
    let ratio = rounds.ratio(1, 0, |outcome| outcome.p99);
    let what = "B8 p99 while a list is replaced";
    paper.goal(what, "<= 1.2 times steady", ratio.ratio(), Some(ratio.median <= 1.2));
    let lost = rounds.spread(1, |outcome| outcome.lost).most;
    paper.goal("B8 requests lost meanwhile", "none", format!("{lost:.0}"), Some(lost == 0.0));
    drop(server);
    memory(most, paper)
}

/// The whole proxy with a list of so many names that was compiled before, after clicks that went through all of it.
fn memory(most: u64, paper: &mut Paper) -> Result<()> {
    let site = Site::make()?;
    let folder = tempfile::tempdir_in("target")?;
    write_list(&site, most, 0)?;
    let began = Instant::now();
    compile(&site)?;
    let compiled = began.elapsed();
    let began = Instant::now();
    let (server, _) = site.serve("sekisho serve")?;
    in_force(&site, &server, 0)?;
    let started = began.elapsed();
    let links = write_paths(folder.path(), "links", &site.links(LINKS, clean)?)?;
    wrk::slice(&server, &links, "keep-alive", Duration::from_secs(3))?;
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid()))?;
    let of = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()).unwrap_or(0.0) / 1e3
    };
    let (all, own, mapped) = (of("VmRSS:"), of("RssAnon:"), of("RssFile:"));
    paper.say(&format!(
        "And the whole proxy with a list of {most} names, compiled by `sekisho list compile` in {:.1} s: from its start to the \
         first click that the list stops {:.0} ms; after {LINKS} links {all:.0} MB resident, {own:.0} of its own and \
         {mapped:.0} of files that are mapped, with the program itself. No source is asked here, so the cache of findings is \
         empty.",
        compiled.as_secs_f64(),
        started.as_secs_f64() * 1e3
    ));
    let met = (most == 10_000_000).then_some(all <= 160.0);
    paper.goal("B11 the whole proxy, without findings", "<= 160 MB", format!("{all:.0} MB"), met);
    Ok(())
}

fn list(site: &Site) -> std::path::PathBuf {
    site.folder().join("blocklists/long.list")
}

/// What a version of the list stops and no other does.
fn marked(version: usize) -> String {
    format!("version-{version}.example")
}

fn write(to: &Path, entries: u64, version: usize) -> Result<()> {
    let mut file = BufWriter::new(fs::File::create(to)?);
    writeln!(file, "{}", marked(version))?;
    (0..entries).try_for_each(|at| writeln!(file, "{}", name(at + version as u64 * 7)))?;
    file.into_inner()?.sync_all()?;
    Ok(())
}

fn write_list(site: &Site, entries: u64, version: usize) -> Result<()> {
    write(&list(site), entries, version)
}

fn prepare(site: &Site, entries: u64, version: usize) -> Result<()> {
    write(&list(site).with_extension("next"), entries, version)
}

fn save(site: &Site) -> Result<()> {
    Ok(fs::rename(list(site).with_extension("next"), list(site))?)
}

fn compile(site: &Site) -> Result<()> {
    let file = site.write_config("compile", "127.0.0.1:0".parse()?, "127.0.0.1:0".parse()?, "")?;
    let mut command = Command::new("target/release/sekisho");
    command.args(["list", "compile", "--config"]).arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().context("target/release/sekisho does not start")?;
    ensure!(status.success(), "the list is not compiled: {status}");
    Ok(())
}

/// Waits until a click is stopped by this version.
fn in_force(site: &Site, server: &Server, version: usize) -> Result<()> {
    let link = site.links(1, |_| format!("https://www.{}/", marked(version)))?.remove(0);
    let until = Instant::now() + PATIENCE;
    while !ask(server.address, &link)?.starts_with("HTTP/1.1 403 ") {
        ensure!(Instant::now() < until, "version {version} of the list is not in force");
        sleep(Duration::from_millis(10));
    }
    Ok(())
}
