use crate::message::{line::is_blank, map::Map, value::hex_pair};

/// One piece of a quoted-printable body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token {
    /// So many bytes that stand for themselves.
    Literal(usize),
    /// `=41`.
    Escaped(u8),
    /// `=` and a line break, blanks between them allowed: decodes to nothing. Length in bytes.
    SoftBreak(usize),
    /// A line break. Length in bytes.
    HardBreak(usize),
    /// Blanks before a line break or the end: transport put them there (RFC 2045 section 6.7 rule 3). Length in bytes.
    Padding(usize),
    /// A `=` that begins nothing; stands for itself.
    Stray,
}

impl Token {
    /// The token at the start of `rest`; `None` at the end. Lenient (attack row 76): hexadecimal digits of either case,
    /// blanks after a `=` that ends a line, a `=` that makes no sense.
    pub(crate) fn first(rest: &[u8]) -> Option<Self> {
        let plain = |byte: &u8| !matches!(byte, b'=' | b' ' | b'\t' | b'\r' | b'\n');
        let first = rest.first()?;
        Some(match first {
            b'=' => Self::escape(rest),
            b' ' | b'\t' => {
                let blanks = rest.iter().take_while(|byte| is_blank(**byte)).count();
                let behind = rest.get(blanks..).unwrap_or_default();
                if behind.is_empty() || break_length(behind) > 0 {
                    Self::Padding(blanks)
                } else {
                    Self::Literal(blanks)
                }
            }
            b'\r' | b'\n' => match break_length(rest) {
                0 => Self::Literal(1),
                length => Self::HardBreak(length),
            },
            _ => Self::Literal(rest.iter().take_while(|byte| plain(byte)).count()),
        })
    }

    fn escape(rest: &[u8]) -> Self {
        if let [b'=', high, low, ..] = rest
            && let Some(byte) = hex_pair(*high, *low)
        {
            return Self::Escaped(byte);
        }
        let blanks = rest.iter().skip(1).take_while(|byte| is_blank(**byte)).count();
        match rest.get(1 + blanks..).unwrap_or_default() {
            [b'\r', b'\n', ..] => Self::SoftBreak(blanks + 3),
            // A CR alone is the line break of a message that has no LF.
            [b'\n' | b'\r', ..] => Self::SoftBreak(blanks + 2),
            _ => Self::Stray,
        }
    }

    /// Bytes of the body that the token takes.
    pub(crate) const fn len(self) -> usize {
        match self {
            Self::Literal(length) | Self::SoftBreak(length) | Self::HardBreak(length) | Self::Padding(length) => length,
            Self::Escaped(_) => 3,
            Self::Stray => 1,
        }
    }
}

fn break_length(rest: &[u8]) -> usize {
    match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    }
}

/// Decodes a body as its [`Token`]s say, a line or what stands before an escape at a time; and says whether it
/// [`is_damaged`].
pub(crate) fn decode(body: &[u8]) -> (Vec<u8>, Map, bool) {
    let (mut out, mut map, mut damaged) = (Vec::with_capacity(body.len()), Map::default(), false);
    let mut rest = body;
    while let Some(length) = memchr::memchr2(b'=', b'\n', rest) {
        let (piece, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if behind.first() == Some(&b'=') {
            out.extend_from_slice(piece);
            map.same(length);
            damaged |= is_unclear(behind.get(1..).unwrap_or_default());
            let token = Token::escape(behind);
            match token {
                Token::Escaped(byte) => {
                    out.push(byte);
                    map.unit(1, 3);
                }
                Token::SoftBreak(length) => map.gap(length),
                _ => {
                    out.push(b'=');
                    map.same(1);
                }
            }
            rest = behind.get(token.len()..).unwrap_or_default();
        } else {
            let (line, line_break): (_, &[u8]) = match piece.strip_suffix(b"\r") {
                Some(line) => (line, b"\r\n"),
                None => (piece, b"\n"),
            };
            literal(line, &mut out, &mut map);
            out.extend_from_slice(line_break);
            map.same(line_break.len());
            rest = behind.get(1..).unwrap_or_default();
        }
    }
    literal(rest, &mut out, &mut map);
    (out, map, damaged)
}

/// What ends a line: the blanks at its end are padding.
fn literal(line: &[u8], out: &mut Vec<u8>, map: &mut Map) {
    let kept = line.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |last| last + 1);
    out.extend_from_slice(line.get(..kept).unwrap_or_default());
    map.same(kept);
    map.gap(line.len() - kept);
}

