//! Whether a visit may use a URL up: a reset, a sign-in, an unsubscription, an approval, an invitation (attack row 128).
//!
//! Judged by how it looks, because nothing else is known before it is opened; on the side of leaving it alone. HEAD is no
//! way out: whoever spends a link on GET mostly spends it on HEAD too.

use std::{collections::HashSet, fmt, sync::LazyLock};

use super::WebUrl;

/// From how many characters on a random word is a key that may open something by itself.
const TOKEN: usize = 16;
/// Longest part that is looked at, in bytes; a longer one is a token whatever it is.
const PART_MAX: usize = 2048;

/// Why a URL looks as if it worked once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SingleUse {
    /// A part of its path or a value of its query looks like a key.
    Token,
    /// A parameter has a name that keys have.
    Parameter(String),
    /// A word says that opening it does something, and another part says for whom.
    Word(String),
}

impl fmt::Display for SingleUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => write!(f, "a part of it looks like a key"),
            Self::Parameter(name) => write!(f, "its parameter “{name}” looks like a key"),
            Self::Word(word) => write!(f, "it has the word “{word}”"),
        }
    }
}

/// Parameters that name keys.
const KEYS: &[&str] = &[
    "token",
    "access_token",
    "id_token",
    "reset_token",
    "invite_token",
    "confirmation_token",
    "flow_token",
    "code",
    "otp",
    "key",
    "secret",
    "sig",
    "signature",
    "nonce",
    "ticket",
    "jwt",
    "hash",
    "hmac",
    "auth",
    "authkey",
    "apikey",
    "magic",
    "passcode",
    "pin",
    "samlrequest",
    "samlresponse",
    "oobcode",
    "invite",
    "invitation",
    "verifier",
    "uuid",
    "guid",
];

/// Parameters that tell a web site's owner where a visitor came from, and open nothing however they look.
const TELLTALES: &[&str] = &[
    "gclid",
    "gbraid",
    "wbraid",
    "dclid",
    "fbclid",
    "msclkid",
    "twclid",
    "ttclid",
    "yclid",
    "igshid",
    "mc_cid",
    "_hsenc",
    "_hsmi",
    "hsctatracking",
    "mkt_tok",
    "srsltid",
    "epik",
    "li_fat_id",
    "ved",
    "ei",
    "si",
    "gs_lcp",
    "sei",
];

struct Words {
    alone: HashSet<&'static str>,
    anywhere: Vec<&'static str>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let text = include_str!("../../data/single_use_words.txt");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    // The first word of a line is its language.
    let words = lines.flat_map(|line| line.split_whitespace().skip(1));
    let (mut alone, mut anywhere) = (HashSet::new(), Vec::new());
    for word in words {
        match word.strip_prefix('=') {
            Some(word) => drop(alone.insert(word)),
            None => anywhere.push(word),
        }
    }
    anywhere.sort_unstable();
    anywhere.dedup();
    Words { alone, anywhere }
});

/// Whether a visit of `url` may use it up, and by what that shows. The fragment does not count: it is not sent.
pub fn single_use(url: &WebUrl) -> Option<SingleUse> {
    let segments: Vec<String> = url.path().split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let fields: Vec<(String, String)> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|field| !field.is_empty())
        .map(|field| {
            let (name, value) = field.split_once('=').unwrap_or(("", field));
            (decoded(name), decoded(value))
        })
        .filter(|(name, _)| !is_telltale(name))
        .collect();
    if segments.iter().any(|segment| is_token(segment)) || fields.iter().any(|(_, value)| is_token(value)) {
        return Some(SingleUse::Token);
    }
    let key = fields.iter().find(|(name, value)| KEYS.contains(&name.to_lowercase().as_str()) && value.len() >= 4);
    if let Some((name, _)) = key {
        return Some(SingleUse::Parameter(name.clone()));
    }
    by_word(url, &segments, &fields)
}

