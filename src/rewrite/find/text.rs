//! Running text: what mail clients make clickable in it. One pass, no backtracking; the union of what common
//! auto-linkers take, since what one of them opens must not escape.

use std::ops::Range;

use super::hosts::{self, in_host, is_unspaced};
use crate::url::Suffixes;

/// A stretch of text that a client would make clickable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) range: Range<usize>,
    pub(crate) shape: Shape,
    /// The URL that a client would open: joined over lines, with a scheme.
    pub(crate) value: String,
}

/// What the stretch looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It has a scheme.
    Url,
    /// A host without a scheme, with or without a path.
    Bare,
    /// A bare IPv4 address, or a version number.
    Address,
    /// A bare name that is a file's: `README.md`.
    FileName,
    /// Two sentences that lack a blank: `done.It`.
    Sentence,
    /// An XML namespace, a document type, a SAML entity.
    Identifier,
    /// In a hunk of a diff, or in a fenced block.
    Code,
}

/// How lines hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// A line break is a blank like any other (HTML).
    Space,
    /// Lines stand for themselves; `<…>` holds a URL together (RFC 3986 appendix C).
    Fixed,
    /// `format=flowed; delsp=yes`: a blank before a line break goes, and with it the break (RFC 3676 section 4.1).
    DelSp,
    /// A blank at the beginning of a line continues the one before (RFC 5545 section 3.1); a backslash ends a URL.
    Folded,
}

/// What the scanner needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Grammar<'a> {
    pub(crate) suffixes: &'a Suffixes,
    /// The length of the link of ours that a text begins with, if it does. Whatever an auto-linker would glue on to it
    /// stood there when the link was put into the text, and is not the link's.
    pub(crate) own: &'a dyn Fn(&str) -> Option<usize>,
    pub(crate) lines: Lines,
    /// Who reads HTML.
    pub(crate) care: Care,
}

/// Who reads HTML that every tokenizer reads alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Care {
    /// We, and nobody else.
    Usual,
    /// Whoever reads all other HTML: what tests compare with.
    All,
}

/// A URL in `<…>` may go over lines for as many bytes as this.
const ANGLED: usize = 16 * 1024;

/// No host is longer, whatever userinfo stands before it; nothing behind is looked at for its end.
const LONGEST_HOST: usize = 1024;

/// Finds every [`Word`] of `text`, in order.
pub(crate) fn words(text: &str, grammar: &Grammar<'_>) -> Vec<Word> {
    let mut scanner = Scanner { text, grammar, done: 0, found: Vec::new() };
    for at in memchr::memchr2_iter(b':', b'.', text.as_bytes()) {
        if at < scanner.done {
            continue;
        }
        match text.as_bytes().get(at) {
            Some(b':') => scanner.colon(at),
            _ => scanner.dot(at),
        }
    }
    scanner.found
}

struct Scanner<'t, 'g> {
    text: &'t str,
    grammar: &'g Grammar<'g>,
    /// Nothing before this is looked at again, which keeps the scan linear.
    done: usize,
    found: Vec<Word>,
}

