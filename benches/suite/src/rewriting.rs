//! The rewriting of messages beside what others would use for it.

use std::{fs, hint::black_box, path::Path, process::Command, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, ensure};
use html5ever::{
    ParseOpts, parse_document,
    serialize::{SerializeOpts, serialize},
    tendril::TendrilSink as _,
};
use lol_html::{RewriteStrSettings, element, rewrite_str};
use markup5ever_rcdom::{RcDom, SerializableHandle};
use sekisho::{
    base::{MessageHash, RecipientHash, Timestamp},
    link::{Facts, Keyring, LinkBase, Minter, Place},
    message::Limits,
    rewrite::{Policy, Rewriter},
    url::{self, Suffixes},
};

use crate::{
    cpu,
    newsletters::{Encoding, Letter, letters, message},
    paper::Paper,
    site::TENANT,
    slices::{Plan, Spread, take, watched},
};

const NOW: Timestamp = Timestamp::from_secs(1_795_492_800);

struct Desk {
    rewriter: Rewriter,
    minter: Minter,
    base: LinkBase,
}

impl Desk {
    fn new() -> Result<Self> {
        let ring = Keyring::generate([7; 32], NOW.plus_millis(-3_600_000));
        let base = LinkBase::parse("https://go.corp.example")?;
        let (minter, suffixes) = (ring.minter(TENANT, NOW)?, Arc::new(Suffixes::builtin()));
        // Everything is to be rewritten, however much it is.
        let limits = Limits { decoded_bytes: 256 << 20, ..Limits::default() };
        let policy = Policy { links_max: 10_000_000, growth_max: 1 << 30, limits, ..Policy::default() };
        let rewriter = Rewriter::new(minter.clone(), ring.opener(&[TENANT]), base.clone(), suffixes, policy);
        Ok(Self { rewriter, minter, base })
    }

    fn rewrite(&self, raw: &[u8]) -> Result<usize> {
        Ok(black_box(self.rewriter.rewrite(raw, &Default::default(), NOW)?).message.len())
    }

    fn link(&self, href: &str) -> Option<String> {
        let facts = Facts {
            tenant: TENANT,
            place: Place::Html,
            issued: NOW,
            message: MessageHash([1; 8]),
            recipient: RecipientHash([2; 8]),
        };
        let url = url::parse(&href.replace("&amp;", "&")).ok()?;
        Some(self.base.link(&self.minter.mint(&url, &facts).ok()?))
    }

    /// What one would write with lol_html alone: every `href` of an `a`, nothing proven, nothing else looked at.
    fn lol_html(&self, html: &str) -> Result<usize> {
        let href = element!("a[href]", |element| {
            if let Some(link) = element.get_attribute("href").and_then(|href| self.link(&href)) {
                element.set_attribute("href", &link)?;
            }
            Ok(())
        });
        let settings = RewriteStrSettings::new().append_element_content_handler(href);
        let rewritten = rewrite_str(html, settings).map_err(|error| anyhow::anyhow!("{error}"))?;
        Ok(black_box(rewritten).len())
    }
}

fn html5ever(html: &str) -> Result<usize> {
    let dom = parse_document(RcDom::default(), ParseOpts::default()).one(html);
    let mut out = Vec::with_capacity(html.len());
    serialize(&mut out, &SerializableHandle::from(dom.document.clone()), SerializeOpts::default())?;
    Ok(black_box(out).len())
}

fn mail_parser(raw: &[u8]) -> Result<usize> {
    let parsed = mail_parser::MessageParser::default().parse(raw).context("mail-parser reads nothing")?;
    Ok(black_box(&parsed).parts.len())
}

/// Thread time of `work`, repeated until it is long enough to be read.
fn timed(length: Duration, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let began = cpu::of_thread();
    let mut times = 0_u32;
    while times == 0 || cpu::of_thread() - began < length {
        work()?;
        times += 1;
    }
    Ok((cpu::of_thread() - began).as_secs_f64() / f64::from(times))
}

