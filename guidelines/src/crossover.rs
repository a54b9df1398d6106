//! Cross-over points: from which size on one model is faster than another.
//!
//! Two things are measured at sizes that grow, in rounds. Each round has a cross-over of its own, where
//! the ratio of the two first reaches 1 and stays there; the median of the rounds is the figure, and
//! their range is its range.

pub mod chunk;
pub mod result_size;
pub mod simd;
pub mod stealing;
pub mod two_workers;
pub mod waiting;

use crate::figure::{Figure, Unit};
use crate::sample::Run;
use serde::{Deserialize, Serialize};
use std::io;

/// Where one model overtakes another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// There, with its range. Where a round saw none, the range ends with what was measured.
    At(Figure),
    /// At the smallest size that was measured already.
    FromTheStart(f64),
    /// Not up to the largest size that was measured.
    Never(f64),
}

/// A cross-over, and all that was measured to find it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crossover {
    /// Its id: `two-workers/rayon`.
    pub id: String,
    /// The two models that are compared.
    pub title: String,
    /// The meaning of a size: `length of a task`.
    pub size: String,
    /// The meaning of the ratio: above 1, the second one is ahead.
    pub ratio: String,
    /// The unit of the sizes.
    pub unit: Unit,
    /// The ratios at each size.
    pub points: Vec<Point>,
    /// Where the ratio reaches 1.
    pub crossing: Crossing,
}

/// The ratio at a size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// The size.
    pub size: f64,
    /// The ratio.
    pub ratio: Figure,
}

impl Crossover {
    /// Adds the same cross-over, measured again later.
    pub fn again(&mut self, later: &Crossover) {
        for point in &mut self.points {
            if let Some(later) = later.points.iter().find(|it| it.size == point.size) {
                point.ratio = point.ratio.with(&later.ratio);
            }
        }
        self.crossing = self.crossing.with(&later.crossing);
    }
}

impl Crossing {
    /// This one and a later one: the range holds both.
    fn with(&self, later: &Crossing) -> Crossing {
        use Crossing::{At, FromTheStart, Never};
        match (*self, *later) {
            (At(one), At(other)) => At(one.with(&other)),
            (At(one), FromTheStart(size)) | (FromTheStart(size), At(one)) => At(Figure {
                low: one.low.min(size),
                ..one
            }),
            (At(one), Never(size)) | (Never(size), At(one)) => At(Figure {
                high: one.high.max(size),
                ..one
            }),
            // Once from the start and once never: nothing is known.
            (FromTheStart(_), Never(size)) | (Never(size), FromTheStart(_)) => Never(size),
            (same, _) => same,
        }
    }
}

/// The comparison, in words.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Its id.
    pub id: &'static str,
    /// See [`Crossover::title`].
    pub title: &'static str,
    /// See [`Crossover::size`].
    pub size: &'static str,
    /// See [`Crossover::ratio`].
    pub ratio: &'static str,
    /// The unit of the sizes.
    pub unit: Unit,
}

/// When the second model is ahead at this many sizes in a row, larger sizes are not measured.
const ENOUGH: usize = 2;

/// Finds a cross-over: in each round `ratio` is asked for at growing sizes.
///
/// # Errors
///
/// Those of `ratio`, and if the user asked to stop.
pub fn find(
    about: About,
    sizes: &[f64],
    rounds: usize,
    run: &Run<'_>,
    mut ratio: impl FnMut(f64) -> io::Result<f64>,
) -> io::Result<Crossover> {
    let mut ratios: Vec<Vec<f64>> = sizes.iter().map(|_| Vec::new()).collect();
    let mut found = Vec::new();
    for round in 1..=rounds {
        let mut curve = Vec::new();
        for (&size, ratios) in sizes.iter().zip(&mut ratios) {
            let text = about.unit.human(size);
            run.step(&format!("{}: {text}, round {round}", about.title))?;
            let ratio = ratio(size)?;
            ratios.push(ratio);
            curve.push((size, ratio));
            let ahead = |&(_, ratio): &(f64, f64)| ratio >= 1.0;
            if curve.len() >= ENOUGH && curve.iter().rev().take(ENOUGH).all(ahead) {
                break;
            }
        }
        found.push(first(&curve));
    }
    let points = sizes.iter().zip(ratios).filter_map(|(&size, ratios)| {
        let ratio = Figure::of(Unit::Times, ratios)?;
        Some(Point { size, ratio })
    });
    Ok(Crossover {
        id: about.id.to_owned(),
        title: about.title.to_owned(),
        size: about.size.to_owned(),
        ratio: about.ratio.to_owned(),
        unit: about.unit,
        points: points.collect(),
        crossing: together(&found, sizes, about.unit),
    })
}

/// Where a round's curve reaches 1 and stays there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    FromTheStart,
    At(f64),
    Never,
}

fn first(curve: &[(f64, f64)]) -> First {
    // The last size at which the first was ahead.
    match curve.iter().rposition(|&(_, ratio)| ratio < 1.0) {
        None if curve.is_empty() => First::Never,
        None => First::FromTheStart,
        Some(at) if at + 1 == curve.len() => First::Never,
        Some(at) => First::At(between(curve[at], curve[at + 1])),
    }
}

/// Between two sizes: a straight line on paper with two logarithmic scales.
fn between((size, ratio): (f64, f64), (next, ahead): (f64, f64)) -> f64 {
    // A ratio may be zero or less where it is of differences.
    let (low, high) = (ratio.max(1e-3).ln(), ahead.ln());
    let share = match high - low {
        rise if rise > 0.0 => -low / rise,
        _ => 0.5,
    };
    size * (next / size).powf(share)
}

