//! What of a URL or an address may be shown to those who need not know whose it is.

use std::fmt::Write;

/// Stands for what is not shown.
pub const MASK: &str = "***";

/// How much of what is stored is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reveal {
    /// URLs and addresses less what may be a secret or name a person.
    #[default]
    Masked,
    /// Everything. Who asks for it says why, and that is logged.
    Whole,
}

/// Words behind which a path holds a secret, whatever it looks like.
const SECRET_FOLLOWS: [&str; 18] = [
    "activate",
    "auth",
    "code",
    "confirm",
    "invitation",
    "invite",
    "key",
    "login",
    "magic",
    "optout",
    "password",
    "reset",
    "secret",
    "session",
    "token",
    "unsubscribe",
    "user",
    "verify",
];

/// The URL with [`MASK`] in place of userinfo, query, fragment, path parameters (`;…`, `=…`) and the path segments that
/// look like a token, an id or an address of a person.
///
/// Any text is taken; what is neither a URL with a host nor a path (`mailto:…`, `data:…`) keeps its scheme alone. What
/// is masked once stays as it is. Errs towards masking: a segment too many costs a look at the whole URL, one too few
/// gives a password away.
pub fn mask_url(url: &str) -> String {
    let (scheme, rest) = split_scheme(url);
    let mut masked = String::with_capacity(url.len());
    masked.push_str(scheme);
    let path = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len()));
            let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            masked.push_str("//");
            if !userinfo.is_empty() {
                let _ = write!(masked, "{MASK}@");
            }
            masked.push_str(host);
            path
        }
        None if scheme.is_empty() => rest,
        None => {
            masked.push_str(MASK);
            return masked;
        }
    };
    mask_path(path, &mut masked);
    masked
}

/// The address with [`MASK`] for its local part, which names the person; the domain stays. Without an `@`, the mask.
pub fn mask_address(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((_, domain)) => format!("{MASK}@{domain}"),
        None => MASK.to_owned(),
    }
}

/// `scheme:` and the rest; an empty scheme where there is none (RFC 3986 section 3.1).
fn split_scheme(url: &str) -> (&str, &str) {
    let end = url.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))).unwrap_or(url.len());
    match url.get(end..) {
        Some(rest) if rest.starts_with(':') => url.split_at(end + 1),
        _ => ("", url),
    }
}

fn mask_path(path: &str, masked: &mut String) {
    let (segments, tail) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let mut before = "";
    for segment in segments.split_inclusive('/') {
        let (name, slash) = segment.strip_suffix('/').map_or((segment, ""), |name| (name, "/"));
        mask_segment(before, name, masked);
        masked.push_str(slash);
        before = name;
    }
    let (query, fragment) = tail.split_at(tail.find('#').unwrap_or(tail.len()));
    for (mark, part) in [("?", query), ("#", fragment)] {
        if !part.is_empty() {
            masked.push_str(mark);
        }
        if part.len() > mark.len() {
            masked.push_str(MASK);
        }
    }
}

fn mask_segment(before: &str, segment: &str, masked: &mut String) {
    let (name, parameters) = segment.split_at(segment.find([';', '=']).unwrap_or(segment.len()));
    let secret = !name.is_empty() && (follows_secret_word(before) || is_token(name));
    masked.push_str(if secret { MASK } else { name });
    if let Some(mark) = parameters.chars().next() {
        masked.push(mark);
        masked.push_str(MASK);
    }
}

/// Whether `segment` names what stands behind it: one of its words, or the whole without its dashes (`opt-out`).
fn follows_secret_word(segment: &str) -> bool {
    if segment.len() > 64 {
        return false;
    }
    let lower = segment.to_ascii_lowercase();
    let is_word = |word: &str| SECRET_FOLLOWS.iter().any(|secret| word.strip_prefix(secret).is_some_and(ends_word));
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(is_word) || is_word(&lower.replace(['-', '_'], ""))
}

/// `tokens` and `invited` count as `token` and `invite`; `keyboard` is not `key`.
fn ends_word(ending: &str) -> bool {
    matches!(ending, "" | "s" | "d" | "r")
}

