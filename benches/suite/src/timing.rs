//! Whether the time of a refusal tells what is wrong with a link: a changed tag, a key that is not ours, no shape at all.
//!
//! Each kind is sent as often as links whose tag alone is wrong, of the same length, in random order; then Welch's t of
//! the two. Whoever forges links sees no difference while |t| stays under 4.5. The slowest tenth is left out, since what
//! stands there is the machine.

use std::{
    hint::black_box,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use anyhow::Result;
use sekisho::link::Keyring;

use crate::{
    paper::Paper,
    process::Server,
    site::{HOST, Site, TENANT},
};

const BOUND: f64 = 4.5;
/// Links of each kind.
const LINKS: usize = 64;

struct Kind {
    name: &'static str,
    paths: Vec<String>,
    /// Of the same lengths, with nothing wrong but the tag.
    beside: Vec<String>,
}

fn url(at: usize, more: usize) -> String {
    format!("https://www.shop{at:03}.example.com/autumn/item?id={at:08}{}", "x".repeat(more))
}

fn changed(path: &str, from_end: usize) -> String {
    let at = path.len() - from_end;
    let other = if &path[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &path[..at], &path[at + 1..])
}

/// Where the token begins.
fn token(path: &str) -> usize {
    path.rfind('/').map_or(0, |slash| slash + 1)
}

fn kinds(site: &Site) -> Result<Vec<Kind>> {
    let good = site.links(LINKS, |at| url(at, 0))?;
    let longer = site.links(LINKS, |at| url(at, 6))?;
    let stranger = Keyring::generate([9; 32], site.now().plus_millis(-3_600_000));
    let of = |ring: &Keyring, tenant: u16| -> Result<Vec<String>> {
        let tenant = sekisho::base::TenantId(tenant);
        let minter = ring.minter(tenant, site.now())?;
        let facts = sekisho::link::Facts {
            tenant,
            place: sekisho::link::Place::Html,
            issued: site.now(),
            message: sekisho::base::MessageHash([1; 8]),
            recipient: sekisho::base::RecipientHash([2; 8]),
        };
        (0..LINKS)
            .map(|at| {
                let url = sekisho::url::parse(&url(at, 0)).map_err(|error| anyhow::anyhow!("{error}"))?;
                Ok(minter.mint(&url, &facts)?.to_string())
            })
            .collect()
    };
    let made = |name, change: &dyn Fn(&String) -> String| Kind {
        name,
        paths: good.iter().map(change).collect(),
        beside: good.iter().map(|path| changed(path, 5)).collect(),
    };
    let beside = || good.iter().map(|path| changed(path, 5)).collect();
    Ok(vec![
        made("another changed tag (control)", &|path| changed(path, 9)),
        Kind { name: "key that is not ours", paths: of(&stranger, TENANT.0)?, beside: beside() },
        Kind { name: "tenant that is not served", paths: of(site.ring(), 4_000)?, beside: beside() },
        Kind {
            name: "end cut off",
            paths: longer.iter().map(|path| path[..path.len() - 8].to_owned()).collect(),
            beside: beside(),
        },
        made("letters in the wrong case", &|path| {
            path[..token(path)].to_owned() + &path[token(path)..].to_ascii_lowercase()
        }),
        made("no base64", &|path| format!("{}--.{}", &path[..token(path) + 40], &path[token(path) + 43..])),
        made("another host in clear", &|path| path.replacen("www.shop", "www.evil", 1)),
        made("no version at the end", &|path| format!("{}x", &path[..path.len() - 1])),
    ])
}

/// Takes both kinds `count` times in random order. `once` says how long one takes.
fn welch(kind: &Kind, count: usize, mut once: impl FnMut(&str) -> Result<f64>) -> Result<(f64, f64, f64)> {
    let (mut ones, mut others) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    while ones.len() < count || others.len() < count {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let at = (random >> 33) as usize % LINKS;
        let (paths, times) = if random & 1 == 0 { (&kind.paths, &mut ones) } else { (&kind.beside, &mut others) };
        times.push(once(&paths[at])?);
    }
    // One bound for both, or leaving out would make a difference itself.
    let mut all: Vec<f64> = ones.iter().chain(&others).copied().collect();
    all.sort_by(f64::total_cmp);
    let bound = all[all.len() * 9 / 10];
    let moments = |times: &[f64]| {
        let kept: Vec<f64> = times.iter().copied().filter(|time| *time <= bound).collect();
        let count = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / count;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    };
    let ((one, one_error), (other, other_error)) = (moments(&ones), moments(&others));
    Ok(((one - other) / (one_error + other_error).sqrt(), one, other))
}

/// In the process, and through the server.
pub fn measure(site: &Site, server: &Server, count: usize, paper: &mut Paper) -> Result<()> {
    paper.heading("What the time of a refusal tells");
    paper.say(&format!(
        "Each kind of bad link beside links of the same length whose tag alone is wrong, {count} of each in the process and \
         {} through the server, in random order; Welch's t of the two, the slowest tenth left out. Under {BOUND} nothing \
         can be told apart with so many tries.",
        count / 10
    ));
    let opener = site.ring().opener(&[TENANT]);
    let mut stream = TcpStream::connect(server.address)?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let (mut rows, mut worst) = (Vec::new(), (0.0_f64, 0.0_f64));
    for kind in kinds(site)? {
        let inside = welch(&kind, count, |path| {
            let began = Instant::now();
            let opened = opener.open(black_box(path.as_bytes()), &[TENANT], site.now());
            let took = began.elapsed();
            assert!(opened.is_err(), "{}: {path} opens", kind.name);
            Ok(took.as_nanos() as f64)
        })?;
        let outside = welch(&kind, count / 10, |path| {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
            let began = Instant::now();
            stream.write_all(request.as_bytes())?;
            let mut got = 0;
            loop {
                got += stream.read(&mut buffer[got..])?;
                if ends(&buffer[..got]) {
                    break;
                }
            }
            Ok(began.elapsed().as_nanos() as f64)
        })?;
        worst = (worst.0.max(inside.0.abs()), worst.1.max(outside.0.abs()));
        rows.push(vec![
            kind.name.to_owned(),
            format!("{:.0} / {:.0} ns", inside.1, inside.2),
            format!("{:+.1}", inside.0),
            format!("{:.1} / {:.1} us", outside.1 / 1e3, outside.2 / 1e3),
            format!("{:+.1}", outside.0),
        ]);
    }
    paper.table(&["what is wrong", "in the process: it / tag alone", "t", "through the server", "t"], &rows);
    paper.goal("117 refusals through the server", "|t| < 4.5", format!("{:.1}", worst.1), Some(worst.1 < BOUND));
    paper.goal("117 refusals in the process", "|t| < 4.5", format!("{:.1}", worst.0), Some(worst.0 < BOUND));
    Ok(())
}

fn ends(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let text = std::str::from_utf8(&answer[..head]).unwrap_or_default();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|text| text.parse().ok());
    answer.len() >= head + 4 + length.unwrap_or(0)
}
