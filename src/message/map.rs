/// Where the bytes of a decoded text come from, as runs of equal units: twelve bytes a run, whatever its length.
///
/// A unit is what decodes as one (an escape `=E3`, a character of two bytes); source bytes between units that decode to
/// nothing (soft line breaks, charset escapes, a byte order mark) are gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Map {
    runs: Vec<Run>,
    out: u32,
    source: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    out: u32,
    source: u32,
    out_unit: u8,
    source_unit: u8,
}

/// Where an offset of the decoded text lies in the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between two units: `before` ends the one to the left, `after` begins the one to the right; between them is a gap
    /// or nothing.
    Between { before: usize, after: usize },
    /// Within the unit `start..end`.
    Within { start: usize, end: usize },
}

impl Place {
    pub(crate) fn before(self) -> usize {
        match self {
            Self::Between { before, .. } => before,
            Self::Within { start, .. } => start,
        }
    }

    pub(crate) fn after(self) -> usize {
        match self {
            Self::Between { after, .. } => after,
            Self::Within { end, .. } => end,
        }
    }
}

impl Map {
    /// Longest source that a map can speak of.
    pub(crate) const MAX_SOURCE: usize = u32::MAX as usize / 4;

    /// One unit: `source` bytes that decoded to `out` bytes. `out` is not 0; `source` is 0 only where a decoder made a
    /// character of bytes that it had taken back.
    pub(crate) fn unit(&mut self, out: u8, source: u8) {
        self.run(usize::from(out), out, usize::from(source), source);
    }

    /// `length` bytes that decoded to themselves.
    pub(crate) fn same(&mut self, length: usize) {
        if length > 0 {
            self.run(length, 1, length, 1);
        }
    }

    /// `length` source bytes that decoded to nothing.
    pub(crate) fn gap(&mut self, length: usize) {
        self.source = self.source.saturating_add(small(length));
    }

    fn run(&mut self, out: usize, out_unit: u8, source: usize, source_unit: u8) {
        let goes_on = self.runs.last().is_some_and(|run| {
            (run.out_unit, run.source_unit) == (out_unit, source_unit) && run.source_end(self.out) == self.source
        });
        if !goes_on {
            self.runs.push(Run { out: self.out, source: self.source, out_unit, source_unit });
        }
        self.out = self.out.saturating_add(small(out));
        self.source = self.source.saturating_add(small(source));
    }

    /// Where offset `at` of the decoded text (0 to its length) lies.
    pub(crate) fn place(&self, at: usize) -> Place {
        let at = small(at).min(self.out);
        let number = self.runs.partition_point(|run| run.out <= at);
        let Some(run) = number.checked_sub(1).and_then(|number| self.runs.get(number)) else {
            let after = self.runs.first().map_or(self.source, |run| run.source);
            return Place::Between { before: 0, after: after as usize };
        };
        let within = at - run.out;
        let (units, rest) = (within / u32::from(run.out_unit), within % u32::from(run.out_unit));
        let position = (run.source + units * u32::from(run.source_unit)) as usize;
        if rest > 0 {
            return Place::Within { start: position, end: position + usize::from(run.source_unit) };
        }
        let after = if at == self.out { self.source as usize } else { position };
        let before = if within > 0 {
            position
        } else {
            let left = number.checked_sub(2).and_then(|left| self.runs.get(left));
            left.map_or(0, |left| left.source_end(run.out) as usize)
        };
        Place::Between { before, after }
    }
}

impl Run {
    /// Where the source of this run ends, if its text ends at `out`.
    fn source_end(self, out: u32) -> u32 {
        self.source + (out - self.out) / u32::from(self.out_unit) * u32::from(self.source_unit)
    }
}

/// Sources are at most [`Map::MAX_SOURCE`] long, so nothing is ever cut here.
fn small(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn between(before: usize, after: usize) -> Place {
        Place::Between { before, after }
    }

    #[test]
    fn runs_units_and_gaps() {
        let mut map = Map::default();
        map.gap(2);
        map.same(3);
        map.unit(1, 3);
        map.unit(1, 3);
        map.gap(1);
        map.unit(3, 2);
        map.gap(4);
        assert_eq!(map.place(0), between(0, 2));
        assert_eq!(map.place(2), between(4, 4));
        assert_eq!(map.place(3), between(5, 5));
        assert_eq!(map.place(4), between(8, 8));
        assert_eq!(map.place(5), between(11, 12));
        assert_eq!(map.place(6), Place::Within { start: 12, end: 14 });
        assert_eq!(map.place(8), between(14, 18));
        assert_eq!(map.place(99), between(14, 18));
        assert_eq!(map.runs.len(), 3);
    }

    #[test]
    fn nothing_maps_to_the_whole_gap() {
        let mut map = Map::default();
        map.gap(7);
        assert_eq!(map.place(0), between(0, 7));
    }

    proptest! {
        #[test]
        fn every_place_is_where_the_units_were_laid(pieces in proptest::collection::vec((0_u8..4, 1_u8..4, 0_u8..3), 0..40)) {
            let (mut map, mut out, mut source) = (Map::default(), 0_usize, 0_usize);
            let mut wanted = vec![(0, 0)];
            for (out_unit, source_unit, gap) in pieces {
                map.gap(usize::from(gap));
                source += usize::from(gap);
                if let Some(last) = wanted.last_mut() {
                    last.1 = source;
                }
                if out_unit > 0 {
                    map.unit(out_unit, source_unit);
                    out += usize::from(out_unit);
                    source += usize::from(source_unit);
                    wanted.extend(std::iter::repeat_n((usize::MAX, 0), usize::from(out_unit) - 1));
                    wanted.push((source, source));
                }
            }
            prop_assert_eq!(wanted.len(), out + 1);
            for (at, (before, after)) in wanted.into_iter().enumerate() {
                match map.place(at) {
                    Place::Within { .. } => prop_assert_eq!(before, usize::MAX),
                    place => prop_assert_eq!(place, between(before, after)),
                }
            }
        }
    }
}