impl Scanner<'_, '_> {
    fn rest(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    fn before(&self, at: usize) -> Option<char> {
        self.text.get(..at).and_then(|text| text.chars().next_back())
    }

    fn slashes(&self, at: usize) -> usize {
        self.rest(at).bytes().take_while(|byte| matches!(byte, b'/' | b'\\')).count()
    }

    /// Where `http` or `https` begins that ends at `at`, before a colon and two slashes.
    fn scheme_before(&self, at: usize) -> Option<usize> {
        if !self.rest(at).starts_with(':') || self.slashes(at + 1) < 2 {
            return None;
        }
        let begins = |scheme: &str| {
            let start = at.checked_sub(scheme.len())?;
            self.text.get(start..at).filter(|text| text.eq_ignore_ascii_case(scheme)).map(|_| start)
        };
        begins("https").or_else(|| begins("http"))
    }

    /// A colon may end `http` or `https`.
    fn colon(&mut self, at: usize) {
        let Some(start) = self.scheme_before(at).filter(|start| *start >= self.done) else { return };
        let slashes = self.slashes(at + 1);
        if let Some(length) = (self.grammar.own)(self.rest(start)) {
            let range = start..start + length;
            let value = self.text.get(range.clone()).unwrap_or_default().to_owned();
            self.done = range.end;
            self.found.push(Word { range, shape: Shape::Url, value });
            return;
        }
        if let Some(word) = self.angled(start) {
            self.done = word.range.end;
            self.found.push(word);
            return;
        }
        let authority = at + 1 + slashes;
        self.done = authority;
        if self.is_authority(authority) {
            let end = self.url_end(authority);
            self.done = end.max(authority);
            self.url(start, end);
        }
    }

    /// Whether what stands at `at` can be a host, or userinfo before one. Of symbols a host may consist of (`✪df.ws`)
    /// only what is no ASCII.
    fn is_authority(&self, at: usize) -> bool {
        let rest = self.rest(at);
        let begins_a_host = |character: char| {
            (in_host(character) || !character.is_ascii()) && !matches!(character, '.' | '-' | '\u{ad}'..='\u{bf}')
        };
        let userinfo = || {
            let ends = |character: &char| ends_a_url(*character) || matches!(character, '/' | '\\' | '?' | '#');
            rest.chars().take(LONGEST_HOST).take_while(|character| !ends(character)).any(|character| character == '@')
        };
        rest.starts_with(|c: char| begins_a_host(c) && !ends_a_url(c) || c == '[') || userinfo()
    }

    fn url(&mut self, start: usize, end: usize) {
        let mut value = self.text.get(start..end).unwrap_or_default().to_owned();
        let mut range = start..end;
        if matches!(self.grammar.lines, Lines::DelSp | Lines::Folded) {
            while let Some(next) = self.soft_break(range.end) {
                let end = self.url_end(next);
                value.push_str(self.text.get(next..end).unwrap_or_default());
                range.end = end.max(next);
            }
            self.done = self.done.max(range.end);
        }
        self.found.push(Word { range, shape: Shape::Url, value });
    }

    /// Where the text goes on behind a soft break at `at`: over the quote marks and the blank that stuffs them.
    fn soft_break(&self, at: usize) -> Option<usize> {
        let rest = self.rest(at);
        if self.grammar.lines == Lines::Folded {
            let line = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
            let line = line.strip_prefix([' ', '\t'])?;
            return line.starts_with(|c: char| !ends_a_url(c)).then(|| self.text.len() - line.len());
        }
        let line = rest.strip_prefix(" \r\n").or_else(|| rest.strip_prefix(" \n"))?;
        let line = line.trim_start_matches('>');
        let line = line.strip_prefix(' ').unwrap_or(line);
        line.starts_with(|c: char| !ends_a_url(c)).then(|| self.text.len() - line.len())
    }

    /// A URL between `<` and `>` that goes over lines.
    fn angled(&self, start: usize) -> Option<Word> {
        if self.grammar.lines == Lines::Space {
            return None;
        }
        let before = self.text.get(start.saturating_sub(5)..start).unwrap_or_default();
        if !before.ends_with('<') && !before.eq_ignore_ascii_case("<url:") && self.before(start) != Some('<') {
            return None;
        }
        let rest = self.rest(start);
        let length = rest.bytes().take(ANGLED).position(|byte| matches!(byte, b'<' | b'>'))?;
        let inside = rest.get(..length)?;
        if rest.as_bytes().get(length) != Some(&b'>') || !inside.contains('\n') {
            return None;
        }
        let lines = || inside.split('\n').map(|line| line.trim_matches([' ', '\t', '\r']));
        let whole = lines().all(|line| !line.is_empty() && !line.contains(ends_a_url));
        whole.then(|| Word { range: start..start + length, shape: Shape::Url, value: lines().collect() })
    }

    /// A dot may stand in a host without a scheme.
    fn dot(&mut self, at: usize) {
        let left = self.text.get(self.done..at).unwrap_or_default();
        let start = at - left.len() + left.trim_end_matches(in_host).len();
        let rest = self.rest(start);
        let end = start + (rest.len() - rest.trim_start_matches(in_host).len());
        // `below.https://…`: the run ends in a scheme, which is not its own.
        let scheme = self.scheme_before(end).map(|scheme| scheme.max(start));
        let end = scheme.unwrap_or(end);
        let run = self.text.get(start..end).unwrap_or_default();
        let first = run.chars().next().unwrap_or('.');
        let glued = self.before(start).is_some_and(|before| glues(before) && !hosts::meet(before, first));
        // In HTML an anchor ends the host; in text a link put there would run into the scheme.
        let runs_on =
            self.is_local_part(end) || scheme.is_some() && !run.ends_with('.') && self.grammar.lines != Lines::Space;
        self.done = end;
        let segments = hosts::segments(run);
        for (number, segment) in segments.iter().enumerate() {
            if number == 0 && glued || number + 1 == segments.len() && runs_on {
                continue;
            }
            let text = run.get(segment.clone()).unwrap_or_default();
            for host in hosts::hosts(text, self.grammar.suffixes) {
                let offset = start + segment.start;
                self.bare(offset + host.start, offset + host.end, offset + text.len());
            }
        }
    }

    /// Whether what ends at `at` is the beginning of an e-mail address: `name.al+tag@…`.
    fn is_local_part(&self, at: usize) -> bool {
        const LONGEST: usize = 64;
        let local = |byte: &u8| byte.is_ascii_alphanumeric() || b"+!#$%&'*-=^_`{|}~.".contains(byte);
        let rest = self.rest(at).as_bytes();
        let length = rest.iter().take(LONGEST).take_while(|byte| local(byte)).count();
        rest.get(length) == Some(&b'@')
    }

    /// Takes the host at `start..end`, in a segment of host characters that ends at `run_end`.
    fn bare(&mut self, start: usize, end: usize, run_end: usize) {
        let host = self.text.get(start..end).unwrap_or_default();
        // A dot that ends the host before a port or a path belongs to it.
        let behind = if self.text.get(end..run_end).is_some_and(|rest| rest == ".") { run_end } else { end };
        let after_port = self.port_end(behind);
        let mut url = if after_port > behind { after_port } else { end };
        if self.rest(after_port).starts_with(['/', '?', '#']) {
            url = self.url_end(after_port).max(url);
        }
        let shape = match (url > end, hosts::address(host)) {
            (false, true) => Shape::Address,
            (false, false) => hosts::shape(host),
            (true, _) => Shape::Bare,
        };
        let value = format!("http://{}", self.text.get(start..url).unwrap_or_default());
        self.done = self.done.max(url);
        self.found.push(Word { range: start..url, shape, value });
    }

    /// Behind the port that follows at `at`, or `at`. What a letter follows is no port; a link put in its place would
    /// run into the letter.
    fn port_end(&self, at: usize) -> usize {
        let Some(rest) = self.rest(at).strip_prefix(':') else { return at };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let ends =
            !rest.get(digits..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii() && in_host(c) && c != '.'));
        if (1..=5).contains(&digits) && ends { at + 1 + digits } else { at }
    }

