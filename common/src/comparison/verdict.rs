//! Decides which model was fastest, and whether the figures are good enough to say so.

use super::Entry;
use super::report::{Agreement, Report, Row, walls};
use crate::timing::{Summary, ratio};
use std::fmt::Debug;
use std::time::Duration;

/// The number of runs of each model that is needed to name a fastest one: with fewer, the spread is
/// unknown.
pub(super) const LEAST_RUNS: usize = 3;

/// A smaller difference is never reported. Few runs of the baseline may be equal by chance, and
/// models that share the cores have a larger spread than one with a core to itself.
pub(super) const LEAST_NOISE: f64 = 0.03;

/// The conclusion about the fastest model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Fewer than two models, or no noise figure: no conclusion.
    Nothing,
    /// Fewer runs than [`LEAST_RUNS`].
    TooFewRuns,
    /// Faster than the runner-up by more than the noise.
    Winner(String),
    /// The noise is larger than the differences between these models; fastest first.
    WithinNoise(Vec<String>),
}

impl Verdict {
    /// Decides from the models' median times.
    pub(super) fn of(medians: &[(&str, Duration)], noise: Option<f64>) -> Verdict {
        let mut order = medians.to_vec();
        order.sort_by_key(|&(_, median)| median);
        let (Some(noise), [(fastest, best), _, ..]) = (noise, order.as_slice()) else {
            return Verdict::Nothing;
        };
        let limit = best.as_secs_f64() * (1.0 + noise.max(LEAST_NOISE));
        let near: Vec<String> = order
            .iter()
            .take_while(|(_, median)| median.as_secs_f64() <= limit)
            .map(|&(model, _)| model.to_owned())
            .collect();
        match near.len() {
            0 | 1 => Verdict::Winner((*fastest).to_owned()),
            _ => Verdict::WithinNoise(near),
        }
    }
}

