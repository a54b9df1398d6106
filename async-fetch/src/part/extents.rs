//! The ranges of a file's bytes that exist.

use std::ops::Range;

/// Ranges in order. None touches another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extents(Vec<Range<u64>>);

impl Extents {
    pub(super) fn insert(&mut self, mut new: Range<u64>) {
        if new.is_empty() {
            return;
        }
        let from = self.0.partition_point(|it| it.end < new.start);
        let to = self.0.partition_point(|it| it.start <= new.end);
        if let Some(first) = self.0[from..to].first() {
            new.start = new.start.min(first.start);
        }
        if let Some(last) = self.0[from..to].last() {
            new.end = new.end.max(last.end);
        }
        self.0.splice(from..to, [new]);
    }

    pub(super) fn remove(&mut self, gone: Range<u64>) {
        let mut rest = Extents::default();
        for it in self.0.drain(..) {
            rest.insert(it.start..it.end.min(gone.start));
            rest.insert(it.start.max(gone.end)..it.end);
        }
        *self = rest;
    }

    /// Bytes in all of them.
    pub(super) fn length(&self) -> u64 {
        self.0.iter().map(|it| it.end - it.start).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Range<u64>> {
        self.0.iter()
    }

    /// The end of the last.
    pub(super) fn end(&self) -> u64 {
        self.0.last().map_or(0, |last| last.end)
    }

    /// The end of the gap that begins at `from`; `from` itself, if that byte exists.
    pub(super) fn free_until(&self, at: u64, total: u64) -> u64 {
        let next = self.0.partition_point(|it| it.end <= at);
        self.0.get(next).map_or(total, |next| next.start.max(at))
    }

    /// The first bytes that are missing.
    pub(super) fn first_gap(&self, total: u64) -> Option<Range<u64>> {
        let start = match self.0.first() {
            Some(first) if first.start == 0 => first.end,
            _ => 0,
        };
        let gap = start..self.free_until(start, total);
        (!gap.is_empty()).then_some(gap)
    }

    /// The last bytes that are missing.
    pub(super) fn last_gap(&self, total: u64) -> Option<Range<u64>> {
        let (last, others) = match self.0.split_last() {
            Some((last, others)) if last.end == total => (last.start, others),
            _ => (total, self.0.as_slice()),
        };
        let gap = others.last().map_or(0, |other| other.end)..last;
        (!gap.is_empty()).then_some(gap)
    }
}

impl FromIterator<Range<u64>> for Extents {
    fn from_iter<T: IntoIterator<Item = Range<u64>>>(ranges: T) -> Extents {
        let mut extents = Extents::default();
        ranges.into_iter().for_each(|range| extents.insert(range));
        extents
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOTAL: u64 = 40;

    /// The gaps of a row of bytes.
    fn gaps(there: &[bool]) -> Vec<Range<u64>> {
        let missing = (0..TOTAL).filter(|at| !there[*at as usize]);
        let mut gaps: Vec<Range<u64>> = Vec::new();
        for at in missing {
            match gaps.last_mut() {
                Some(gap) if gap.end == at => gap.end += 1,
                _ => gaps.push(at..at + 1),
            }
        }
        gaps
    }

    proptest! {
        #[test]
        fn they_are_what_a_row_of_bytes_is(
            steps in prop::collection::vec((any::<bool>(), 0..TOTAL, 0..TOTAL), 0..30),
        ) {
            let (mut extents, mut there) = (Extents::default(), [false; TOTAL as usize]);
            for (inserts, start, end) in steps {
                match inserts {
                    true => extents.insert(start..end),
                    false => extents.remove(start..end.max(start)),
                }
                (start..end).for_each(|at| there[at as usize] = inserts);
                let gaps = gaps(&there);
                prop_assert_eq!(extents.first_gap(TOTAL), gaps.first().cloned());
                prop_assert_eq!(extents.last_gap(TOTAL), gaps.last().cloned());
                prop_assert_eq!(extents.length(), there.iter().filter(|it| **it).count() as u64);
                for at in 0..TOTAL {
                    let gap = gaps.iter().find(|gap| gap.contains(&at));
                    prop_assert_eq!(extents.free_until(at, TOTAL), gap.map_or(at, |gap| gap.end));
                }
                let ranges = extents.0.windows(2);
                prop_assert!(ranges.into_iter().all(|two| two[0].end < two[1].start));
            }
        }
    }
}