type Work<'a> = (&'static str, usize, Box<dyn Fn() -> Result<()> + 'a>);

/// R1 to R5.
pub fn beside(plan: Plan, count: usize, corpus: Option<&Path>, paper: &mut Paper) -> Result<()> {
    let desk = Desk::new()?;
    let made = letters(count);
    eight_bit_agrees(&desk, &made)?;
    letters_beside(plan, &desk, &made, paper)?;
    if let Some(folder) = corpus {
        real(plan, &desk, folder, paper)?;
    }
    Ok(())
}

/// What is compared does the same: links of ours where there were others.
fn eight_bit_agrees(desk: &Desk, made: &[Letter]) -> Result<()> {
    let letter = made.first().context("no letter")?;
    let report = desk.rewriter.rewrite(&letter.raw, &Default::default(), NOW)?.report;
    ensure!(report.counts.wrapped == 87 && report.counts.defanged == 0, "{:?}", report.counts);
    Ok(())
}

fn letters_beside(plan: Plan, desk: &Desk, made: &[Letter], paper: &mut Paper) -> Result<()> {
    let html_bytes: usize = made.iter().map(|letter| letter.html.len()).sum();
    let raw_bytes: usize = made.iter().map(|letter| letter.raw.len()).sum();
    let alone: Vec<Vec<u8>> = made
        .iter()
        .enumerate()
        .map(|(at, letter)| message(at, &[("text/html", &letter.html, Encoding::EightBit)]))
        .collect();
    paper.heading("Rewriting messages");
    paper.say(&format!(
        "{} newsletters made by a seeded generator, {:.0} KB and 87 links each on average, HTML and text, three in four \
         quoted-printable and the others base64. Time of the thread alone; everybody in turn.",
        made.len(),
        raw_bytes as f64 / made.len() as f64 / 1e3
    ));
    let html = |work: fn(&Desk, &str) -> Result<usize>| {
        move || made.iter().try_for_each(|letter| work(desk, &letter.html).map(drop))
    };
    let raws = |work: fn(&Desk, &[u8]) -> Result<usize>| {
        move || made.iter().try_for_each(|letter| work(desk, &letter.raw).map(drop))
    };
    let all: Vec<Work<'_>> = vec![
        ("HTML: lol_html, `a[href]` rewritten", html_bytes, Box::new(html(|desk, html| desk.lol_html(html)))),
        ("HTML: ours, the message whole, one part in 8bit", html_bytes, {
            Box::new(|| alone.iter().try_for_each(|raw| desk.rewrite(raw).map(drop)))
        }),
        ("HTML: html5ever, parsed and serialised", html_bytes, Box::new(html(|_, html| html5ever(html)))),
        ("message: mail-parser, parsed", raw_bytes, Box::new(raws(|_, raw| mail_parser(raw)))),
        ("message: ours, rewritten whole", raw_bytes, Box::new(raws(|desk, raw| desk.rewrite(raw)))),
    ];
    let length = plan.slice / 4;
    let rounds = take(plan, all.len(), |at, _| {
        let (_, bytes, work) = &all[at];
        // Time of this thread: what others do disturbs it little, and the steal is in it.
        let (seconds, _, disturbance, wall) = watched(|| Ok(Duration::ZERO), || timed(length, work))?;
        Ok((*bytes as f64 / seconds / 1e6, disturbance, wall))
    })?;
    let each = |at: usize| rounds.spread(at, |rate| *rate);
    let micros = |at: usize| all[at].1 as f64 / each(at).median / made.len() as f64;
    let mut rows: Vec<Vec<String>> = (0..all.len())
        .map(|at| vec![all[at].0.to_owned(), number(each(at).median), number(1e6 / micros(at)), number(micros(at))])
        .collect();
    let python = python(made)?;
    for (name, micros) in &python {
        let rate = raw_bytes as f64 / made.len() as f64 / micros;
        rows.push(vec![(*name).to_owned(), number(rate), number(1e6 / micros), number(*micros)]);
    }
    paper.table(&["what", "MB/s", "a second and core", "us each"], &rows);
    paper.say(&rounds.note());
    let ratio = |one: usize, other: usize| rounds.ratio(one, other, |rate| *rate);
    let goal = |paper: &mut Paper, name, wanted: f64, ratio: Spread, of: &str| {
        paper.goal(name, format!(">= {wanted} times {of}"), ratio.ratio(), Some(ratio.median >= wanted));
    };
    goal(paper, "R1 HTML", 2.0, ratio(1, 0), "lol_html doing the same");
    goal(paper, "R2 HTML", 15.0, ratio(1, 2), "html5ever parsing and serialising");
    let speed = 1e6 / micros(4);
    paper.goal("R3 whole messages a second and core", ">= 6,000", number(speed), Some(speed >= 6_000.0));
    for ((name, wanted), (_, theirs)) in
        [("R4 beside email + lxml", 40.0), ("R4 beside email + BeautifulSoup", 150.0)].into_iter().zip(&python)
    {
        let times = theirs / micros(4);
        paper.goal(name, format!(">= {wanted} times"), format!("{times:.1}"), Some(times >= wanted));
    }
    goal(paper, "R5 whole message", 1.8, ratio(4, 3), "mail-parser parsing it");
    Ok(())
}