    /// Where a URL ends that is read from `start`, its host or what follows it: before what no URL holds, before a bracket
    /// that closes nothing in it (`(see https://a.example/x)`, `[…](https://a.example/x)[…]`), or where text in a script
    /// without blanks follows. It is not looked at any further, so that those that run into one another take no longer.
    fn url_end(&self, start: usize) -> usize {
        let rest = self.rest(start);
        let escapes = self.grammar.lines == Lines::Folded;
        let (mut open, mut host, mut end) = ([0_usize; 3], Host::default(), 0);
        while let Some(byte) = rest.as_bytes().get(end) {
            match byte {
                b'(' | b'[' | b'{' => open.iter_mut().skip(kind(*byte)).take(1).for_each(|count| *count += 1),
                b')' | b']' | b'}' => match open.get_mut(kind(*byte)) {
                    Some(count) if *count > 0 => *count -= 1,
                    _ => break,
                },
                b'<' | b'>' | b'"' | b'`' => break,
                b'\\' if escapes => break,
                b'!'..=b'~' => {}
                0..=0x7f => break,
                _ => {
                    let character = rest.get(end..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
                    if ends_a_url(character) || host.is_cut(rest, end, character, self.grammar) {
                        break;
                    }
                    end += character.len_utf8();
                    continue;
                }
            }
            end += 1;
        }
        start + trim_end(rest.get(..end).unwrap_or_default()).len()
    }
}

/// Which of three kinds of brackets one is.
fn kind(bracket: u8) -> usize {
    match bracket {
        b'(' | b')' => 0,
        b'[' | b']' => 1,
        _ => 2,
    }
}

/// The host that a URL begins with, as far as it matters to where the URL ends.
#[derive(Default)]
struct Host {
    /// Where it ends, and whether its suffix is known.
    read: Option<(usize, bool)>,
    is_over: bool,
}

impl Host {
    /// Whether text in a script without blanks begins at `at`, behind the URL: `https://example.com/aをご覧` ends behind
    /// `a`. Such text belongs to the URL behind a delimiter, `/wiki/日本`, and in a host that is known with it.
    fn is_cut(&mut self, url: &str, at: usize, character: char, grammar: &Grammar<'_>) -> bool {
        let before = at.checked_sub(1).and_then(|before| url.as_bytes().get(before));
        if self.is_over || !before.is_some_and(u8::is_ascii_alphanumeric) || !is_unspaced(character) {
            return false;
        }
        let (end, known) = *self.read.get_or_insert_with(|| {
            let near = url.get(..url.floor_char_boundary(2 * LONGEST_HOST)).unwrap_or_default();
            let ends = |c: char| matches!(c, '/' | '\\' | '?' | '#') || ends_a_url(c);
            let whole = near.split(ends).next().unwrap_or(near);
            let name = whole.rsplit('@').next().unwrap_or(whole);
            (whole.len(), grammar.suffixes.is_known(name.split(':').next().unwrap_or(name)))
        });
        self.is_over = at < end && at > LONGEST_HOST;
        at >= end || !self.is_over && !known
    }
}

/// Characters that no auto-linker takes into a URL.
fn ends_a_url(character: char) -> bool {
    match character {
        '<' | '>' | '"' | '`' => true,
        // Bidirectional controls (attack row 104).
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Quotation marks and brackets of typography, and the punctuation of scripts without blanks.
        '\u{2018}'..='\u{201f}' | '\u{2039}' | '\u{203a}' | '\u{ab}' | '\u{bb}' | '\u{2026}' => true,
        '\u{3001}'..='\u{3003}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' => true,
        '\u{ff01}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0c}' | '\u{ff0e}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff1f}' => true,
        '\u{ff1c}' | '\u{ff1e}' | '\u{ff3b}' | '\u{ff3d}' | '\u{ff5b}'..='\u{ff65}' => true,
        other => other.is_whitespace() || other.is_control(),
    }
}

/// Characters before a bare name that make it part of something else: an address, a path, a query, a variable.
fn glues(character: char) -> bool {
    matches!(character, '@' | '/' | '\\' | '=' | '&' | '%' | '#' | '+' | '~' | '$') || in_host(character)
}

/// Takes punctuation off the end that belongs to the sentence, and characters that cannot be seen.
fn trim_end(url: &str) -> &str {
    let sentence = |c: char| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*');
    let unseen = |c: char| matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}');
    url.trim_end_matches(|c| sentence(c) || unseen(c))
}

#[cfg(test)]
mod tests;