/// The models compared with the baseline, each with its speed-up, fastest first.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Standings<'r> {
    /// Faster than the baseline by more than the noise.
    pub(super) faster: Vec<(&'r str, f64)>,
    /// Not distinguishable from the baseline.
    pub(super) equal: Vec<(&'r str, f64)>,
    /// Slower by more than the noise.
    pub(super) slower: Vec<(&'r str, f64)>,
}

impl<'r> Standings<'r> {
    /// Compares models by their speed-ups. A ratio up to `limit`, in either direction, is noise.
    pub(super) fn of(models: impl Iterator<Item = (&'r str, f64)>, limit: f64) -> Standings<'r> {
        let mut models: Vec<_> = models.collect();
        models.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let mut standings = Standings::default();
        for (model, speed_up) in models {
            let group = match speed_up {
                it if it > limit => &mut standings.faster,
                it if it * limit < 1.0 => &mut standings.slower,
                _ => &mut standings.equal,
            };
            group.push((model, speed_up));
        }
        standings
    }
}

/// How a model compares with the baseline: the baseline's median time divided by the model's, and
/// whether the difference is larger than the noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing {
    /// Faster by more than the noise.
    Faster(f64),
    /// Not distinguishable from the baseline.
    Equal(f64),
    /// Slower by more than the noise.
    Slower(f64),
}

impl<A: PartialEq + Debug> Report<A> {
    /// How a model compares with the baseline, beyond the noise. `None` for the baseline itself, and
    /// for a model without figures or with another answer.
    pub fn standing(&self, model: &str) -> Option<Standing> {
        let standings = self.standings();
        let find = |group: &[(&str, f64)]| {
            let found = group.iter().find(|(name, _)| *name == model);
            found.map(|&(_, speed_up)| speed_up)
        };
        find(&standings.faster)
            .map(Standing::Faster)
            .or_else(|| find(&standings.slower).map(Standing::Slower))
            .or_else(|| find(&standings.equal).map(Standing::Equal))
    }
}

/// `(max - min) / median` of equal runs; `None` for fewer than two.
pub(super) fn noise(walls: &[Duration]) -> Option<f64> {
    if walls.len() < 2 {
        return None;
    }
    let summary = Summary::of(walls.iter().copied())?;
    Some(ratio(summary.max - summary.min, summary.median))
}

/// The median times of the models that may win: a model with a wrong answer may not.
pub(super) fn medians<'r>(rows: &'r [Row], agreement: &Agreement) -> Vec<(&'r str, Duration)> {
    let differs = |row: &Row| agreement.differing.iter().any(|it| it.model == row.model);
    rows.iter()
        .filter(|row| !differs(row))
        .filter_map(|row| Some((row.model.as_str(), row.outcome.as_ref().ok()?.wall.median)))
        .collect()
}

/// The largest relative spread of any model's runs, at least the baseline's noise. With five runs
/// or more, the fastest and the slowest are left out: one disturbed run says nothing about the
/// others.
pub(super) fn widest(noise: Option<f64>, entries: &[Entry]) -> Option<f64> {
    let spread = |entry: &Entry| {
        let mut walls = walls(&entry.samples);
        walls.sort_unstable();
        match walls[..] {
            [_, ref usual @ .., _] if usual.len() >= LEAST_RUNS => self::noise(usual),
            _ => self::noise(&walls),
        }
    };
    // Without a figure for the baseline there is no reference.
    noise?;
    let answered = entries.iter().filter(|entry| entry.answered());
    answered.filter_map(spread).reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::{entry, report};
    use super::*;

    fn ms(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn noise_is_the_baselines_relative_spread() {
        assert_eq!(noise(&ms(&[100, 125, 75])), Some(0.5));
        assert_eq!(noise(&ms(&[100, 100])), Some(0.0));
        assert_eq!(noise(&ms(&[100])), None);
    }

    #[test]
    fn a_winner_needs_a_lead_beyond_the_noise() {
        let at = |a, b, c| {
            [("a", a), ("b", b), ("c", c)].map(|(name, ms)| (name, Duration::from_millis(ms)))
        };
        let within = |names: &[&str]| {
            Verdict::WithinNoise(names.iter().map(|name| (*name).to_owned()).collect())
        };
        let noise = Some(0.1);
        let b = || Verdict::Winner("b".to_owned());
        assert_eq!(Verdict::of(&at(200, 100, 120), noise), b());
        assert_eq!(Verdict::of(&at(200, 105, 100), noise), within(&["c", "b"]));
        assert_eq!(
            Verdict::of(&at(109, 105, 100), noise),
            within(&["c", "b", "a"])
        );
        assert_eq!(Verdict::of(&at(200, 100, 104), Some(0.0)), b());
        assert_eq!(
            Verdict::of(&at(200, 100, 102), Some(0.0)),
            within(&["b", "c"])
        );
        assert_eq!(Verdict::of(&at(200, 100, 120), None), Verdict::Nothing);
        assert_eq!(Verdict::of(&at(1, 2, 3)[..1], noise), Verdict::Nothing);
    }

    #[test]
    fn equal_medians_without_noise_are_a_tie() {
        let tie = [
            ("a", Duration::from_millis(5)),
            ("b", Duration::from_millis(5)),
        ];
        assert!(matches!(
            Verdict::of(&tie, Some(0.0)),
            Verdict::WithinNoise(_)
        ));
    }

    #[test]
    fn the_widest_spread_of_any_model_is_the_noise() {
        let entries = [
            entry("serial", 1, &[(100, 100), (101, 101)], 7),
            entry("threads", 2, &[(50, 100), (60, 100), (55, 100)], 7),
        ];
        let noise = widest(Some(0.01), &entries).unwrap();
        assert!((noise - 10.0 / 55.0).abs() < 1e-9, "{noise}");
        let disturbed = [(50, 100), (900, 100), (51, 100), (50, 100), (40, 100)];
        let entries = [
            entry("serial", 1, &[(100, 100), (101, 101)], 7),
            entry("threads", 2, &disturbed, 7),
        ];
        let noise = widest(Some(0.01), &entries).unwrap();
        assert!((noise - 1.0 / 50.0).abs() < 1e-9, "{noise}");
        assert_eq!(widest(None, &entries), None);
    }

    #[test]
    fn models_stand_above_beside_or_below_the_baseline() {
        let models = [
            ("a", 1.87),
            ("b", 0.99),
            ("c", 0.5),
            ("d", 1.98),
            ("e", 1.04),
            ("f", 0.96),
        ];
        let standings = Standings::of(models.into_iter(), 1.05);
        assert_eq!(standings.faster, [("d", 1.98), ("a", 1.87)]);
        assert_eq!(standings.equal, [("e", 1.04), ("b", 0.99), ("f", 0.96)]);
        assert_eq!(standings.slower, [("c", 0.5)]);
    }

    #[test]
    fn a_model_stands_to_the_baseline_as_the_noise_allows() {
        let report = report(vec![
            entry("serial", 1, &[(100, 100), (100, 100)], 7),
            entry("threads", 2, &[(50, 100)], 7),
            entry("same", 1, &[(101, 100)], 7),
            entry("slow", 1, &[(200, 100)], 7),
            entry("wrong", 1, &[(10, 10)], 8),
        ]);
        assert_eq!(report.standing("threads"), Some(Standing::Faster(2.0)));
        assert!(matches!(report.standing("same"), Some(Standing::Equal(_))));
        assert_eq!(report.standing("slow"), Some(Standing::Slower(0.5)));
        for none in ["serial", "wrong", "nobody"] {
            assert_eq!(report.standing(none), None);
        }
    }
}
