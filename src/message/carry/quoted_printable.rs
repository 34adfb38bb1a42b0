use memchr::{memchr, memrchr};

use super::ByteEdit;
use crate::message::{Newline, line::is_blank, map::Map, transfer::quoted_printable::Token};

/// Longest line, without its line break (RFC 2045 section 6.7 rule 5).
const MAX_LINE: usize = 76;

/// Re-makes the lines that the edits touch, and nothing else: on those lines, too, an escape or a literal that no edit
/// covers stays as the sender wrote it, and only the soft line breaks move.
pub(super) fn carry(body: &[u8], map: &Map, splices: &[ByteEdit], newline: Newline) -> Vec<ByteEdit> {
    let mut out: Vec<ByteEdit> = Vec::new();
    let mut lines: Option<Lines<'_>> = None;
    for (range, with) in splices {
        let start = map.place(range.start).after();
        let end = if range.is_empty() { start } else { map.place(range.end).before() };
        if lines.as_ref().is_some_and(|lines| start >= lines.end && !lines.open) {
            out.extend(lines.take().map(Lines::finish));
        }
        lines.get_or_insert_with(|| Lines::around(body, start, newline)).edit(start, end, with);
    }
    out.extend(lines.map(Lines::finish));
    out
}

/// Lines that belong together because edits touch them.
struct Lines<'a> {
    body: &'a [u8],
    start: usize,
    /// How far the bytes were taken over, and the end of the last line, line break included.
    at: usize,
    end: usize,
    /// No line break is left at the end: what comes next stands on the same line.
    open: bool,
    writer: Writer,
}

impl<'a> Lines<'a> {
    fn around(body: &'a [u8], at: usize, newline: Newline) -> Self {
        let last = newline.last();
        let start = memrchr(last, body.get(..at).unwrap_or_default()).map_or(0, |found| found + 1);
        let end = line_end(body, at, last);
        // Soft line breaks look like the line break of the line.
        let (newline, open) = match body.get(start..end).unwrap_or_default() {
            [.., b'\r', b'\n'] => (Newline::Crlf, false),
            [.., b'\n'] => (Newline::Lf, false),
            [.., b'\r'] if newline == Newline::Cr => (newline, false),
            _ => (newline, true),
        };
        Self { body, start, at: start, end, open, writer: Writer::new(newline) }
    }

    fn edit(&mut self, start: usize, end: usize, with: &[u8]) {
        self.take_over(start);
        self.writer.encode(with);
        self.at = self.at.max(end);
        if end >= self.end {
            // The edit took the line break, so the line that follows moves up.
            let last = self.writer.newline.last();
            self.end = line_end(self.body, end, last);
            self.open = self.end == end || !self.body.get(..self.end).unwrap_or_default().ends_with(&[last]);
        }
    }

    /// Takes what stands before `until` as it is.
    fn take_over(&mut self, until: usize) {
        while self.at < until {
            let rest = self.body.get(self.at..until).unwrap_or_default();
            // A token is decided by what follows it, even behind `until`, which lies between two tokens.
            let ahead = self.body.get(self.at..).unwrap_or_default();
            let Some(token) = Token::first(ahead) else { return };
            match rest.get(..token.len()) {
                Some(piece) => self.writer.token(token, piece),
                // The edit begins between CR and LF.
                None => self.writer.token(Token::Literal(rest.len()), rest),
            }
            let piece = rest.get(..token.len()).unwrap_or(rest);
            self.at += piece.len();
        }
    }

    fn finish(mut self) -> ByteEdit {
        self.take_over(self.end);
        (self.start..self.end, self.writer.finish(self.end == self.body.len()))
    }
}

/// Where the line at `at` ends, its line break included.
fn line_end(body: &[u8], at: usize, last: u8) -> usize {
    memchr(last, body.get(at..).unwrap_or_default()).map_or(body.len(), |found| at + found + 1)
}

/// Lays bytes in lines of at most [`MAX_LINE`].
struct Writer {
    out: Vec<u8>,
    column: usize,
    newline: Newline,
    /// So many blanks at the end of `out` are padding: they stay if the line ends here, and mean nothing.
    padding: usize,
}

