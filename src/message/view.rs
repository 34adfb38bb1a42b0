//! Readers of mail that take a broken message apart otherwise than we do. Each has habits; a view is some of them.
//!
//! [`super::split`] reads with none. Where it notes an [`super::AmbiguityKind`], [`views`] names the readers that would
//! come to other parts, and [`super::split_as`] reads as one of them does (attack row 69).

use std::borrow::Cow;

use super::{Ambiguity, AmbiguityKind as Kind};

/// One thing that some reader does otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Habit {
    /// Of several fields or parameters of a name the last counts.
    LastWins,
    /// A line that is no field does not end the header.
    HeaderRunsOn,
    /// A line of blanks ends the header, and so does a blank before a colon.
    StrictHeader,
    /// A CR alone ends a line. (See [`View::bytes`].)
    CrBreaks,
    /// A line that goes on behind the boundary is a delimiter all the same.
    LooseDelimiters,
    /// Parts may follow the closing delimiter.
    IgnoresClose,
    /// A message that is encoded is read as if it were not.
    IgnoresTransfer,
    /// Without a boundary that helps, the first line that begins with two hyphens is one.
    GuessesBoundary,
    /// The boundary is what stands behind `boundary=`, wherever that is, escapes and all.
    NaiveBoundary,
    /// A boundary without quotes goes to the semicolon.
    WideBoundary,
    /// Of multiparts with one boundary the outermost has the delimiter.
    OuterFirst,
    /// What says nothing in a digest is text.
    PlainDigest,
}

impl Habit {
    const ALL: [Self; 12] = [
        Self::LastWins,
        Self::HeaderRunsOn,
        Self::StrictHeader,
        Self::CrBreaks,
        Self::LooseDelimiters,
        Self::IgnoresClose,
        Self::IgnoresTransfer,
        Self::GuessesBoundary,
        Self::NaiveBoundary,
        Self::WideBoundary,
        Self::OuterFirst,
        Self::PlainDigest,
    ];

    /// Whose habit makes something else of what was noted.
    const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::DuplicateContentType
            | Kind::DuplicateTransferEncoding
            | Kind::DuplicateBoundary
            | Kind::DuplicateCharset => &[Self::LastWins],
            Kind::MissingSeparator => &[Self::HeaderRunsOn],
            Kind::BlankContinuation | Kind::BlankBeforeColon => &[Self::StrictHeader],
            Kind::BareCr => &[Self::CrBreaks],
            Kind::LooseDelimiter => &[Self::LooseDelimiters],
            Kind::DelimiterAfterClose => &[Self::IgnoresClose],
            Kind::EncodedMessage => &[Self::IgnoresTransfer],
            Kind::MissingBoundary | Kind::NoDelimiter => &[Self::GuessesBoundary],
            Kind::UnclearBoundary => &[Self::NaiveBoundary, Self::WideBoundary],
            Kind::SharedBoundary => &[Self::OuterFirst],
            Kind::DigestDefault => &[Self::PlainDigest],
            Kind::NotClosed | Kind::EncodedMultipart | Kind::UnknownTransfer => &[],
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// Some habits together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct View(u16);

impl View {
    /// Ours.
    pub const PLAIN: Self = Self(0);

    /// The same with one habit more.
    #[must_use]
    pub const fn with(self, habit: Habit) -> Self {
        Self(self.0 | habit.bit())
    }

    /// The bytes that such a reader splits: as long as `raw`, with an LF for each CR that ends a line for it alone.
    pub fn bytes(self, raw: &[u8]) -> Cow<'_, [u8]> {
        if !self.has(Habit::CrBreaks) {
            return Cow::Borrowed(raw);
        }
        let mut bytes = raw.to_vec();
        for at in memchr::memchr_iter(b'\r', raw).filter(|at| raw.get(at + 1) != Some(&b'\n')) {
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = b'\n');
        }
        Cow::Owned(bytes)
    }

    pub(crate) const fn has(self, habit: Habit) -> bool {
        self.0 & habit.bit() != 0
    }
}

/// The views that could come to other parts than ours, given what was noted: each habit that matters, each two of them,
/// and all. None for a message without a doubt.
pub fn views(ambiguities: &[Ambiguity]) -> Vec<View> {
    let mattering =
        ambiguities.iter().flat_map(|noted| Habit::of(noted.kind)).fold(View::PLAIN, |view, habit| view.with(*habit));
    let habits: Vec<Habit> = Habit::ALL.into_iter().filter(|habit| mattering.has(*habit)).collect();
    let mut views = Vec::new();
    for (number, habit) in habits.iter().enumerate() {
        views.push(View::PLAIN.with(*habit));
        views.extend(habits.iter().skip(number + 1).map(|other| View::PLAIN.with(*habit).with(*other)));
    }
    if habits.len() > 2 {
        views.push(mattering);
    }
    views
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_each_habit_each_two_and_all() {
        let noted = |kinds: &[Kind]| kinds.iter().map(|kind| Ambiguity { kind: *kind, at: 0 }).collect::<Vec<_>>();
        assert_eq!(views(&[]), []);
        assert_eq!(views(&noted(&[Kind::NotClosed])), []);
        assert_eq!(views(&noted(&[Kind::BareCr, Kind::BareCr])), [View::PLAIN.with(Habit::CrBreaks)]);
        assert_eq!(views(&noted(&[Kind::BareCr, Kind::DuplicateCharset, Kind::NoDelimiter])).len(), 7);
    }
}
