use std::net::IpAddr;

use super::mail::Mail;
use crate::judge::Hop;

/// Fields Received that are read; a message with more goes round in circles (RFC 5321 section 6.3).
const HOPS: usize = 50;

/// Of one field that many bytes; what hosts write is short.
const LONGEST: usize = 2048;

/// The hosts that a message came by, the last one first, as the fields Received say. Each is written by the host that took
/// it, so that everything below the last one that is known to be honest can be made up.
pub fn path(raw: &[u8]) -> Vec<Hop> {
    let received = Mail::of(raw);
    let received = received.fields().filter(|field| field.is("Received"));
    received.take(HOPS).map(|field| hop(field.value)).collect()
}

fn hop(value: &[u8]) -> Hop {
    let value = value.get(..value.len().min(LONGEST)).unwrap_or_default();
    let text: String = value.utf8_chunks().flat_map(|chunk| chunk.valid().chars()).collect();
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let Some(rest) = after(&text, "from ") else { return Hop { by: by(&text), ..Hop::default() } };
    let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let comment = rest.strip_prefix('(').map(inside).unwrap_or_default();
    // What stands behind it is the client's own word, address or not (Exim).
    let (found, own) = comment.split_once("helo=").map_or((comment, None), |(found, own)| (found, Some(own)));
    let bracketed = |text: &str| {
        let inside = text.rsplit_once('[')?.1.split_once(']')?.0;
        inside.strip_prefix("IPv6:").unwrap_or(inside).parse::<IpAddr>().ok()
    };
    // Postfix and Sendmail: what the client called itself, then what was found of it. Exim knows no more than the address
    // where that has no name.
    let address = bracketed(found).or_else(|| if own.is_some() || comment.is_empty() { bracketed(name) } else { None });
    let own = own.map(|own| own.split([' ', ')']).next().unwrap_or_default());
    Hop { from: some(own.unwrap_or(name)), address, by: by(rest) }
}

fn by(text: &str) -> Option<String> {
    let outside = without_comments(text);
    let rest = after(&outside, "by ")
        .map(str::to_owned)
        .or_else(|| outside.split_once(" by ").map(|(_, rest)| rest.into()))?;
    some(rest.split([' ', ';']).next().unwrap_or_default())
}

fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let start = text.get(..word.len())?;
    start.eq_ignore_ascii_case(word).then(|| text.get(word.len()..)).flatten()
}

fn some(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(255).collect();
    Some(plain).filter(|text| !text.is_empty())
}

/// Up to the parenthesis that closes; comments nest.
fn inside(text: &str) -> &str {
    let mut depth = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

fn without_comments(text: &str) -> String {
    let (mut out, mut depth) = (String::with_capacity(text.len()), 0_usize);
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(value: &str) -> (String, String, String) {
        let hop = hop(value.as_bytes());
        let address = hop.address.map(|address| address.to_string());
        (hop.from.unwrap_or_default(), address.unwrap_or_default(), hop.by.unwrap_or_default())
    }

    fn is(from: &str, address: &str, by: &str) -> (String, String, String) {
        (from.into(), address.into(), by.into())
    }

    #[test]
    fn fields_are_read_as_mail_systems_write_them() {
        let postfix = " from mail.a.example (unknown [IPv6:2001:db8::1])\r\n\tby mx.corp.example (Postfix) with ESMTPS id 4X\r\n\tfor <a@b>; date";
        assert_eq!(of(postfix), is("mail.a.example", "2001:db8::1", "mx.corp.example"));
        let sendmail =
            "from a.example (b.example [192.0.2.1] (may be forged)) by mx.corp.example (8.17/8.17) with ESMTP";
        assert_eq!(of(sendmail), is("a.example", "192.0.2.1", "mx.corp.example"));
        let exim = "from b.example ([192.0.2.1]:4242 helo=a.example) by mx.corp.example with esmtp (Exim 4.96)";
        assert_eq!(of(exim), is("a.example", "192.0.2.1", "mx.corp.example"));
        let nameless = "from [192.0.2.1] (helo=a.example) by mx.corp.example with esmtp (Exim 4.96)";
        assert_eq!(of(nameless), is("a.example", "192.0.2.1", "mx.corp.example"));
        assert_eq!(of("by mx.corp.example (Postfix, from userid 0) id 4X; date"), is("", "", "mx.corp.example"));
        assert_eq!(of(""), is("", "", ""));
    }

    #[test]
    fn what_a_client_calls_itself_is_no_address() {
        for (value, address) in [
            ("from [6.6.6.6] (unknown [192.0.2.1]) by mx", "192.0.2.1"),
            ("from [6.6.6.6] (unknown) by mx", ""),
            ("from x ([192.0.2.1] helo=[6.6.6.6]) by mx", "192.0.2.1"),
            ("from [192.0.2.1] (helo=[6.6.6.6]) by mx", "192.0.2.1"),
        ] {
            assert_eq!(of(value).1, address, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            hop(&bytes);
            let raw = [b"Received: from x (y [192.0.2.1]) by z\r\nReceived:", &bytes[..]].concat();
            prop_assert_eq!(path(&raw)[0].address, "192.0.2.1".parse().ok());
        }
    }
}
