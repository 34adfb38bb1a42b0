//! Plain text in which a URL is no link: a link of ours in its place would be another identifier, and a patch with it
//! would not apply. Told by form alone, and narrowly, since whoever writes a message can write this too.

use std::ops::Range;

use super::{
    Found, Spot,
    text::{Grammar, Shape, words},
};
use crate::base::Span;

/// Finds what a client would make clickable in a plain text.
pub(crate) fn running_text(text: &str, grammar: &Grammar<'_>) -> Vec<Found> {
    let words = words(text, grammar);
    if words.is_empty() {
        return Vec::new();
    }
    let code = code(text);
    let found = |word: super::text::Word| {
        let inside = code.partition_point(|range| range.end <= word.range.start);
        let in_code = code.get(inside).is_some_and(|range| range.start <= word.range.start);
        let shape = match word.shape {
            Shape::Url | Shape::Bare if in_code => Shape::Code,
            Shape::Url if is_identifier(text, &word.range) => Shape::Identifier,
            shape => shape,
        };
        Found::new(Span::new(word.range.start, word.range.end), Spot::Text(shape), word.value)
    };
    words.into_iter().map(found).collect()
}

/// Whether the URL at `range` is the whole value of what XML uses names for.
fn is_identifier(text: &str, range: &Range<usize>) -> bool {
    /// As far back as an attribute's name or a tag may stand.
    const BEFORE: usize = 128;
    let start = text.floor_char_boundary(range.start.saturating_sub(BEFORE));
    let before = text.get(start..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    if let Some(before) = before.strip_suffix(['"', '\''])
        && after.starts_with(['"', '\''])
    {
        if let Some(name) = before.trim_end().strip_suffix('=') {
            let name = name.trim_end();
            let name = name.rsplit([' ', '\t', '\r', '\n', '<']).next().unwrap_or(name);
            let local = name.rsplit(':').next().unwrap_or(name);
            return name == "xmlns"
                || name.starts_with("xmlns:")
                || matches!(local, "entityID" | "targetNamespace" | "schemaLocation");
        }
        let declaration = before.rsplit('<').next().unwrap_or_default();
        return declaration.starts_with("!DOCTYPE") || declaration.starts_with("!ENTITY");
    }
    let tag = before.strip_suffix('>').and_then(|before| before.rsplit('<').next()).unwrap_or_default();
    let name = tag.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default();
    after.starts_with("</") && matches!(local, "Issuer" | "Audience" | "EntityID") && name.contains(':')
}

/// The lines that are code: hunks of a unified diff, as long as their headers say, and fenced blocks that end.
fn code(text: &str) -> Vec<Range<usize>> {
    let mut code = Vec::new();
    let has = |mark: &str| memchr::memmem::find(text.as_bytes(), mark.as_bytes()).is_some();
    if !has("\n@@ -") && !has("```") {
        return code;
    }
    let mut at = 0;
    let mut fence: Option<usize> = None;
    let (mut old_file, mut new_file) = (false, false);
    let mut hunk = Hunk::default();
    for line in text.split_inclusive('\n') {
        let range = at..at + line.len();
        at = range.end;
        let line = line.trim_end_matches(['\r', '\n']);
        if hunk.takes(line) {
            code.push(range);
            continue;
        }
        if line.starts_with("```") {
            fence = match fence {
                Some(start) => {
                    code.push(start..range.end);
                    None
                }
                None => Some(range.start),
            };
        }
        match (line.starts_with("--- "), line.starts_with("+++ "), Hunk::header(line)) {
            (true, ..) => (old_file, new_file) = (true, false),
            (_, true, _) => new_file = old_file,
            (_, _, Some(begun)) if new_file => {
                hunk = begun;
                code.push(range);
            }
            // Behind a hunk another one may follow; anything else ends the file.
            _ => (old_file, new_file) = (false, false),
        }
    }
    code.sort_by_key(|range| range.start);
    code
}

/// Lines of a hunk that are still to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Hunk {
    old: usize,
    new: usize,
}

impl Hunk {
    /// Longer ones are left to be text.
    const LONGEST: usize = 100_000;

    /// `@@ -1,2 +1,3 @@ function`
    fn header(line: &str) -> Option<Self> {
        let (old, rest) = line.strip_prefix("@@ -")?.split_once(" +")?;
        let (new, _) = rest.split_once(" @@")?;
        let count = |range: &str| range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok());
        let (old, new) = (count(old)?, count(new)?);
        (old <= Self::LONGEST && new <= Self::LONGEST).then_some(Self { old, new })
    }

    /// Whether the line is one of the hunk's.
    fn takes(&mut self, line: &str) -> bool {
        let (old, new) = match line.as_bytes().first() {
            Some(b'+') => (0, 1),
            Some(b'-') => (1, 0),
            Some(b' ') | None => (1, 1),
            Some(b'\\') if self.old + self.new > 0 => (0, 0),
            _ => {
                *self = Self::default();
                return false;
            }
        };
        if (old, new) != (0, 0) && (self.old < old || self.new < new) {
            *self = Self::default();
            return false;
        }
        self.old -= old;
        self.new -= new;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of_code(text: &str) -> Vec<&str> {
        code(text).into_iter().map(|range| text[range].trim_end()).collect()
    }

    #[test]
    fn a_hunk_is_as_long_as_it_says() {
        let diff = "x\n--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@ fn\n a\n-b\n+c\n d\n e\n";
        assert_eq!(lines_of_code(diff), ["@@ -1,2 +1,2 @@ fn", " a", "-b", "+c"]);
        let two = "--- a\n+++ b\n@@ -1 +1 @@\n-b\n+c\n@@ -9 +9 @@\n-b\n+c\nend\n@@ -1 +1 @@\n-b\n";
        assert_eq!(lines_of_code(two), ["@@ -1 +1 @@", "-b", "+c", "@@ -9 +9 @@", "-b", "+c"]);
        assert_eq!(lines_of_code("\n@@ -1 +1 @@\n-b\n+c\n"), [""; 0]);
        assert_eq!(lines_of_code("--- a\n+++ b\n@@ -1,99999999999 +1 @@\n-b\n"), [""; 0]);
    }

    #[test]
    fn a_fence_counts_only_where_it_ends() {
        assert_eq!(lines_of_code("a\n```c\nb\n```\nd\n```\ne"), ["```c\nb\n```"]);
    }
}
