//! Many iterations at once, while the difference from the orbit is small: d' = A d + B e.
//!
//! One iteration is d' = 2 Z d + e, if d² may be neglected: A = 2 Z, B = 1. Two consecutive runs
//! combine into one of twice the length. Each run is valid for differences up to a radius, which
//! becomes smaller as runs become longer. (Zhuoran, "Bilinear approximation", fractalforums.org,
//! 2021; Claude Heiland-Allen, "Deep zoom theory and practice", 2021.)

use num_complex::Complex;

/// The maximum ratio of d² to 2 Z d: `f64` rounds this part away anyway. With 2^-40 instead, four
/// times as many of the chaotic counts beside a minibrot are wrong, and it is hardly faster.
const TOLERANCE: f64 = f64::EPSILON / 2.0;

/// The shortest stored runs have 4 iterations: shorter ones save nothing.
const SHORTEST: u32 = 2;

/// A run of iterations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) a: Complex<f64>,
    pub(super) b: Complex<f64>,
    /// The largest difference for which the run is valid.
    radius: f64,
}

/// The runs that begin at each fourth, eighth, sixteenth… point of an orbit.
#[derive(Debug)]
pub(super) struct Table {
    /// The runs of 4 iterations, of 8, and so on. The first run of each length begins at the
    /// orbit's point 1.
    levels: Vec<Vec<Run>>,
}

impl Table {
    /// The runs along an orbit, for points up to `farthest` from the middle.
    pub(super) fn new(points: &[Complex<f64>], farthest: f64) -> Table {
        let mut levels = Vec::new();
        // Point 0 is 0 itself, where only d² is left. After the last point there is no orbit.
        let (fours, _) = points[1..points.len() - 1].as_chunks::<4>();
        let mut level: Vec<Run> = fours
            .iter()
            .map(|four| {
                let [first, rest @ ..] = four.map(Run::one);
                rest.into_iter()
                    .fold(first, |run, next| run.then(next, farthest))
            })
            .collect();
        while !level.is_empty() && level.iter().any(|run| run.radius > 0.0) {
            let (pairs, _) = level.as_chunks::<2>();
            let next = pairs
                .iter()
                .map(|[one, two]| one.then(*two, farthest))
                .collect();
            levels.push(std::mem::replace(&mut level, next));
        }
        Table { levels }
    }

    /// The longest valid run from the orbit's point `m` on for the difference `d`, with at most
    /// `most` iterations; and its length.
    pub(super) fn longest(&self, m: usize, d: Complex<f64>, most: u32) -> Option<(&Run, u32)> {
        let from = m.wrapping_sub(1);
        let mut found = None;
        // At least as large as |d|, and without a square that could be too small for `f64`.
        let size = d.l1_norm();
        for (level, runs) in (SHORTEST..).zip(&self.levels) {
            let length = 1 << level;
            if from & (length - 1) != 0 || length > most as usize {
                break;
            }
            match runs.get(from >> level) {
                Some(run) if size < run.radius => found = Some((run, 1 << level)),
                _ => break,
            }
        }
        found
    }
}

impl Run {
    fn one(z: Complex<f64>) -> Run {
        Run {
            a: z + z,
            b: Complex::ONE,
            radius: TOLERANCE * (z + z).norm(),
        }
    }

    /// Combines this run with the next one.
    fn then(self, next: Run, farthest: f64) -> Run {
        let after = (next.radius - self.b.norm() * farthest) / self.a.norm();
        let radius = self.radius.min(after);
        Run {
            a: next.a * self.a,
            b: next.a * self.b + next.b,
            // Also if factors exceed the range of `f64` and the result is NaN.
            radius: if radius > 0.0 { radius } else { 0.0 },
        }
    }
}