/// The median of the rounds. "From the start" comes before all sizes, "never" behind them.
fn together(found: &[First], sizes: &[f64], unit: Unit) -> Crossing {
    let (Some(&smallest), Some(&largest)) = (sizes.first(), sizes.last()) else {
        return Crossing::Never(0.0);
    };
    let sizes = found.iter().map(|first| match *first {
        First::FromTheStart => smallest,
        First::At(size) => size,
        First::Never => largest,
    });
    let half = found.len().div_ceil(2);
    let count = |kind: First| found.iter().filter(|&&it| it == kind).count();
    match Figure::of(unit, sizes) {
        _ if count(First::FromTheStart) >= half => Crossing::FromTheStart(smallest),
        Some(figure) if count(First::Never) < half => Crossing::At(figure),
        _ => Crossing::Never(largest),
    }
}

impl Crossover {
    /// The figure to compare with other figures. Without a cross-over it is the largest size that was
    /// measured.
    pub fn figure(&self) -> Figure {
        match self.crossing {
            Crossing::At(figure) => figure,
            // Anything down to nothing.
            Crossing::FromTheStart(smallest) => Figure {
                low: 0.0,
                runs: self.rounds(),
                ..Figure::exactly(self.unit, smallest)
            },
            Crossing::Never(largest) => Figure {
                high: f64::MAX,
                runs: self.rounds(),
                ..Figure::exactly(self.unit, largest)
            },
        }
    }

    fn rounds(&self) -> usize {
        self.points.first().map_or(0, |point| point.ratio.runs)
    }

    /// Where it is, in words: `at 12.3 us (11.0 us … 14.2 us)`.
    pub fn place(&self) -> String {
        match self.crossing {
            Crossing::At(figure) => format!("at {figure}"),
            Crossing::FromTheStart(smallest) => {
                format!("from the start: at {} already", self.unit.human(smallest))
            }
            Crossing::Never(largest) => format!("not up to {}", self.unit.human(largest)),
        }
    }
}

/// Sizes that grow by a factor, from the first to the last one at most.
pub fn sizes(first: f64, last: f64, factor: f64) -> Vec<f64> {
    let next = |&size: &f64| Some(size * factor);
    std::iter::successors(Some(first), next)
        .take_while(|&size| size <= last * 1.001)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ABOUT: About = About {
        id: "two-workers/paper",
        title: "paper",
        size: "length of a task",
        ratio: "one over two",
        unit: Unit::Seconds,
    };

    fn found(rounds: usize, ratio: impl FnMut(f64) -> io::Result<f64>) -> Crossover {
        let run = Run {
            rounds: 1,
            sample: Duration::ZERO,
            tell: &|_| (),
            stopped: &|| false,
        };
        find(ABOUT, &sizes(1.0, 64.0, 2.0), rounds, &run, ratio).unwrap()
    }

    #[test]
    fn a_cross_over_is_found_between_two_sizes() {
        // Two workers take 10 + t/2 of what one takes t for: equal at 20.
        let crossover = found(3, |t| Ok(t / (10.0 + t / 2.0)));
        let Crossing::At(figure) = crossover.crossing else {
            panic!("{crossover:?}");
        };
        assert!((figure.median - 20.0).abs() < 1.0, "{figure:?}");
        // 16 lost, 32 and 64 won: nothing beyond was asked for.
        let sizes: Vec<f64> = crossover.points.iter().map(|it| it.size).collect();
        assert_eq!(sizes, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0]);
    }

    #[test]
    fn larger_sizes_are_not_measured_once_it_is_clear() {
        let mut asked = Vec::new();
        let crossover = found(1, |t| {
            asked.push(t);
            Ok(t / 3.0)
        });
        assert_eq!(asked, [1.0, 2.0, 4.0, 8.0]);
        assert!((crossover.figure().median - 3.0).abs() < 0.01);
    }

    #[test]
    fn always_ahead_and_never_ahead_are_told() {
        let always = found(3, |_| Ok(1.5));
        assert_eq!(always.crossing, Crossing::FromTheStart(1.0));
        assert!(always.place().starts_with("from the start"));
        assert_eq!(always.figure().low, 0.0);
        let never = found(3, |_| Ok(0.5));
        assert_eq!(never.crossing, Crossing::Never(64.0));
        assert_eq!(never.place(), "not up to 64.0 s");
        assert!(never.figure().high > 1e9);
    }

    #[test]
    fn rounds_that_disagree_widen_the_range() {
        let factors = [2.0, 6.0, 20.0];
        let mut asked = 0;
        let crossover = found(3, |t| {
            asked += usize::from(t == 1.0);
            Ok(t / factors[asked - 1])
        });
        let figure = crossover.figure();
        assert!((figure.median - 6.0).abs() < 0.1, "{figure:?}");
        assert!(figure.low <= 2.01 && figure.high >= 19.9, "{figure:?}");
    }

    #[test]
    fn a_point_ahead_by_chance_is_no_cross_over() {
        let curve = [(1.0, 0.5), (2.0, 1.2), (4.0, 0.8), (8.0, 1.5), (16.0, 3.0)];
        let First::At(size) = first(&curve) else {
            panic!("none");
        };
        assert!((4.0..8.0).contains(&size), "{size}");
        assert_eq!(first(&curve[..3]), First::Never);
    }
}
