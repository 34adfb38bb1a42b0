use super::Span;

/// Put `with` where `span` is. In [`super::Raw`] space `with` is bytes as they stand in the message; in
/// [`super::Decoded`] space it is UTF-8 text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit<S> {
    /// What is replaced; empty for an insertion.
    pub span: Span<S>,
    /// What stands there afterwards; empty for a deletion.
    pub with: Vec<u8>,
}

impl<S> Edit<S> {
    /// An edit that replaces `span` by `with`.
    pub fn new(span: Span<S>, with: impl Into<Vec<u8>>) -> Self {
        Self { span, with: with.into() }
    }
}

/// Two edits want the same bytes, or one reaches outside the source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("edits overlap or reach outside the source at offset {at} (source length {length})")]
pub struct Overlap {
    /// Where the second edit begins.
    pub at: usize,
    /// Length of the source.
    pub length: usize,
}

/// The source with every edit made: all that no edit covers comes back byte for byte, in one pass.
///
/// Edits come sorted by their span; two insertions at one place keep their order. Errors: [`Overlap`], and nothing is
/// made.
pub fn apply<S>(source: &[u8], edits: &[Edit<S>]) -> Result<Vec<u8>, Overlap> {
    let growth: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut out = Vec::with_capacity(source.len() + growth);
    let mut done = 0;
    for edit in edits {
        let overlap = Overlap { at: edit.span.start(), length: source.len() };
        if edit.span.start() < done || edit.span.end() > source.len() {
            return Err(overlap);
        }
        out.extend_from_slice(source.get(done..edit.span.start()).ok_or(overlap)?);
        out.extend_from_slice(&edit.with);
        done = edit.span.end();
    }
    out.extend_from_slice(source.get(done..).unwrap_or_default());
    Ok(out)
}

/// As [`apply`], of text.
///
/// Errors: [`Overlap`], where an edit cuts a character or puts in what is no text, too.
pub fn apply_text<S>(source: &str, edits: &[Edit<S>]) -> Result<String, Overlap> {
    let growth: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut out = String::with_capacity(source.len() + growth);
    let mut done = 0;
    for edit in edits {
        let overlap = || Overlap { at: edit.span.start(), length: source.len() };
        if edit.span.end() > source.len() {
            return Err(overlap());
        }
        out.push_str(source.get(done..edit.span.start()).ok_or_else(overlap)?);
        out.push_str(std::str::from_utf8(&edit.with).map_err(|_| overlap())?);
        done = edit.span.end();
    }
    let rest = source.get(done..).ok_or(Overlap { at: done, length: source.len() })?;
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Raw;
    use proptest::prelude::*;

    fn edit(start: usize, end: usize, with: &str) -> Edit<Raw> {
        Edit::new(Span::new(start, end), with)
    }

    #[test]
    fn replaces_inserts_and_deletes() {
        let edits = [edit(0, 0, ">"), edit(1, 2, "BB"), edit(3, 4, "")];
        assert_eq!(apply(b"abcd", &edits), Ok(b">aBBc".to_vec()));
    }

    #[test]
    fn refuses_overlap_disorder_and_reach() {
        assert!(apply(b"abcd", &[edit(0, 2, "x"), edit(1, 3, "y")]).is_err());
        assert!(apply(b"abcd", &[edit(2, 3, "x"), edit(0, 1, "y")]).is_err());
        assert!(apply(b"abcd", &[edit(3, 5, "x")]).is_err());
        assert!(apply_text("abcd", &[edit(0, 2, "x"), edit(1, 3, "y")]).is_err());
        assert!(apply_text("abcd", &[edit(2, 3, "x"), edit(0, 1, "y")]).is_err());
        assert!(apply_text("abcd", &[edit(3, 5, "x")]).is_err());
        assert!(apply_text("\u{e9}", &[edit(1, 2, "x")]).is_err());
    }

    proptest! {
        #[test]
        fn all_that_no_edit_covers_comes_back(
            pieces in proptest::collection::vec((".{0,6}", ".{0,6}", ".{0,6}"), 0..8)
        ) {
            let (mut source, mut wanted, mut edits) = (String::new(), String::new(), Vec::new());
            for (kept, gone, new) in &pieces {
                source += kept;
                wanted += kept;
                edits.push(edit(source.len(), source.len() + gone.len(), new));
                source += gone;
                wanted += new;
            }
            prop_assert_eq!(apply_text(&source, &edits), Ok(wanted.clone()));
            prop_assert_eq!(apply(source.as_bytes(), &edits), Ok(wanted.into_bytes()));
        }
    }
}
