//! Mutations of every message at hand: parts are opened, their text is changed where its structure is, and encoded anew;
//! headers and raw bytes are changed too. Nothing panics and no law breaks, and, in the named command, nothing takes
//! longer than it may.
//!
//!     SEKISHO_MUTATIONS=1000000 cargo test --release --test it mutations::many -- --ignored --nocapture
//!
//! `SEKISHO_SEED` names another beginning; what broke names the seed that makes it again.

use std::{
    panic::catch_unwind,
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sekisho::message::{Limits, Role, split};

use crate::{
    mails::{Mail, corpus_mails},
    rewrite::{care, laws},
};

/// Splitmix64: the same on every machine.
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.draw() % end.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

const HTML: [&str; 58] = [
    "<",
    ">",
    "\"",
    "'",
    "`",
    "=",
    "/",
    " ",
    "\0",
    "\r\n",
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<!--[if mso]>",
    "<![endif]-->",
    "<![if !mso]>",
    "<!--[IF x]>",
    "<![CDATA[",
    "]]>",
    "<?x",
    "<a ",
    "<a href=",
    "<a href=\"",
    "<a href='//evil.test/a'>",
    "</a>",
    "<base href=https://b.test/>",
    "<svg>",
    "</svg>",
    "<math>",
    "<style>",
    "</style>",
    "<title>",
    "<noscript>",
    "</noscript>",
    "<xmp>",
    "<select>",
    "<table>",
    "<td>",
    "<template>",
    "<iframe srcdoc=\"",
    "&lt;a href=&quot;//evil.test&quot;&gt;",
    "&",
    "&#x",
    "&amp;",
    "<form method=post action=//evil.test>",
    "<input type=password>",
    "<meta http-equiv=refresh content='0;url=//e.test'>",
    "javascript:",
    "https://evil.test/",
    "www.evil.test",
    "evil.com",
    "<wbr>",
    "<b>",
    "</b>",
    "<v:rect href=//e.test>",
    "é",
    "日本",
];

const TEXT: [&str; 26] = [
    "http://",
    "https://",
    "www.",
    "evil.com",
    "@",
    "/",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    "<URL:",
    " \r\n",
    "\r\n",
    "\r\n> ",
    "```\r\n",
    "--- a\r\n+++ b\r\n@@ -1,9 +1,9 @@\r\n",
    "xmlns=\"",
    "\"",
    "\0",
    "。",
    "日本",
    "\u{202e}",
    "\u{ad}",
    ".",
];

const FIELDS: [&str; 14] = [
    "Content-Type: text/html\r\n",
    "Content-Type: text/plain; charset=utf-16\r\n",
    "Content-Type: text/html; charset=iso-2022-jp\r\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: 7bit\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "Content-Transfer-Encoding: x\r\n",
    "Content-Base: https://b.test/\r\n",
    "Content-Location: https://b.test/\r\n",
    "X-Sekisho: v1\r\n",
    "\r\n",
    " \r\n",
    "x\r\n",
];

/// Changes a text in one place, by its structure where it has one.
fn mutate_text(text: &str, pieces: &[&str], random: &mut Random) -> String {
    let mut out = text.to_owned();
    for _ in 0..=random.below(6) {
        let spots: Vec<usize> = match random.below(3) {
            0 => Vec::new(),
            1 => out.match_indices(['<', '>', '"', '=']).map(|(at, _)| at).take(4096).collect(),
            _ => out.match_indices("http").map(|(at, _)| at).take(4096).collect(),
        };
        let at = if spots.is_empty() { random.below(out.len() + 1) } else { *random.pick(&spots) + random.below(2) };
        let at = out.floor_char_boundary(at);
        match random.below(6) {
            0 => {
                let end = out.ceil_char_boundary((at + 1 + random.below(12)).min(out.len()));
                out.replace_range(at..end, "");
            }
            1 => {
                let end = out.ceil_char_boundary((at + 1 + random.below(200)).min(out.len()));
                let copy = out[at..end].to_owned();
                let to = random.below(out.len() + 1);
                let to = out.floor_char_boundary(to);
                out.insert_str(to, &copy);
            }
            2 if random.below(20) == 0 => out.truncate(at),
            _ => {
                let piece: &&str = random.pick(pieces);
                out.insert_str(at, piece);
            }
        }
    }
    out
}

/// A message of one part of `mail`, its text changed, in some encoding.
fn mutate_part(mail: &[u8], random: &mut Random) -> Option<Vec<u8>> {
    let limits = Limits::default();
    let structure = split(mail, &limits);
    let texts: Vec<_> =
        structure.parts.iter().filter(|part| part.role == Role::Leaf && part.media.kind == "text").collect();
    if texts.is_empty() {
        return None;
    }
    let part = random.pick(&texts);
    let opened = part.open(mail, &limits).ok()?;
    let html = part.media.subtype == "html";
    let pieces: &[&str] = if html { &HTML } else { &TEXT };
    let text = mutate_text(opened.text(), pieces, random);
    let flowed = ["", "; format=flowed; delsp=yes"][random.below(2)];
    let media = if html { "text/html; charset=utf-8".to_owned() } else { format!("text/plain; charset=utf-8{flowed}") };
    let head = format!("Message-ID: <m@example.com>\r\nContent-Type: {media}\r\nContent-Transfer-Encoding: ");
    let (transfer, body) = match random.below(3) {
        0 => ("base64", STANDARD.encode(&text).into_bytes().chunks(76).collect::<Vec<_>>().join(&b"\r\n"[..])),
        1 => ("quoted-printable", quoted_printable(&text)),
        _ => ("8bit", text.into_bytes()),
    };
    Some([head.as_bytes(), transfer.as_bytes(), b"\r\n\r\n", &body].concat())
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let (mut out, mut column) = (Vec::new(), 0);
    for byte in text.bytes() {
        if byte == b'\n' {
            column = 0;
        } else if column > 70 {
            out.extend(b"=\r\n");
            column = 0;
        }
        if byte.is_ascii_graphic() && byte != b'=' || matches!(byte, b' ' | b'\r' | b'\n') {
            out.push(byte);
            column += 1;
        } else {
            out.extend(format!("={byte:02X}").bytes());
            column += 3;
        }
    }
    out
}

/// The raw message with some bytes, lines or fields changed.
fn mutate_raw(mail: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = mail.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(out.len() + 1);
        match random.below(5) {
            0 if at < out.len() => out[at] = random.draw() as u8,
            1 => drop(out.drain(at..(at + random.below(80)).min(out.len()))),
            2 => {
                let line = out[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                out.splice(line..line, random.pick(&FIELDS).bytes());
            }
            3 => {
                let piece = out[at..(at + random.below(400)).min(out.len())].to_vec();
                let to = random.below(out.len() + 1);
                out.splice(to..to, piece);
            }
            _ => drop(out.splice(at..at, random.pick(&HTML).bytes())),
        }
    }
    out
}

fn mutant(mails: &[Mail], seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mail = random.pick(mails);
    let raw = match random.below(4) {
        0 => None,
        _ => mutate_part(&mail.raw, &mut random),
    };
    raw.unwrap_or_else(|| mutate_raw(&mail.raw, &mut random))
}

/// All laws that hold for a message whatever it is.
fn laws_hold(raw: &[u8]) {
    let once = laws::rewrite(raw);
    care::makes_no_difference("a mutant", raw);
    laws::nothing_else_moves("a mutant", raw, &once);
    laws::no_attribute_escapes("a mutant", &once);
    laws::twice_is_once("a mutant", &once);
    assert!(laws::rewriter().restore(&once.message, laws::NOW).is_ok());
}

fn run(mails: &[Mail], seeds: std::ops::Range<u64>, mut each: impl FnMut(&[u8], u64)) {
    assert!(!mails.is_empty());
    let mut broken = Vec::new();
    for seed in seeds {
        let raw = mutant(mails, seed);
        if catch_unwind(|| laws_hold(&raw)).is_err() {
            broken.push(seed);
            if broken.len() == 20 {
                break;
            }
        }
        each(&raw, seed);
    }
    if let Some(seed) = broken.first() {
        let file = std::env::temp_dir().join(format!("sekisho-mutant-{seed}.eml"));
        std::fs::write(&file, mutant(mails, *seed)).unwrap();
        panic!("seeds {broken:?} break a law; the first is in {}", file.display());
    }
}

#[test]
fn laws_hold_over_mutants() {
    let Some(mut mails) = corpus_mails() else { return };
    mails.retain(|mail| mail.raw.len() < 16 << 10);
    run(&mails, 0..250, |_, _| {});
}

/// No message takes longer than this, or this for each of its megabytes.
const LONGEST: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(50));

