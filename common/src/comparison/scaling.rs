//! A sentence that compares several workers with one.

use super::Work;
use super::report::Report;
use super::verdict::LEAST_NOISE;
use std::fmt::Debug;

/// From this share of the perfect speed-up on, a speed-up counts as good.
const NEARLY_ALL: f64 = 0.75;

impl<A: PartialEq + Debug> Report<A> {
    /// Describes how `models`, which divide one job among workers, compare with the baseline: the
    /// median of their speed-ups, whether it is close to the number of workers, and if not, a
    /// measured reason or, if none was measured, the usual ones. `None` if no such model, or no baseline, has figures.
    ///
    /// # Examples
    ///
    /// ```
    /// use common::comparison::Comparison;
    ///
    /// let report = Comparison::new("sum")
    ///     .baseline("serial", 1, || Ok(2))
    ///     .model("threads", 2, || Ok(2))
    ///     .run(&mut |_model, _run| ());
    /// println!("{}", report.scaling(&["threads"]).unwrap_or_default());
    /// ```
    pub fn scaling(&self, models: &[&str]) -> Option<String> {
        let measured: Vec<(usize, f64)> = self
            .rows()
            .iter()
            .filter(|row| models.contains(&row.model.as_str()))
            .filter_map(|row| Some((row.workers, row.outcome.as_ref().ok()?.speed_up?)))
            .collect();
        let workers = measured.iter().map(|&(workers, _)| workers).max()?;
        let speed_up = median(measured.iter().map(|&(_, speed_up)| speed_up))?;
        Some(match self.about.work {
            Work::Computes => self.computing(workers, speed_up),
            Work::Waits => self.waiting(workers, speed_up),
        })
    }

    fn computing(&self, workers: usize, speed_up: f64) -> String {
        if workers == 1 {
            return "One worker: no model can be faster than serial code (-j gives more)."
                .to_owned();
        }
        let times = format!("{speed_up:.1} times as fast as one");
        if let Some(noise) = self.hides(speed_up) {
            return format!("{workers} workers were {times}, but {noise}");
        }
        if speed_up >= NEARLY_ALL * workers as f64 {
            return format!("{workers} workers were {times}: work that computes needs cores.");
        }
        let why = self.why_not(workers);
        match speed_up > 1.0 + LEAST_NOISE {
            true => format!("{workers} workers were only {times}: {why}."),
            false => format!("{workers} workers were no faster than one: {why}."),
        }
    }

    fn waiting(&self, at_once: usize, speed_up: f64) -> String {
        let times = format!("{speed_up:.1} times as fast as one after the other");
        if let Some(noise) = self.hides(speed_up) {
            return format!("{at_once} at once were {times}, but {noise}");
        }
        match speed_up >= NEARLY_ALL * at_once as f64 {
            true => format!("{at_once} at once were {times}: waiting needs no cores."),
            false if !self.disturbances().is_empty() => {
                format!("{at_once} at once were {times}: other programs also used the CPUs.")
            }
            false => format!(
                "{at_once} at once were {times}: not all of it was waiting, or something else was \
                 the limit."
            ),
        }
    }

    /// Why a speed-up shows nothing: equal runs differed as much. `None` if it is larger, or none at all.
    fn hides(&self, speed_up: f64) -> Option<String> {
        let noise = self.noise()?;
        let gain = speed_up - 1.0;
        (LEAST_NOISE < gain && gain <= noise).then(|| {
            format!(
                "equal runs differed by {:.0}%: that shows nothing.",
                100.0 * noise
            )
        })
    }

    fn why_not(&self, workers: usize) -> String {
        let usable = self.cpus.usable.value;
        if !self.disturbances().is_empty() {
            return "other programs also used the CPUs".to_owned();
        }
        match usable < workers {
            true => format!("this process may use {usable} of the machine's CPUs"),
            // No measured reason is left. These are the usual ones.
            false => "perhaps starting the workers took longer than they saved, or two of the \
                      CPUs are one core, or all wait for the same memory"
                .to_owned(),
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::super::load::Load;
    use super::super::report::tests::{entry, failing, report, report_under};

    fn runs(ms: u64) -> [(u64, u64); 3] {
        [(ms, 1000); 3]
    }

    fn said(threads: u64, workers: usize) -> String {
        let entries = vec![
            entry("serial", 1, &runs(1000), 7),
            entry("threads", workers, &runs(threads), 7),
            entry("gil", workers, &runs(1000), 7),
            failing("processes"),
        ];
        let report = report(entries);
        report.scaling(&["threads", "processes"]).unwrap()
    }

    #[test]
    fn what_is_said_follows_from_the_figures() {
        assert_eq!(
            said(520, 2),
            "2 workers were 1.9 times as fast as one: work that computes needs cores."
        );
        assert!(said(800, 2).starts_with("2 workers were only 1.2 times as fast as one: perhaps"));
        assert!(said(1010, 2).starts_with("2 workers were no faster than one: perhaps"));
        // The test's report has two usable CPUs.
        assert_eq!(
            said(520, 8),
            "8 workers were only 1.9 times as fast as one: this process may use 2 of the machine's \
             CPUs."
        );
        assert!(said(1000, 1).starts_with("One worker"));
    }

    #[test]
    fn a_busy_machine_is_the_reason_if_it_was_seen() {
        let load = Load {
            others: Some(1.0),
            ..Load::default()
        };
        let entries = vec![
            entry("serial", 1, &runs(1000), 7),
            entry("threads", 2, &runs(900), 7),
        ];
        let said = report_under(load, entries).scaling(&["threads"]).unwrap();
        assert!(
            said.ends_with("other programs also used the CPUs."),
            "{said}"
        );
    }

    #[test]
    fn what_equal_runs_differ_by_is_no_speed_up() {
        let entries = vec![
            entry("serial", 1, &[(500, 1000), (1000, 1000), (2000, 1000)], 7),
            entry("threads", 2, &runs(520), 7),
        ];
        assert_eq!(
            report(entries).scaling(&["threads"]).unwrap(),
            "2 workers were 1.9 times as fast as one, but equal runs differed by 150%: that shows nothing."
        );
    }

    #[test]
    fn without_figures_nothing_is_said() {
        let report = report(vec![failing("serial"), failing("threads")]);
        assert_eq!(report.scaling(&["threads"]), None);
        assert_eq!(report.scaling(&["absent"]), None);
    }
}