/// Python's email with lxml and with BeautifulSoup, on a few of the letters; microseconds each.
fn python(made: &[Letter]) -> Result<Vec<(&'static str, f64)>> {
    let folder = tempfile::tempdir_in("target")?;
    for (at, letter) in made.iter().take(12).enumerate() {
        fs::write(folder.path().join(format!("{at}.eml")), &letter.raw)?;
    }
    let out = Command::new("python3").arg("benches/suite/peers.py").arg(folder.path()).output()?;
    let said = String::from_utf8(out.stdout)?;
    ensure!(out.status.success(), "the Python peers failed: {}", String::from_utf8(out.stderr)?);
    let numbers: Vec<f64> = said.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let [lxml, soup] = numbers[..] else { anyhow::bail!("Python said {said}") };
    Ok(vec![("message: Python email + lxml", lxml), ("message: Python email + BeautifulSoup (lxml)", soup)])
}

/// Real messages, where there are some.
fn real(plan: Plan, desk: &Desk, folder: &Path, paper: &mut Paper) -> Result<()> {
    let mut raws = Vec::new();
    gather(folder, &mut raws)?;
    let bytes: usize = raws.iter().map(Vec::len).sum();
    if raws.is_empty() {
        return Ok(());
    }
    let seconds = timed(plan.slice, || {
        raws.iter().for_each(|raw| drop(black_box(desk.rewriter.rewrite(raw, &Default::default(), NOW))));
        Ok(())
    })?;
    paper.say(&format!(
        "{} real messages of a collection, {:.1} KB on average: {} a second and core, {} MB/s.",
        raws.len(),
        bytes as f64 / raws.len() as f64 / 1e3,
        number(raws.len() as f64 / seconds),
        number(bytes as f64 / seconds / 1e6)
    ));
    Ok(())
}

fn gather(folder: &Path, raws: &mut Vec<Vec<u8>>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            gather(&path, raws)?;
        } else if path.extension().is_some_and(|extension| extension == "eml") && raws.len() < 2_000 {
            raws.push(fs::read(path)?);
        }
    }
    Ok(())
}

