//! Computes which program is faster, from pairs of runs.

use std::time::Duration;

use common::timing::Summary;
use serde::Serialize;

/// With fewer pairs there is no [`Verdict`]: they would probably show less noise than there is.
pub const LEAST_PAIRS: usize = 5;

/// How many times as long theirs takes as ours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The median of theirs over the median of ours.
    pub of_medians: f64,
    /// The lowest ratio within a pair.
    pub min: f64,
    /// The highest ratio within a pair.
    pub max: f64,
    /// How many pairs there were.
    pub pairs: usize,
}

/// Which program is faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Ours, by more than the noise.
    Ours,
    /// Theirs, by more than the noise.
    Theirs,
    /// The ratio is within the noise.
    Neither,
    /// There are too few pairs to know the noise.
    Unknown,
}

impl Ratio {
    /// The ratio of pairs of (theirs, ours); `None` without a pair, or if ours took no time at all.
    ///
    /// # Examples
    /// ```
    /// use benches::ratio::Ratio;
    /// use std::time::Duration;
    ///
    /// let pairs = [(30, 20), (44, 20), (20, 40)];
    /// let pairs = pairs.map(|(a, b)| (Duration::from_millis(a), Duration::from_millis(b)));
    /// let ratio = Ratio::of(&pairs).unwrap();
    /// assert_eq!((ratio.of_medians, ratio.min, ratio.max), (1.5, 0.5, 2.2));
    /// ```
    pub fn of(pairs: &[(Duration, Duration)]) -> Option<Ratio> {
        if pairs.iter().any(|(_, ours)| ours.is_zero()) {
            return None;
        }
        let theirs = Summary::of(pairs.iter().map(|pair| pair.0))?;
        let ours = Summary::of(pairs.iter().map(|pair| pair.1))?;
        let ratios = || {
            pairs
                .iter()
                .map(|(theirs, ours)| theirs.div_duration_f64(*ours))
        };
        Some(Ratio {
            of_medians: theirs.median.div_duration_f64(ours.median),
            min: ratios().fold(f64::INFINITY, f64::min),
            max: ratios().fold(0.0, f64::max),
            pairs: pairs.len(),
        })
    }

    /// For a program beside itself: the largest difference within a pair, as a share. 0.1 is ten percent
    /// in either direction.
    pub fn noise(&self) -> f64 {
        self.max.max(1.0 / self.min) - 1.0
    }

    /// Which program is faster, for this noise of ours beside itself.
    pub fn verdict(&self, noise: f64) -> Verdict {
        match self.of_medians {
            _ if self.pairs < LEAST_PAIRS => Verdict::Unknown,
            ratio if ratio > 1.0 + noise => Verdict::Ours,
            ratio if ratio < 1.0 / (1.0 + noise) => Verdict::Theirs,
            _ => Verdict::Neither,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(millis: &[(u64, u64)]) -> Vec<(Duration, Duration)> {
        let millis = millis.iter().copied();
        millis
            .map(|(a, b)| (Duration::from_millis(a), Duration::from_millis(b)))
            .collect()
    }

    #[test]
    fn ratios_by_table() {
        for (input, expected) in [
            (vec![(10, 10)], (1.0, 1.0, 1.0)),
            (vec![(30, 10), (10, 20)], (20.0 / 15.0, 0.5, 3.0)),
            // One slow run moves the range, not the ratio.
            (vec![(20, 10), (20, 10), (900, 10)], (2.0, 2.0, 90.0)),
            // Of medians: not the median of the ratios, which is 2.
            (vec![(10, 5), (20, 20), (90, 30)], (1.0, 1.0, 3.0)),
        ] {
            let ratio = Ratio::of(&pairs(&input)).unwrap();
            assert_eq!(
                (ratio.of_medians, ratio.min, ratio.max),
                expected,
                "{input:?}"
            );
            assert_eq!(ratio.pairs, input.len());
        }
    }

    #[test]
    fn nothing_has_no_ratio() {
        assert_eq!(Ratio::of(&[]), None);
        assert_eq!(Ratio::of(&pairs(&[(5, 5), (5, 0)])), None);
    }

    #[test]
    fn noise_is_the_larger_deviation_of_both_directions() {
        for (min, max, expected) in [(1.0, 1.0, 0.0), (0.9, 1.25, 0.25), (0.5, 1.25, 1.0)] {
            let ratio = Ratio {
                of_medians: 1.0,
                min,
                max,
                pairs: 10,
            };
            assert_eq!(ratio.noise(), expected);
        }
    }

    #[test]
    fn no_ratio_within_the_noise_is_a_win() {
        for (of_medians, noise, pairs, expected) in [
            (1.3, 0.25, 10, Verdict::Ours),
            (1.25, 0.25, 10, Verdict::Neither),
            (0.8, 0.25, 10, Verdict::Neither),
            (0.79, 0.25, 10, Verdict::Theirs),
            (9.0, 0.0, LEAST_PAIRS - 1, Verdict::Unknown),
            (9.0, 0.0, LEAST_PAIRS, Verdict::Ours),
        ] {
            let ratio = Ratio {
                of_medians,
                min: of_medians,
                max: of_medians,
                pairs,
            };
            assert_eq!(
                ratio.verdict(noise),
                expected,
                "{of_medians} {noise} {pairs}"
            );
        }
    }
}
