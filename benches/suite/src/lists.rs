//! Lists of up to tens of millions of names: how large the index is, how long a lookup takes, how long it takes to make
//! it and to begin with it, beside other ways to hold a set of names.

use std::{
    fs,
    hint::black_box,
    io::{BufWriter, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use sekisho::{
    base::Timestamp,
    feed::Compiled,
    list::{Context, Index as _, Table},
    url::{self, Canonical, Suffixes},
};

use crate::{
    cpu,
    names::{mix, name},
    paper::Paper,
    peers::{self, Peer},
    slices::Spread,
};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Measure {
    /// Names of each index, from small to large.
    pub sizes: &'static [u64],
    /// Names that all peers hold, and rules of adblock-rust, which needs more memory than the others.
    pub beside: (u64, u64),
    /// Different URLs that are looked up, and how often all of them are.
    pub lookups: u64,
    pub rounds: usize,
}

const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);
/// Every so many-th name of the list of URLs has paths on it.
const HOSTS_WITH_PATHS: u64 = 64;

pub fn measure(measure: Measure, paper: &mut Paper) -> Result<()> {
    paper.heading("Lists of millions of names");
    paper.say(
        "Names as they stand on lists of phishing sites, of about 25 bytes, made by number and the same in every run; each \
         a domain, so that a lookup asks for the host and every domain above it. Half of the hosts that are looked up have \
         `www.` in front. Nanoseconds of thread time a lookup, median (least .. most) of the rounds, in random order; the \
         files are in the page cache. Memory of a peer is what the process grew by.",
    );
    let folder = tempfile::tempdir()?;
    // First, while nothing was freed that a peer could take without the process growing.
    beside(measure, folder.path(), paper)?;
    growth(measure, folder.path(), paper)?;
    expressions(measure, folder.path(), paper)
}

/// An index of a list of the first `count` names, and what it took.
struct Made {
    table: Table,
    took: Duration,
    /// Bytes that the process grew by at most.
    peak: u64,
}

fn compile(folder: &Path, count: u64, line: impl Fn(u64) -> String) -> Result<Made> {
    let text = folder.join("names.list");
    let mut file = BufWriter::new(fs::File::create(&text)?);
    (0..count).try_for_each(|at| writeln!(file, "{}", line(at)))?;
    file.into_inner()?.sync_all()?;
    let compiled = Compiled::at(folder.join("compiled"))?;
    let suffixes = Suffixes::builtin();
    let context = Context { suffixes: &suffixes, own_hosts: &[], never_block: None };
    let before = cpu::resident(std::process::id())?;
    // From here on the peak counts anew.
    fs::write("/proc/self/clear_refs", "5").context("the peak of memory cannot be set back")?;
    let began = Instant::now();
    let draft = compiled.draft("names", &text, &context)?;
    ensure!(draft.read.bad.is_empty(), "{} is refused", draft.read.bad[0]);
    drop(compiled.publish(draft, NOW, "names".into())?);
    let took = began.elapsed();
    let peak = peak()?.saturating_sub(before);
    fs::remove_file(text)?;
    let table = compiled.newest("names").context("what was just compiled cannot be read")?;
    Ok(Made { table, took, peak })
}

fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? * 1024)
}

fn key(host: &str, path: &str) -> Result<Canonical> {
    Ok(url::parse(&format!("https://{host}{path}"))?.canonical())
}

/// Keys of names from `first` on, of so many, in an order of chance.
fn keys(first: u64, count: u64, lookups: u64) -> Result<Vec<Canonical>> {
    let of = |at: u64| {
        let name = name(first + mix(at) % count);
        key(&if at.is_multiple_of(2) { format!("www.{name}") } else { name }, "/index.html?id=7")
    };
    (0..lookups).map(of).collect()
}

/// Nanoseconds of one lookup; each has to find as many as it should.
fn nanos(rounds: usize, keys: &[Canonical], wanted: bool, finds: &dyn Fn(&Canonical) -> bool) -> Result<Spread> {
    let mut values = Vec::new();
    for _ in 0..=rounds {
        let began = cpu::of_thread();
        let right = keys.iter().filter(|key| finds(black_box(key)) == wanted).count();
        values.push((cpu::of_thread() - began).as_nanos() as f64 / keys.len() as f64);
        ensure!(right == keys.len(), "{} of {} lookups are wrong", keys.len() - right, keys.len());
    }
    // The first round fetches the files.
    values.remove(0);
    Ok(Spread::of(values))
}

