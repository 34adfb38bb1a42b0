//! What several formats read in the same way.

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use crate::url::{NotWeb, WebUrl, parse};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A URL as a wrapper has it: also without its scheme, which some leave out.
pub(super) fn url(text: &str) -> Option<WebUrl> {
    match parse(text) {
        Err(NotWeb::Relative) if text.contains('.') => parse(&format!("http://{text}")).ok(),
        parsed => parsed.ok(),
    }
}

/// The raw value of a parameter of the query; the first of several.
pub(super) fn parameter<'u>(url: &'u WebUrl, name: &str) -> Option<&'u str> {
    url.query()?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}

/// The text of a URL in the value of a parameter: plain, percent-encoded (once or more often) or base64. None where it
/// is nothing of the kind.
pub(super) fn decoded(value: &str) -> Option<String> {
    let mut text = percent(value);
    if let Some(base64) = base64_url(&text) {
        return Some(base64);
    }
    for _ in 0..3 {
        if !text.get(..12).unwrap_or(&text).contains('%') {
            break;
        }
        text = percent(&text);
    }
    (!text.is_empty()).then_some(text)
}

/// Percent-decodes once; what is no UTF-8 becomes replacement characters.
pub(super) fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = match (byte, bytes.get(at + 1), bytes.get(at + 2)) {
            (b'%', Some(high), Some(low)) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => decoded.push(high << 4 | low),
            None => decoded.push(byte),
        }
        at += if escaped.is_some() { 3 } else { 1 };
    }
    lossy(&decoded)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// The URL that a text holds in base64, in either alphabet, padded or not. Bing writes `a1` before it.
pub(super) fn base64_url(text: &str) -> Option<String> {
    let text = text.strip_prefix("a1").filter(|rest| rest.starts_with("aHR0c")).unwrap_or(text);
    if !text.starts_with("aHR0c") {
        return None;
    }
    let decoded = base64(text)?;
    let begins = |scheme: &str| decoded.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    (begins("http://") || begins("https://")).then_some(decoded)
}

/// As much of a text as is base64, decoded.
pub(super) fn base64(text: &str) -> Option<String> {
    let standard: Vec<u8> = text
        .bytes()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        .collect();
    // One character too many says nothing: six bits are no byte.
    let whole = standard.len() - usize::from(standard.len() % 4 == 1);
    let decoded = LENIENT.decode(standard.get(..whole)?).ok()?;
    Some(lossy(&decoded))
}

#[expect(clippy::disallowed_methods, reason = "what a URL encodes is UTF-8 (WHATWG URL, \"percent-decode\")")]
fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
