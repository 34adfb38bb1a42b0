/// RFC 2152: `+…-` holds UTF-16 in base64, `+-` is a plus. A stray surrogate becomes U+FFFD; other bytes than ASCII,
/// which the charset does not have, are taken as UTF-8 or windows-1252, so that nothing is hidden by them.
pub(super) fn decode(bytes: &[u8]) -> String {
    let source = super::loose_text(bytes);
    let (mut text, mut rest) = (String::with_capacity(source.len()), source.as_str());
    while let Some(plus) = rest.find('+') {
        text.push_str(rest.get(..plus).unwrap_or_default());
        rest = rest.get(plus + 1..).unwrap_or_default();
        let length = rest.bytes().take_while(|byte| sextet(*byte).is_some()).count();
        let shifted = rest.get(..length).unwrap_or_default();
        rest = rest.get(length..).unwrap_or_default();
        if shifted.is_empty() {
            text.push('+');
        }
        text.extend(char::decode_utf16(units(shifted)).map(|unit| unit.unwrap_or('\u{fffd}')));
        rest = rest.strip_prefix('-').unwrap_or(rest);
    }
    text.push_str(rest);
    text
}

fn units(shifted: &str) -> impl Iterator<Item = u16> + '_ {
    let (mut bits, mut count) = (0_u32, 0_u32);
    shifted.bytes().filter_map(sextet).filter_map(move |value| {
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count < 16 {
            return None;
        }
        count -= 16;
        let unit = (bits >> count) as u16;
        bits &= (1 << count) - 1;
        Some(unit)
    })
}

fn sextet(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn shifted_text_is_undone() {
        assert_eq!(decode(b"+ADw-a href=+ACI-https://a.example+ACI-+AD4-"), "<a href=\"https://a.example\">");
        assert_eq!(decode(b"Hi Mom +Jjo-!"), "Hi Mom \u{263a}!");
        assert_eq!(decode(b"+ZeVnLIqe."), "日本語.");
        assert_eq!(decode(b"1 +- 1 + 1"), "1 + 1 + 1");
        assert_eq!(decode(b"+2D3eAA-"), "😀");
        assert_eq!(decode(b"+2D0-x"), "\u{fffd}x");
        assert_eq!(decode(b"\xe9 +"), "é +");
    }
}