impl Writer {
    fn new(newline: Newline) -> Self {
        Self { out: Vec::new(), column: 0, newline, padding: 0 }
    }

    fn token(&mut self, token: Token, piece: &[u8]) {
        match token {
            Token::Literal(_) => {
                for (number, text) in piece.split(|byte| *byte == b'\r').enumerate() {
                    match self.newline {
                        _ if number == 0 => {}
                        Newline::Cr => self.hard_break(b"\r"),
                        _ => self.escape(b'\r'),
                    }
                    self.literals(text);
                }
            }
            Token::Escaped(_) => self.put(piece),
            Token::Stray => self.escape(b'='),
            // A CR alone would join an LF that an edit puts behind it.
            Token::SoftBreak(_) if piece.ends_with(b"\r") && self.newline != Newline::Cr => {}
            Token::SoftBreak(_) => {
                self.drop_padding();
                self.out.extend_from_slice(piece);
                self.column = 0;
            }
            Token::HardBreak(_) => self.hard_break(piece),
            Token::Padding(_) => self.pad(piece),
        }
    }

    fn pad(&mut self, blanks: &[u8]) {
        self.guard_blank();
        if self.column + blanks.len() <= MAX_LINE {
            self.out.extend_from_slice(blanks);
            self.padding = blanks.len();
        }
    }

    /// Something follows on the line after all.
    fn drop_padding(&mut self) {
        self.out.truncate(self.out.len() - self.padding);
        self.padding = 0;
    }

    /// New bytes: printable ASCII and inner blanks as they are; a line break of the message's own kind breaks the line.
    fn encode(&mut self, bytes: &[u8]) {
        let line_break = self.newline.as_bytes();
        let plain = |byte: &u8| matches!(byte, b' ' | b'\t' | 33..=60 | 62..=126);
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let length = rest.iter().position(|byte| !plain(byte)).unwrap_or(rest.len());
            rest = if length > 0 {
                let (text, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                self.literals(text);
                behind
            } else if let Some(behind) = rest.strip_prefix(line_break) {
                self.hard_break(line_break);
                behind
            } else {
                self.escape(*first);
                rest.get(1..).unwrap_or_default()
            };
        }
    }

    /// Bytes that stand for themselves, between any two of which a soft line break may stand.
    fn literals(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            if self.column == 0 && *first == b'-' || self.column + 1 >= MAX_LINE {
                self.put(&[*first]);
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            self.drop_padding();
            let room = MAX_LINE - 1 - self.column;
            let (fits, behind) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.out.extend_from_slice(fits);
            self.column += fits.len();
            rest = behind;
        }
    }

    fn escape(&mut self, byte: u8) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        self.put(&[b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }

    /// One literal or one escape, which a soft line break must not cut.
    fn put(&mut self, piece: &[u8]) {
        self.drop_padding();
        if self.column + piece.len() >= MAX_LINE {
            self.out.push(b'=');
            self.out.extend_from_slice(self.newline.as_bytes());
            self.column = 0;
        }
        // A line that begins with `--` could be a delimiter (attack row 72).
        if self.column == 0 && piece == b"-" {
            self.escape(b'-');
            return;
        }
        self.out.extend_from_slice(piece);
        self.column += piece.len();
    }

    fn hard_break(&mut self, line_break: &[u8]) {
        self.guard_blank();
        if line_break == b"\r" {
            // Blanks before a CR alone are read as text.
            self.drop_padding();
        }
        self.out.extend_from_slice(line_break);
        (self.column, self.padding) = (0, 0);
    }

    /// A blank at the end of a line would be taken for padding.
    fn guard_blank(&mut self) {
        if self.column > 0
            && self.padding == 0
            && let Some(blank) = self.out.pop_if(|byte| is_blank(*byte))
        {
            self.column -= 1;
            self.escape(blank);
        }
    }

    fn finish(mut self, at_the_end: bool) -> Vec<u8> {
        if at_the_end {
            self.guard_blank();
        }
        self.out
    }
}

/// All of `bytes` as quoted-printable.
pub(crate) fn encode(bytes: &[u8], newline: Newline) -> Vec<u8> {
    let mut writer = Writer::new(newline);
    writer.encode(bytes);
    writer.finish(true)
}
