use std::fmt;

use regex::bytes::{Regex, RegexBuilder};

/// Bytes between the slashes of a `/regex/` entry, at most.
pub const MAX_PATTERN_BYTES: usize = 1000;

/// Bytes of a compiled pattern, and of the automaton it may build while it matches.
const MAX_COMPILED_BYTES: usize = 128 * 1024;

/// A `/regex/` entry: matched anywhere in the canonical URL, in time linear in its length. A canonical URL is ASCII,
/// so classes such as `\w` and `.` mean ASCII.
#[derive(Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles what stands between the slashes. Errors: what is wrong with it, in one line.
    pub fn new(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(format!("it is {} bytes long and may have {MAX_PATTERN_BYTES}", pattern.len()));
        }
        if let Some(other) = pattern.chars().find(|c| !c.is_ascii()) {
            return Err(format!(
                "{other:?} never stands in a canonical URL, which is ASCII (hosts as xn--…, the rest percent-encoded)"
            ));
        }
        let built = RegexBuilder::new(pattern)
            .unicode(false)
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_COMPILED_BYTES)
            .build();
        built.map(Self).map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "it is too large once compiled; use fewer or smaller repetitions".into(),
            // The parser draws the pattern and a caret over several lines; its last line says what is wrong.
            other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        })
    }

    /// Whether it matches somewhere in `canonical`.
    pub fn is_match(&self, canonical: &str) -> bool {
        self.0.is_match(canonical.as_bytes())
    }

    /// As written between the slashes.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_compile_is_told_in_one_line() {
        for bad in ["(", "[a-", r"\p{Greek}", r"(?P<x>a", "*", "例"] {
            let error = Pattern::new(bad).unwrap_err();
            assert!(!error.is_empty() && !error.contains('\n'), "{bad}: {error:?}");
        }
    }

    #[test]
    fn size_is_capped_before_and_after_compiling() {
        assert!(Pattern::new(&"a".repeat(MAX_PATTERN_BYTES)).is_ok());
        assert!(Pattern::new(&"a".repeat(MAX_PATTERN_BYTES + 1)).is_err());
        assert!(Pattern::new("((a{100}){100}){100}").unwrap_err().contains("too large"));
    }
}