/// What decoders make of a `=` that begins neither an escape in capitals nor a soft line break (attack row 76), other than
/// [`decode`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Damage {
    /// It goes.
    Dropped,
    /// It stays, and so does an escape in small letters, and a `=` before blanks and a line break.
    Kept,
}

/// Whether decoders could differ over a body.
pub(crate) fn is_damaged(body: &[u8]) -> bool {
    memchr::memchr_iter(b'=', body).any(|at| is_unclear(body.get(at + 1..).unwrap_or_default()))
}

/// Whether what stands behind a `=` is neither an escape in capitals nor a line break.
fn is_unclear(behind: &[u8]) -> bool {
    match behind {
        [b'\n', ..] | [b'\r', b'\n', ..] => false,
        [high, low, ..] => !is_capital(*high) || !is_capital(*low),
        _ => true,
    }
}

const fn is_capital(digit: u8) -> bool {
    matches!(digit, b'0'..=b'9' | b'A'..=b'F')
}

/// As a decoder with that habit decodes.
pub(crate) fn decode_as(body: &[u8], habit: Damage) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(body.len()), body);
    while let Some(token) = Token::first(rest) {
        let (piece, behind) = rest.split_at_checked(token.len()).unwrap_or((rest, &[]));
        let clean = !is_damaged(piece);
        match token {
            Token::Literal(_) | Token::HardBreak(_) => out.extend_from_slice(piece),
            Token::Escaped(byte) if clean || habit == Damage::Dropped => out.push(byte),
            Token::SoftBreak(_) if clean || habit == Damage::Dropped => {}
            Token::Stray if habit == Damage::Dropped => {}
            Token::Escaped(_) | Token::SoftBreak(_) | Token::Stray => out.extend_from_slice(piece),
            Token::Padding(_) if habit == Damage::Dropped => {}
            Token::Padding(_) => out.extend_from_slice(piece),
        }
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::map::Place;

    fn decoded(body: &str) -> String {
        String::from_utf8(decode(body.as_bytes()).0).unwrap()
    }

    #[test]
    fn lenient_decoding() {
        assert_eq!(decoded("a=3Db=3db"), "a=b=b");
        assert_eq!(decoded("https://ev=\r\nil.test"), "https://evil.test");
        assert_eq!(decoded("ev=\t \nil"), "evil");
        assert_eq!(decoded("a=\nb=\r\n\r\nc"), "ab\r\nc");
        assert_eq!(decoded("a \t\r\nb  "), "a\r\nb");
        assert_eq!(decoded("a=20\r\n"), "a \r\n");
        assert_eq!(decoded("="), "=");
        assert_eq!(decoded("a=3"), "a=3");
        assert_eq!(decoded("=zz==41=\rx"), "=zz=Ax");
        assert_eq!(decoded("é"), "é");
    }

    /// One token after the other.
    fn by_tokens(body: &[u8]) -> (Vec<u8>, Map) {
        let (mut out, mut map) = (Vec::with_capacity(body.len()), Map::default());
        let mut rest = body;
        while let Some(token) = Token::first(rest) {
            let (piece, behind) = rest.split_at_checked(token.len()).unwrap_or((rest, &[]));
            match token {
                Token::Literal(length) | Token::HardBreak(length) => {
                    out.extend_from_slice(piece);
                    map.same(length);
                }
                Token::Stray => {
                    out.push(b'=');
                    map.same(1);
                }
                Token::Escaped(byte) => {
                    out.push(byte);
                    map.unit(1, 3);
                }
                Token::SoftBreak(length) | Token::Padding(length) => map.gap(length),
            }
            rest = behind;
        }
        (out, map)
    }

    proptest! {
        #[test]
        fn lines_come_to_the_same_as_tokens(body in "([a \t\r\n=]|=\r\n|=4A|=4a|\r\n){0,24}") {
            let (bytes, map, damaged) = decode(body.as_bytes());
            prop_assert_eq!((bytes, map), by_tokens(body.as_bytes()));
            prop_assert_eq!(damaged, is_damaged(body.as_bytes()));
        }
    }

    #[test]
    fn the_map_leads_back() {
        let (_, map, _) = decode(b"a=C3=A9=\r\nb \r\nc");
        assert_eq!(map.place(1), Place::Between { before: 1, after: 1 });
        assert_eq!(map.place(3), Place::Between { before: 7, after: 10 });
        assert_eq!(map.place(4), Place::Between { before: 11, after: 12 });
    }
}