#[test]
#[ignore = "takes hours; see the head of this file"]
fn many() {
    let Some(mails) = corpus_mails() else { return };
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let (count, first) = (number("SEKISHO_MUTATIONS", 1_000_000), number("SEKISHO_SEED", 0));
    let (mut slow, mut worst, mut bytes) = (Vec::new(), (0.0, 0), 0);
    run(&mails, first..first + count, |raw, seed| {
        let allowed = LONGEST.0.max(LONGEST.1.mul_f64(raw.len() as f64 / f64::from(1 << 20)));
        let took = (0..3)
            .map(|_| {
                let start = Instant::now();
                std::hint::black_box(laws::rewrite(raw));
                start.elapsed()
            })
            .min()
            .unwrap();
        let share = took.as_secs_f64() / allowed.as_secs_f64();
        if share > worst.0 {
            worst = (share, seed);
        }
        if share > 1.0 {
            slow.push(format!("seed {seed}: {took:?} for {} bytes", raw.len()));
        }
        bytes += raw.len();
    });
    println!("{count} mutants, {bytes} bytes; the slowest took {:.2} of what it may (seed {})", worst.0, worst.1);
    assert!(slow.is_empty() || cfg!(debug_assertions), "{} too slow:\n{}", slow.len(), slow.join("\n"));
}
