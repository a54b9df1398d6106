//! A measured figure: the median of several runs, with its range.

use common::timing::{human_bytes, human_duration};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// A range reaches at least this share of its median to either side. A few runs may be equal by
/// chance.
pub const LEAST_SPREAD: f64 = 0.05;

/// From this number of runs on, the fastest and the slowest are left out of the range. With nine runs the rest
/// contains the true median in 96 of 100 cases (order statistics of a binomial distribution).
pub const TRIMMED_FROM: usize = 9;

/// Fewer runs decide nothing: their spread is not known.
pub const LEAST_RUNS: usize = 3;

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes of memory.
    Bytes,
    /// A number of things.
    Count,
    /// How many times as much as something else.
    Times,
}

/// The median of several runs, and their range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The middle run; of an even number of runs, the mean of the middle two.
    pub median: f64,
    /// Where the range begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
    /// How many runs.
    pub runs: usize,
    /// The unit.
    pub unit: Unit,
}

/// The relation of a figure to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Its whole range lies below the other's.
    Less,
    /// The ranges overlap: the difference may be noise.
    Close,
    /// Its whole range lies above the other's.
    Greater,
}

impl Figure {
    /// The figure of these runs. `None` if there are none, or if one of them is not a number.
    ///
    /// # Examples
    ///
    /// ```
    /// use guidelines::figure::{Figure, Unit};
    ///
    /// let figure = Figure::of(Unit::Count, [5.0, 1.0, 3.0]).unwrap();
    /// assert_eq!((figure.low, figure.median, figure.high), (1.0, 3.0, 5.0));
    /// ```
    pub fn of(unit: Unit, runs: impl IntoIterator<Item = f64>) -> Option<Figure> {
        let mut runs: Vec<f64> = runs.into_iter().collect();
        if runs.is_empty() || runs.iter().any(|run| !run.is_finite()) {
            return None;
        }
        runs.sort_unstable_by(f64::total_cmp);
        let count = runs.len();
        let median = f64::midpoint(runs[(count - 1) / 2], runs[count / 2]);
        let left_out = usize::from(count >= TRIMMED_FROM);
        let spread = LEAST_SPREAD * median.abs();
        Some(Figure {
            median,
            low: runs[left_out].min(median - spread),
            high: runs[count - 1 - left_out].max(median + spread),
            runs: count,
            unit,
        })
    }

    /// A figure without several runs. It has the smallest range.
    pub fn exactly(unit: Unit, value: f64) -> Figure {
        let spread = LEAST_SPREAD * value.abs();
        Figure {
            median: value,
            low: value - spread,
            high: value + spread,
            runs: 1,
            unit,
        }
    }

    /// The relation to another figure of the same unit.
    ///
    /// # Examples
    ///
    /// ```
    /// use guidelines::figure::{Beside, Figure, Unit};
    ///
    /// let figure = |runs: [f64; 3]| Figure::of(Unit::Seconds, runs).unwrap();
    /// let (a, b) = (figure([1.0, 2.0, 3.0]), figure([2.5, 4.0, 5.0]));
    /// assert_eq!(a.beside(&b), Beside::Close);
    /// assert_eq!(figure([1.0, 1.5, 2.0]).beside(&b), Beside::Less);
    /// ```
    pub fn beside(&self, other: &Figure) -> Beside {
        match () {
            () if self.high < other.low => Beside::Less,
            () if self.low > other.high => Beside::Greater,
            () => Beside::Close,
        }
    }

    /// This figure divided by another, with the largest range that both ranges allow.
    pub fn over(&self, other: &Figure) -> Option<Figure> {
        // No figure is a multiple of zero or of a negative value.
        (self.unit == other.unit && other.low > 0.0).then(|| Figure {
            median: self.median / other.median,
            low: self.low / other.high,
            high: self.high / other.low,
            runs: self.runs.min(other.runs),
            unit: Unit::Times,
        })
    }

    /// This figure, multiplied by a factor.
    #[must_use]
    pub fn times(&self, factor: f64) -> Figure {
        Figure {
            median: self.median * factor,
            low: self.low * factor,
            high: self.high * factor,
            ..*self
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(&self, other: &Figure) -> Figure {
        Figure {
            median: self.median + other.median,
            low: self.low + other.low,
            high: self.high + other.high,
            runs: self.runs.min(other.runs),
            unit: self.unit,
        }
    }

    /// This figure together with the same one, measured later: the range contains both.
    ///
    /// # Examples
    ///
    /// ```
    /// use guidelines::figure::{Figure, Unit};
    ///
    /// let figure = |runs: [f64; 3]| Figure::of(Unit::Seconds, runs).unwrap();
    /// let both = figure([1.0, 2.0, 3.0]).with(&figure([2.0, 4.0, 5.0]));
    /// assert_eq!((both.low, both.median, both.high, both.runs), (1.0, 3.0, 5.0, 6));
    /// ```
    #[must_use]
    pub fn with(&self, later: &Figure) -> Figure {
        Figure {
            median: f64::midpoint(self.median, later.median),
            low: self.low.min(later.low),
            high: self.high.max(later.high),
            runs: self.runs + later.runs,
            unit: self.unit,
        }
    }

    /// The larger one, end by end.
    #[must_use]
    pub fn max(&self, other: &Figure) -> Figure {
        Figure {
            median: self.median.max(other.median),
            low: self.low.max(other.low),
            high: self.high.max(other.high),
            runs: self.runs.min(other.runs),
            unit: self.unit,
        }
    }

    /// A value in this figure's unit, for people.
    pub fn human(&self, value: f64) -> String {
        self.unit.human(value)
    }

    /// Its range, for people: `1.20 us … 1.31 us`.
    pub fn range(&self) -> String {
        format!("{} … {}", self.human(self.low), self.human(self.high))
    }
}

/// `1.25 us (1.20 us … 1.31 us)`.
impl fmt::Display for Figure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.human(self.median), self.range())
    }
}