/// A word alone says what a page is for; only with something that says for whom can opening it do anything, since whoever
/// visits brings nothing along.
fn by_word(url: &WebUrl, segments: &[String], fields: &[(String, String)]) -> Option<SingleUse> {
    let host = url.host_str().split('.').next().unwrap_or_default();
    let path = segments.iter().enumerate().map(|(at, segment)| (Some(at), segment.as_str()));
    let named = fields.iter().flat_map(|(name, value)| [(None, name.as_str()), (None, value.as_str())]);
    let first = path.chain(named).chain([(None, host)]).find_map(|(at, part)| Some((at, part, word(part)?)));
    let (at, part, word) = first?;
    let personal = |other: &str| other != part && (other.len() >= 4 || other.bytes().any(|byte| byte.is_ascii_digit()));
    let by_field = fields.iter().any(|(_, value)| value.len() >= 3 || value.bytes().any(|byte| byte.is_ascii_digit()));
    let by_path = segments.iter().enumerate().any(|(other, segment)| {
        // What stands before the word says where it is, unless it is a number.
        let follows = at.is_none_or(|at| other > at);
        let is_number = segment.bytes().any(|byte| byte.is_ascii_digit()) && segment.len() >= 4;
        personal(segment) && (follows || is_number)
    });
    (by_field || by_path).then(|| SingleUse::Word(word.to_owned()))
}

/// The word of the list that stands in `part`.
fn word(part: &str) -> Option<&'static str> {
    let apart = camel_apart(part);
    let lower = apart.to_lowercase();
    let words = &*WORDS;
    let alone = lower.split(|c: char| !c.is_alphanumeric()).find_map(|word| words.alone.get(word).copied());
    let joined = part.to_lowercase();
    alone.or_else(|| words.anywhere.iter().copied().find(|word| joined.contains(word)))
}

/// `resetPassword` as `reset Password`.
fn camel_apart(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut was_lower = false;
    for character in text.chars() {
        if was_lower && character.is_uppercase() {
            out.push(' ');
        }
        was_lower = character.is_lowercase();
        out.push(character);
    }
    out
}

fn is_telltale(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("utm_") || name.starts_with("pk_") || TELLTALES.contains(&name.as_str())
}

/// Whether a part looks like something that nobody typed: long, and neither words nor a plain number.
fn is_token(part: &str) -> bool {
    if part.len() > PART_MAX {
        return true;
    }
    if is_uuid(part) {
        return true;
    }
    // A file name and its ending, an address, the pieces of a JWT.
    part.split(['.', '~', ':', ',', ';', '@', '=', ' ', '!', '*', '\'', '(', ')', '$', '|', '&', '+', '/', '?'])
        .any(is_random)
}

fn is_uuid(part: &str) -> bool {
    let lengths = [8, 4, 4, 4, 12];
    let pieces: Vec<&str> = part.split('-').collect();
    pieces.len() == lengths.len()
        && pieces
            .iter()
            .zip(lengths)
            .all(|(piece, length)| piece.len() == length && piece.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether a run of letters, digits, `-` and `_` is random rather than words joined by dashes.
fn is_random(run: &str) -> bool {
    if run.len() < TOKEN || !run.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_%".contains(&byte)) {
        return false;
    }
    let words: Vec<&str> = run.split(['-', '_']).filter(|word| !word.is_empty()).collect();
    let plain = |word: &&str| {
        let letters = word.bytes().all(|byte| byte.is_ascii_alphabetic());
        let digits = word.bytes().all(|byte| byte.is_ascii_digit());
        (letters && !mixes_cases(word)) || digits
    };
    let plain_bytes: usize = words.iter().filter(|word| plain(word)).map(|word| word.len()).sum();
    let all: usize = words.iter().map(|word| word.len()).sum();
    // A title may hold a number with a letter or two; most of it is words.
    let longest_odd = words.iter().filter(|word| !plain(word)).map(|word| word.len()).max().unwrap_or(0);
    longest_odd >= 10 || (all - plain_bytes) * 2 > all
}

/// Whether capitals stand where no word has them: two changes of case or more beside the first letter's.
fn mixes_cases(word: &str) -> bool {
    let upper: Vec<bool> = word.bytes().map(|byte| byte.is_ascii_uppercase()).collect();
    let changes = upper.windows(2).filter(|pair| pair.first() != pair.last()).count();
    // `CamelCaseTitles` change case often too, but between longer runs.
    changes * 3 > word.len()
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = |at: usize| bytes.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, hex(at + 1), hex(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (b'+', ..) => {
                out.push(b' ');
                at += 1;
            }
            _ => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    encoding_rs::UTF_8.decode_without_bom_handling(&out).0.into_owned()
}

#[cfg(test)]
mod tests;