fn in_table(table: &Table) -> impl Fn(&Canonical) -> bool {
    |key| {
        let mut found = false;
        table.lookup(key, NOW, &mut |_| found = true);
        found
    }
}

fn told(spread: Spread) -> String {
    format!("{:.0} ({:.0} .. {:.0})", spread.median, spread.least, spread.most)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

fn growth(measure: Measure, folder: &Path, paper: &mut Paper) -> Result<()> {
    let mut rows = Vec::new();
    for count in measure.sizes {
        let Made { table, took, peak } = compile(folder, *count, name)?;
        let (index, records) = table.sizes();
        let each = index as f64 / *count as f64;
        let hit = nanos(measure.rounds, &keys(0, *count, measure.lookups)?, true, &in_table(&table))?;
        let miss = nanos(measure.rounds, &keys(*count, *count, measure.lookups)?, false, &in_table(&table))?;
        drop(table);
        let start = cold_start(folder)?;
        if *count == 10_000_000 {
            let worse = hit.median.max(miss.median);
            let seconds = took.as_secs_f64();
            paper.goal("B1 index at 10 million names", "<= 6 bytes a name", format!("{each:.2}"), Some(each <= 6.0));
            paper.goal("B2 lookup among 10 million", "<= 250 ns", format!("{worse:.0} ns"), Some(worse <= 250.0));
            paper.goal("B6 start with 10 million", "< 50 ms", format!("{start:.1} ms"), Some(start < 50.0));
            paper.goal("B7 compile 10 million lines", "<= 10 s", format!("{seconds:.1} s"), Some(seconds <= 10.0));
            let room = megabytes(peak) + " MB";
            paper.goal("B7 memory while compiling", "<= 1 GiB", room, Some(peak <= 1 << 30));
        }
        rows.push(vec![
            count.to_string(),
            megabytes(index),
            format!("{each:.2}"),
            megabytes(records),
            told(hit),
            told(miss),
            format!("{:.2}", took.as_secs_f64()),
            megabytes(peak),
            format!("{start:.2}"),
        ]);
    }
    paper.say("The index as it grows. *Start*: map, check every sum of the table, and answer the first lookup.");
    let head = [
        "names",
        "index, MB",
        "bytes a name",
        "records, MB",
        "hit, ns",
        "miss, ns",
        "compile, s",
        "peak, MB",
        "start, ms",
    ];
    paper.table(&head, &rows);
    Ok(())
}

/// Milliseconds from nothing to the first answer.
fn cold_start(folder: &Path) -> Result<f64> {
    let compiled = Compiled::at(folder.join("compiled"))?;
    let key = key(&name(7), "/")?;
    let began = Instant::now();
    let table = compiled.newest("names").context("no compiled list")?;
    let found = in_table(&table)(&key);
    let took = began.elapsed();
    ensure!(found, "the first lookup finds nothing");
    Ok(took.as_secs_f64() * 1e3)
}

/// Whether a set of names finds a host, and the bytes it holds where it knows that better than the process.
type Finds = Box<dyn Fn(&Canonical) -> bool>;

struct Asked {
    name: &'static str,
    bytes: f64,
    build: f64,
    hit: Spread,
    miss: Spread,
    /// Kept until all were asked: what one frees another would take.
    _finds: Finds,
}

fn ask(
    name: &'static str,
    count: u64,
    measure: Measure,
    make: impl FnOnce() -> Result<(Finds, Option<u64>)>,
) -> Result<Asked> {
    let (hits, misses) = (keys(0, count, measure.lookups)?, keys(count, count, measure.lookups)?);
    let (before, began) = (cpu::resident(std::process::id())?, Instant::now());
    let (finds, bytes) = make()?;
    let build = began.elapsed().as_secs_f64();
    let grown = cpu::resident(std::process::id())?.saturating_sub(before);
    let hit = nanos(measure.rounds, &hits, true, &*finds)?;
    let miss = nanos(measure.rounds, &misses, false, &*finds)?;
    Ok(Asked { name, bytes: bytes.unwrap_or(grown) as f64 / count as f64, build, hit, miss, _finds: finds })
}

fn boxed(peer: impl Peer + 'static) -> Result<(Finds, Option<u64>)> {
    Ok((Box::new(move |key| peer.finds(key)), None))
}

fn beside(measure: Measure, folder: &Path, paper: &mut Paper) -> Result<()> {
    let (count, rules) = measure.beside;
    let ours = |count: u64| {
        ask("this index, from the text", count, measure, || {
            let table = compile(folder, count, name)?.table;
            let bytes = table.sizes().0;
            Ok((Box::new(move |key| in_table(&table)(key)), Some(bytes)))
        })
    };
    let all = [
        ask("`HashSet<String>`", count, measure, || boxed(peers::hash_set(count)))?,
        ask("names in order, halving", count, measure, || boxed(peers::sorted(count)))?,
    ];
    let rules_asked = ask("adblock-rust, `||name^`", rules, measure, || boxed(peers::adblock(rules)))?;
    let fst = ask("fst, labels turned round", count, measure, || {
        let fst = peers::fst(count)?;
        let bytes = fst.bytes();
        Ok((Box::new(move |key| fst.finds(key)), Some(bytes)))
    })?;
    let [hash_set, sorted] = all;
    let all = [ours(count)?, hash_set, sorted, fst];
    let [ours_at_count, hash_set, ..] = &all;
    let memory = ours_at_count.bytes / hash_set.bytes;
    let faster = hash_set.hit.median / ours_at_count.hit.median;
    paper.goal(
        "B3 memory beside HashSet<String>",
        "<= 1/12",
        format!("1/{:.1}", 1.0 / memory),
        Some(memory <= 1.0 / 12.0),
    );
    paper.goal("B3 hits beside HashSet<String>", ">= 2.2 times as fast", format!("{faster:.2}"), Some(faster >= 2.2));
    paper.say(&format!(
        "Beside others, {count} names each. What this index holds in memory is its table; its records lie in the mapped \
         file, and hits are confirmed there. Its build is that of the whole file from a text, checked and synced."
    ));
    write_asked(&all, paper);
    let few = [ours(rules)?, rules_asked];
    let faster = few[1].hit.median / few[0].hit.median;
    paper.goal("B4 beside adblock-rust", ">= 8 times as fast", format!("{faster:.1}"), Some(faster >= 8.0));
    paper.say(&format!("And {rules} beside adblock-rust, which parses the URL in each lookup."));
    write_asked(&few, paper);
    Ok(())
}

fn write_asked(asked: &[Asked], paper: &mut Paper) {
    let row = |asked: &Asked| {
        let Asked { name, bytes, build, hit, miss, .. } = asked;
        vec![(*name).to_owned(), format!("{bytes:.2}"), told(*hit), told(*miss), format!("{build:.2}")]
    };
    let rows: Vec<_> = asked.iter().map(row).collect();
    paper.table(&["held as", "bytes a name", "hit, ns", "miss, ns", "build, s"], &rows);
}

/// URLs with five hosts and six paths to look up, on names that all have paths listed at every depth that is asked for.
fn expressions(measure: Measure, folder: &Path, paper: &mut Paper) -> Result<()> {
    let count = measure.beside.0;
    let line = |at: u64| match at % HOSTS_WITH_PATHS {
        depth @ 1..=4 => {
            let which = depth as usize - 1;
            let (below, path) = (["", "b.", "c.b.", "d.c.b."][which], ["q/", "q/r/", "q/r/s/", "q/r/s/t/"][which]);
            format!("{below}{}/{path}*", name(at - depth))
        }
        _ => name(at),
    };
    let table = compile(folder, count - count % HOSTS_WITH_PATHS, line)?.table;
    let of = |at: u64| {
        let host = name(mix(at) % (count / HOSTS_WITH_PATHS) * HOSTS_WITH_PATHS);
        key(&format!("d.c.b.{host}"), "/q/r/s/t/u/index.html?id=7")
    };
    let keys: Vec<Canonical> = (0..measure.lookups).map(of).collect::<Result<_>>()?;
    let expressions = keys.iter().map(|key| key.expressions().count()).sum::<usize>() as f64 / keys.len() as f64;
    let whole = nanos(measure.rounds, &keys, true, &in_table(&table))?;
    let met = Some(whole.median <= 5_000.0);
    paper.goal("B10 check of a whole URL", "<= 5 us", format!("{:.2} us", whole.median / 1e3), met);
    paper.say(&format!(
        "A whole URL among {count} entries: {expressions:.0} expressions of host and path in the sense of Safe Browsing, with \
         prefixes listed on every domain of the host: {} ns.",
        told(whole)
    ));
    Ok(())
}