impl Unit {
    /// A value for people.
    ///
    /// # Examples
    ///
    /// ```
    /// use guidelines::figure::Unit;
    ///
    /// assert_eq!(Unit::Seconds.human(3.2e-10), "0.320 ns");
    /// assert_eq!(Unit::Seconds.human(0.0123), "12.3 ms");
    /// assert_eq!(Unit::Bytes.human(2048.0), "2.00 KiB");
    /// assert_eq!(Unit::Count.human(12_345.6), "12,300");
    /// assert_eq!(Unit::Times.human(1.937), "1.94");
    /// ```
    pub fn human(self, value: f64) -> String {
        if value < 0.0 {
            return format!("-{}", self.human(-value));
        }
        match self {
            Unit::Seconds if value < 999.5e-9 => format!("{} ns", three_digits(value * 1e9)),
            Unit::Seconds => human_duration(Duration::try_from_secs_f64(value).unwrap_or_default()),
            // A conversion from a float to an integer saturates.
            Unit::Bytes => human_bytes(value.round() as u64),
            Unit::Count => thousands(rounded_to_three_digits(value) as u64),
            Unit::Times => three_digits(value),
        }
    }
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        0.0 => 0,
        v if v < 0.9995 => 3,
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

fn rounded_to_three_digits(value: f64) -> f64 {
    if value < 1000.0 {
        return value.round();
    }
    let unit = 10_f64.powf(value.log10().floor() - 2.0);
    (value / unit).round() * unit
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(runs: &[f64]) -> Figure {
        Figure::of(Unit::Seconds, runs.iter().copied()).unwrap()
    }

    #[test]
    fn of_nine_runs_the_fastest_and_the_slowest_are_left_out() {
        let figure = seconds(&[9.0, 1.0, 2.0, 3.0, 100.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!((figure.low, figure.median, figure.high), (2.0, 6.0, 9.0));
        let eight = seconds(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 100.0]);
        assert_eq!((eight.low, eight.median, eight.high), (1.0, 4.5, 100.0));
    }

    #[test]
    fn equal_runs_have_a_range_all_the_same() {
        let figure = seconds(&[1.0, 1.0, 1.0]);
        assert_eq!((figure.low, figure.high), (0.95, 1.05));
        assert_eq!(figure.beside(&seconds(&[1.05, 1.05])), Beside::Close);
        assert_eq!(figure.beside(&seconds(&[1.2, 1.2])), Beside::Less);
        assert_eq!(seconds(&[1.2, 1.2]).beside(&figure), Beside::Greater);
    }

    #[test]
    fn noisy_runs_are_not_told_apart_though_their_medians_differ_by_far() {
        let noisy = seconds(&[1.0, 3.0, 9.0]);
        assert_eq!(noisy.beside(&seconds(&[0.9, 1.0, 1.1])), Beside::Close);
        assert_eq!(noisy.beside(&seconds(&[0.5, 0.6, 0.7])), Beside::Greater);
    }

    #[test]
    fn a_ratio_has_the_widest_range_that_its_sides_allow() {
        let ratio = seconds(&[2.0, 3.0, 4.0])
            .over(&seconds(&[1.0, 2.0, 4.0]))
            .unwrap();
        assert_eq!((ratio.low, ratio.median, ratio.high), (0.5, 1.5, 4.0));
        assert_eq!(ratio.unit, Unit::Times);
        assert_eq!(seconds(&[1.0]).over(&seconds(&[0.0])), None);
        assert_eq!(
            seconds(&[1.0]).over(&Figure::exactly(Unit::Bytes, 1.0)),
            None
        );
    }

    #[test]
    fn what_is_no_number_is_no_figure() {
        assert_eq!(Figure::of(Unit::Seconds, []), None);
        assert_eq!(Figure::of(Unit::Seconds, [1.0, f64::NAN]), None);
        assert_eq!(Figure::of(Unit::Seconds, [f64::INFINITY]), None);
    }

    #[test]
    fn values_for_people_have_three_digits() {
        for (unit, value, expected) in [
            (Unit::Seconds, 0.0, "0 ns"),
            (Unit::Seconds, 7.04e-9, "7.04 ns"),
            (Unit::Seconds, 999.7e-9, "1.00 us"),
            (Unit::Count, 7.0, "7"),
            (Unit::Count, 1_234_567.0, "1,230,000"),
            (Unit::Times, -0.5, "-0.500"),
            (Unit::Bytes, 100.4, "100 B"),
        ] {
            assert_eq!(unit.human(value), expected);
        }
    }
}