/// Whether a segment looks like a secret, an id or a person's address.
fn is_token(segment: &str) -> bool {
    let Some(decoded) = decode(segment) else { return true };
    decoded.contains('@') || decoded.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

/// The segment with its percent escapes undone, what is not ASCII as blanks; none where an escape hides a letter or a
/// digit, which no honest software escapes (RFC 3986 section 2.3).
fn decode(segment: &str) -> Option<String> {
    let (mut decoded, mut bytes) = (String::with_capacity(segment.len()), segment.bytes());
    while let Some(byte) = bytes.next() {
        let escaped = if byte == b'%' { escape(&mut bytes) } else { None };
        match escaped {
            Some(escaped) if escaped.is_ascii_alphanumeric() => return None,
            Some(escaped) => decoded.push(if escaped.is_ascii() { char::from(escaped) } else { ' ' }),
            None => decoded.push(if byte.is_ascii() { char::from(byte) } else { ' ' }),
        }
    }
    Some(decoded)
}

fn escape(bytes: &mut std::str::Bytes<'_>) -> Option<u8> {
    let mut ahead = bytes.clone();
    let high = char::from(ahead.next()?).to_digit(16)?;
    let low = char::from(ahead.next()?).to_digit(16)?;
    *bytes = ahead;
    u8::try_from(high << 4 | low).ok()
}

/// Whether a run of letters and digits looks drawn by lot or counted rather than written: long, a long number, letters
/// and digits in turns, or cases in turns.
fn is_random(run: &str) -> bool {
    let bytes = run.as_bytes();
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    let turns =
        |differ: fn(u8, u8) -> bool| bytes.windows(2).filter(|pair| matches!(**pair, [a, b] if differ(a, b))).count();
    let kinds = turns(|a, b| a.is_ascii_digit() != b.is_ascii_digit());
    let rises = turns(|a, b| a.is_ascii_lowercase() && b.is_ascii_uppercase());
    let falls = turns(|a, b| a.is_ascii_uppercase() && b.is_ascii_lowercase());
    match bytes.len() {
        0..5 => false,
        // `windows11` and `2026nov` turn once, `mp3player` twice.
        5..8 => kinds >= 3 || kinds >= 1 && (rises >= 1 || falls >= 2) || kinds >= 2 && digits >= 3 || digits == 7,
        8..20 => digits >= 7 || kinds >= 3 || kinds >= 2 && digits >= 3 || kinds >= 1 && rises >= 1 || rises >= 3,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_may_be_secret_or_a_person_is_masked() {
        for (url, wanted) in [
            ("https://a.example/x?user=bob&t=1", "https://a.example/x?***"),
            ("https://a.example/#access_token=1", "https://a.example/#***"),
            ("https://a.example/x?#", "https://a.example/x?#"),
            ("https://bob:pw@a.example:8080/", "https://***@a.example:8080/"),
            ("https://a.example@b.example/x", "https://***@b.example/x"),
            ("https://a@b@c.example/x", "https://***@c.example/x"),
            ("https://a.example?x", "https://a.example?***"),
            ("https://a.example/p/5f0c9d4e-8a51-4f0e-9a7c-1b2c3d4e5f60/x", "https://a.example/p/***/x"),
            ("https://a.example/u/0123456789abcdef0123456789abcdef", "https://a.example/u/***"),
            ("https://a.example/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "https://a.example/***"),
            ("https://a.example/c/kJhGfDsAqWeR/", "https://a.example/c/***/"),
            ("https://a.example/3xYz12", "https://a.example/***"),
            ("https://a.example/order/12345678", "https://a.example/order/***"),
            ("https://a.example/to/bob@corp.example", "https://a.example/to/***"),
            ("https://a.example/to/bob%40corp.example", "https://a.example/to/***"),
            ("https://a.example/reset/abc", "https://a.example/reset/***"),
            ("https://a.example/password-reset/abc/done", "https://a.example/password-reset/***/done"),
            ("https://a.example/opt-out/bob/", "https://a.example/opt-out/***/"),
            ("https://a.example/x;jsessionid=1F/y", "https://a.example/x;***/y"),
            ("https://a.example/id=7/y", "https://a.example/id=***/y"),
            ("https://a.example/%61%62", "https://a.example/***"),
            ("mailto:bob@corp.example", "mailto:***"),
            ("data:text/html,<b>secret", "data:***"),
            ("//bob@a.example/x?y", "//***@a.example/x?***"),
            ("www.a.example/x?y", "www.a.example/x?***"),
        ] {
            assert_eq!(mask_url(url), wanted, "{url}");
        }
    }

    #[test]
    fn what_a_person_wrote_stays_readable() {
        for url in [
            "",
            "https://a.example/",
            "https://xn--n3h.example/path/to/page.html",
            "https://a.example/2026/11/24/the-quick-brown-fox-jumps-over-the-lazy-dog",
            "https://a.example/windows11/mp3player/MyHomePage/index.php",
            "https://a.example/%E6%97%A5%E6%9C%AC%E8%AA%9E/",
            "https://a.example/keyboard/cables",
            "https://203.0.113.7/a/b.zip",
            "https://[2001:db8::1]:8443/x/",
        ] {
            assert_eq!(mask_url(url), url);
        }
    }

    #[test]
    fn an_address_keeps_its_domain() {
        assert_eq!(mask_address("bob@corp.example"), "***@corp.example");
        assert_eq!(mask_address("\"a@b\"@corp.example"), "***@corp.example");
        assert_eq!(mask_address("bob"), "***");
    }

    proptest! {
        #[test]
        fn any_text_is_masked_once_and_for_all(text in ".{0,80}") {
            let once = mask_url(&text);
            prop_assert_eq!(mask_url(&once), once.clone());
        }

        #[test]
        fn a_secret_shows_nowhere(
            secret in "[g-z]{2}[0-9][g-z][0-9]{2}[G-Z]{2}[g-z0-9]{4,40}",
            shape in 0_usize..8,
            segments in proptest::collection::vec("[a-z]{1,9}", 0..4),
        ) {
            let path = segments.iter().map(|segment| format!("/{segment}")).collect::<String>();
            let url = match shape {
                0 => format!("https://{secret}@a.example{path}"),
                1 => format!("https://u:{secret}@a.example{path}"),
                2 => format!("https://a.example{path}/{secret}"),
                3 => format!("https://a.example{path}/x-{secret}.html/y"),
                4 => format!("https://a.example{path}?a=1&b={secret}"),
                5 => format!("https://a.example{path}#{secret}"),
                6 => format!("https://a.example{path}/v;s={secret}/y"),
                _ => format!("https://a.example{path}?a#b?{secret}"),
            };
            let masked = mask_url(&url);
            prop_assert!(!masked.contains(&secret), "{masked}");
            prop_assert!(masked.contains("a.example"), "{masked}");
        }
    }
}
