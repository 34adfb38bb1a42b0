use memchr::memchr;

/// How lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Newline {
    /// CR LF, as SMTP carries it.
    Crlf,
    /// LF alone, as files and pipes carry it.
    Lf,
    /// CR alone; only where a message has no LF at all.
    Cr,
}

impl Newline {
    /// What the first line of `raw` ends with; [`Newline::Crlf`] where there is only one line.
    pub fn of(raw: &[u8]) -> Self {
        match memchr(b'\n', raw) {
            Some(at) if at > 0 && raw.get(at - 1) == Some(&b'\r') => Self::Crlf,
            Some(_) => Self::Lf,
            None if memchr(b'\r', raw).is_some() => Self::Cr,
            None => Self::Crlf,
        }
    }

    /// The bytes of one line break.
    pub const fn as_bytes(self) -> &'static [u8] {
        self.as_str().as_bytes()
    }

    /// One line break.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Crlf => "\r\n",
            Self::Lf => "\n",
            Self::Cr => "\r",
        }
    }

    /// The byte that ends a line.
    pub(crate) const fn last(self) -> u8 {
        match self {
            Self::Crlf | Self::Lf => b'\n',
            Self::Cr => b'\r',
        }
    }
}

/// One line: `start..end` is what stands on it, `end..next` its line break (empty at the end of the source).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) next: usize,
}

impl Line {
    /// The line that begins at `start`. LF and CR LF both end it, mixed as they may be; CR alone only under
    /// [`Newline::Cr`].
    pub(crate) fn at(source: &[u8], start: usize, newline: Newline) -> Self {
        let rest = source.get(start..).unwrap_or_default();
        let Some(length) = memchr(newline.last(), rest) else {
            return Self { start, end: source.len().max(start), next: source.len().max(start) };
        };
        let cr = newline != Newline::Cr && length > 0 && rest.get(length - 1) == Some(&b'\r');
        Self { start, end: start + length - usize::from(cr), next: start + length + 1 }
    }

    pub(crate) fn of(self, source: &[u8]) -> &[u8] {
        source.get(self.start..self.end).unwrap_or_default()
    }
}

/// Length of the line break that ends just before `at`; 0 where there is none.
pub(crate) fn break_before(source: &[u8], at: usize, newline: Newline) -> usize {
    let before = source.get(..at).unwrap_or_default();
    match before {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        [.., b'\r'] if newline == Newline::Cr => 1,
        _ => 0,
    }
}

pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `bytes` without blanks and line breaks at both ends.
pub(crate) fn trim(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_how_lines_end() {
        assert_eq!(Newline::of(b"a\r\nb\n"), Newline::Crlf);
        assert_eq!(Newline::of(b"a\nb\r\n"), Newline::Lf);
        assert_eq!(Newline::of(b"a\rb\rc"), Newline::Cr);
        assert_eq!(Newline::of(b"a\rb\n"), Newline::Lf);
        assert_eq!(Newline::of(b""), Newline::Crlf);
    }

    #[test]
    fn lines_end_at_lf_and_cr_lf_and_a_bare_cr_is_content() {
        let source = b"a\rb\r\nc\n\nd";
        let mut lines = Vec::new();
        let mut at = 0;
        while at < source.len() {
            let line = Line::at(source, at, Newline::Lf);
            lines.push(line.of(source));
            at = line.next;
        }
        assert_eq!(lines, [&b"a\rb"[..], b"c", b"", b"d"]);
    }
}