/// R6 and R7.
pub fn growth(sizes: &[usize], paper: &mut Paper) -> Result<()> {
    let desk = Desk::new()?;
    paper.heading("Rewriting: size, links, and messages made to hurt");
    let html = letters(1).remove(0).html;
    let body = html.split_once("<table").map_or(html.as_str(), |(_, rest)| rest);
    let (mut rows, mut rates) = (Vec::new(), Vec::new());
    for size in sizes {
        let repeated = format!("<p>{}", format!("<table{body}").repeat(size.div_ceil(body.len())));
        let raw = message(0, &[("text/html", repeated.get(..*size).unwrap_or(&repeated), Encoding::QuotedPrintable)]);
        let seconds = timed(Duration::from_millis(300), || desk.rewrite(&raw).map(drop))?;
        let rate = raw.len() as f64 / seconds / 1e6;
        rates.push(rate);
        rows.push(vec![format!("{} KB of HTML", size / 1024), number(rate), number(seconds * 1e3)]);
    }
    let usual = rates.first().copied().unwrap_or(1.0);
    let growth = rates.last().copied().unwrap_or(0.0) / usual;
    let mut least = f64::INFINITY;
    for (name, html) in hurtful(256 * 1024) {
        let raw = message(0, &[("text/html", &html, Encoding::EightBit)]);
        let seconds = timed(Duration::from_millis(100), || {
            drop(black_box(desk.rewriter.rewrite(&raw, &Default::default(), NOW)));
            Ok(())
        })?;
        let rate = raw.len() as f64 / seconds / 1e6;
        least = least.min(rate);
        rows.push(vec![format!("256 KB of {name}"), number(rate), number(seconds * 1e3)]);
    }
    paper.table(&["message", "MB/s", "ms each"], &rows);
    let most = sizes.last().map_or(0, |size| size / 1024);
    paper.goal("R7 growth", format!("64 KB to {most} KB within 20 %"), format!("{growth:.2}"), Some(growth >= 0.8));
    let worst = least / usual;
    paper.goal("R7 messages made to hurt", ">= 1/4 of the usual MB/s", format!("{worst:.2}"), Some(worst >= 0.25));
    let with = |links: usize| -> Result<f64> {
        let link = |at: usize| match at < links {
            true => format!(
                "<p><a href=\"https://www.shop{at}.example.com/autumn/item?id={at:08}&amp;from=letter\">x</a></p>\r\n"
            ),
            false => format!(
                "<p><b title=\"https://www.shop{at}.example.com/autumn/item?id={at:08}&amp;from=letter\">x</b></p>\r\n"
            ),
        };
        let html: String = (0..500).map(link).collect();
        let raw = message(0, &[("text/html", &html, Encoding::QuotedPrintable)]);
        timed(Duration::from_millis(300), || desk.rewrite(&raw).map(drop))
    };
    let marginal = (with(500)? - with(0)?) / 500.0 * 1e6;
    paper.goal("R6 a further link", "<= 1.5 us", format!("{marginal:.2} us"), Some(marginal <= 1.5));
    Ok(())
}

/// HTML that costs a careless reader more than its bytes.
fn hurtful(size: usize) -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat(size / piece.len());
    let links = "<a href=\"https://a.example/\">a</a>";
    vec![
        ("`<`", links.to_owned() + &fill("<")),
        ("open comments", links.to_owned() + &fill("<!--")),
        ("a quote that never ends", format!("{links}<a href=\"{}", fill("x"))),
        ("tags in tags", links.to_owned() + &fill("<b>")),
        ("tables in tables", links.to_owned() + &fill("<table>")),
        ("one tag of many attributes", format!("{links}<a {}>", fill("a=1 "))),
        ("`&amp;`", format!("{links}<a href=\"https://a.example/{}\">", fill("&amp;"))),
        ("misnested formatting", links.to_owned() + &fill("<a><b></a>")),
        ("links alone", fill(links)),
        ("dots", links.to_owned() + &fill("a.b.")),
        ("conditional comments", links.to_owned() + &fill("<!--[if mso]>")),
    ]
}

fn number(value: f64) -> String {
    match value {
        value if value >= 1_000.0 => {
            let whole = format!("{value:.0}");
            let mut out = String::new();
            for (at, digit) in whole.chars().enumerate() {
                if at > 0 && (whole.len() - at) % 3 == 0 {
                    out.push(',');
                }
                out.push(digit);
            }
            out
        }
        value if value >= 100.0 => format!("{value:.0}"),
        value => format!("{value:.1}"),
    }
}
