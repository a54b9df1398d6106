//! Detects whether other programs used the CPUs while a comparison ran.
//!
//! Only the runs of the baseline are observed. The baseline is one thread on one CPU, without child
//! processes whose time would be counted late. So all other CPU time belongs to other programs.

use crate::cpus;
use crate::timing::{cpu_time, ratio};
use serde::Serialize;
use std::time::{Duration, Instant};

/// A share of a CPU, or of the time, that is too small to report: every system does some work.
const NEGLIGIBLE: f64 = 0.15;

/// Serial code with a CPU of its own has a share of 1. Page faults and interrupts take a hundredth
/// or two.
const UNDISTURBED: f64 = 0.95;

/// Shorter runs give no figure: the system counts in hundredths of a second.
const LEAST_TIME: Duration = Duration::from_millis(200);

/// The other work on the CPUs while the baseline ran. `None`: the system does not report it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Load {
    /// CPU time over wall time of the baseline's runs, if it computes: 1 when it had a CPU.
    pub baseline_share: Option<f64>,
    /// The number of CPUs, among those that this process may use, that other programs kept busy
    /// (`/proc/stat`).
    pub others: Option<f64>,
    /// The number of these CPUs that the hypervisor gave to other machines (`/proc/stat`).
    pub stolen: Option<f64>,
    /// The share of the time in which some program waited for a CPU (`/proc/pressure/cpu`).
    pub waited: Option<f64>,
}

impl Load {
    /// Observes the machine for `time`, and computes on one CPU meanwhile. Less than 200 ms gives
    /// no figures.
    ///
    /// # Examples
    ///
    /// ```
    /// use common::comparison::Load;
    /// use std::time::Duration;
    ///
    /// let load = Load::look(Duration::from_millis(250));
    /// for disturbance in load.disturbances(1, 1) {
    ///     println!("busy: {disturbance}");
    /// }
    /// ```
    pub fn look(time: Duration) -> Load {
        let start = Watch::start();
        let mut sum = 0_u64;
        while start.at.elapsed() < time {
            sum = (0..10_000).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
        }
        let mut watch = Watch::default();
        watch.stop(&start);
        watch.load(true)
    }

    /// The reasons why figures of `workers` workers on `usable` CPUs are not those of an idle
    /// machine; empty if there are none.
    pub fn disturbances(&self, workers: usize, usable: usize) -> Vec<String> {
        let mut seen = Vec::new();
        if let Some(share) = self.baseline_share.filter(|&share| share < UNDISTURBED) {
            seen.push(format!(
                "the baseline had a CPU for {:.0}% of its time",
                share * 100.0
            ));
        }
        // Other programs may use the spare CPUs.
        let spare = usable.saturating_sub(workers) as f64;
        if let Some(others) = self.others.filter(|&it| it > spare + NEGLIGIBLE) {
            seen.push(format!(
                "other programs kept {others:.1} of {usable} CPUs busy"
            ));
        }
        if let Some(stolen) = self.stolen.filter(|&it| it > NEGLIGIBLE) {
            seen.push(format!(
                "the hypervisor gave {stolen:.1} CPUs to other machines"
            ));
        }
        // Waiting of other programs for CPUs that we do not use is not counted.
        let waited = self.waited.filter(|&it| it > NEGLIGIBLE);
        if let Some(waited) = waited.filter(|_| workers >= usable) {
            seen.push(format!(
                "for {:.0}% of the time some program waited for a CPU",
                waited * 100.0
            ));
        }
        seen
    }
}

/// Sums up the CPU use in several intervals.
#[derive(Debug, Default)]
pub struct Watch {
    wall: Duration,
    own: Duration,
    counted: Option<Counted>,
}

/// The start of an interval.
#[derive(Debug)]
pub struct Moment {
    at: Instant,
    own: Duration,
    counted: Option<Counted>,
}

/// The counters of the system since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Counted {
    busy: Duration,
    stolen: Duration,
    /// Older kernels have no pressure figures, and they may be turned off.
    waited: Option<Duration>,
}

impl Watch {
    /// Starts an interval.
    pub fn start() -> Moment {
        Moment {
            at: Instant::now(),
            own: cpu_time().total(),
            counted: Counted::read(),
        }
    }

    /// Ends an interval. Child processes must have been waited for, or their time is not counted.
    pub fn stop(&mut self, start: &Moment) {
        self.wall += start.at.elapsed();
        self.own += cpu_time().total().saturating_sub(start.own);
        let stretch = Counted::read()
            .zip(start.counted)
            .map(|(now, then)| now.since(&then));
        let sum = self.counted.unwrap_or_default();
        self.counted = stretch.map(|stretch| sum.plus(&stretch));
    }

    /// The load in all intervals. `computes`: one thread computed all the time. Otherwise its share
    /// of a CPU has no meaning.
    pub fn load(&self, computes: bool) -> Load {
        if self.wall < LEAST_TIME {
            return Load::default();
        }
        let rate = |time: Duration| ratio(time, self.wall);
        let own = (!self.own.is_zero() && computes).then(|| rate(self.own));
        let others = self.counted.map(|it| it.busy.saturating_sub(self.own));
        Load {
            baseline_share: own,
            others: others.map(rate),
            stolen: self.counted.map(|it| rate(it.stolen)),
            waited: self.counted.and_then(|it| it.waited).map(rate),
        }
    }
}

impl Counted {
    fn read() -> Option<Counted> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let pressure = std::fs::read_to_string("/proc/pressure/cpu").ok();
        Counted::parse(&stat, &cpus::allowed()?, pressure.as_deref())
    }

    fn parse(stat: &str, allowed: &[usize], pressure: Option<&str>) -> Option<Counted> {
        let mut counted = Counted::default();
        let mut seen = 0;
        for line in stat.lines() {
            let Some((cpu, ticks)) = line
                .strip_prefix("cpu")
                .and_then(|rest| rest.split_once(' '))
            else {
                continue;
            };
            // The line for all CPUs together has no number.
            if !cpu.parse().is_ok_and(|cpu| allowed.contains(&cpu)) {
                continue;
            }
            let ticks: Vec<u64> = ticks
                .split_whitespace()
                .map_while(|it| it.parse().ok())
                .collect();
            let [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] = ticks[..] else {
                return None;
            };
            counted.busy += of_ticks(user + nice + system + irq + softirq);
            counted.stolen += of_ticks(steal);
            seen += 1;
        }
        counted.waited = pressure.and_then(waited);
        (seen > 0).then_some(counted)
    }

    fn since(&self, earlier: &Counted) -> Counted {
        Counted {
            busy: self.busy.saturating_sub(earlier.busy),
            stolen: self.stolen.saturating_sub(earlier.stolen),
            waited: self
                .waited
                .zip(earlier.waited)
                .map(|(now, then)| now.saturating_sub(then)),
        }
    }

    fn plus(&self, other: &Counted) -> Counted {
        Counted {
            busy: self.busy + other.busy,
            stolen: self.stolen + other.stolen,
            waited: other
                .waited
                .map(|waited| waited + self.waited.unwrap_or_default()),
        }
    }
}

/// `/proc/stat` counts in USER_HZ, which is 100 wherever Linux runs Rust.
fn of_ticks(ticks: u64) -> Duration {
    Duration::from_millis(10 * ticks)
}

/// The microseconds of `some avg10=0.00 avg60=0.00 avg300=0.00 total=123`.
fn waited(pressure: &str) -> Option<Duration> {
    let line = pressure.lines().find(|line| line.starts_with("some "))?;
    let total = line.rsplit("total=").next()?.trim();
    Some(Duration::from_micros(total.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples from `proc_stat(5)` and the kernel's `psi.rst`.
    const STAT: &str = "\
cpu  10132153 290696 3084719 46828483 16683 0 25195 1000 175628 0
cpu0 1393280 32966 572056 13343292 6130 0 17875 600 23933 0
cpu1 1000 0 0 0 0 0 0 0 0 0
intr 199292 0
";
    const PRESSURE: &str = "\
some avg10=1.53 avg60=0.87 avg300=0.73 total=2500000
full avg10=0.00 avg60=0.00 avg300=0.00 total=7
";

    #[test]
    fn the_cpus_that_are_ours_are_counted() {
        let counted = Counted::parse(STAT, &[0], Some(PRESSURE)).unwrap();
        let ticks = 1_393_280 + 32_966 + 572_056 + 17_875;
        assert_eq!(counted.busy, Duration::from_millis(10 * ticks));
        assert_eq!(counted.stolen, Duration::from_secs(6));
        assert_eq!(counted.waited, Some(Duration::from_millis(2500)));
        let both = Counted::parse(STAT, &[0, 1], None).unwrap();
        assert_eq!(both.busy - counted.busy, Duration::from_secs(10));
        assert_eq!(both.waited, None);
        assert_eq!(Counted::parse(STAT, &[7], None), None);
        assert_eq!(Counted::parse("", &[0], None), None);
    }

    fn load(share: f64, others: f64, stolen: f64, waited: f64) -> Load {
        Load {
            baseline_share: Some(share),
            others: Some(others),
            stolen: Some(stolen),
            waited: Some(waited),
        }
    }

    #[test]
    fn a_quiet_machine_is_not_called_busy() {
        let none: [&str; 0] = [];
        assert_eq!(load(0.99, 0.05, 0.01, 0.02).disturbances(2, 2), none);
        assert_eq!(Load::default().disturbances(2, 2), none);
        // Other programs use CPUs that this process does not need.
        assert_eq!(load(1.0, 3.0, 0.0, 0.3).disturbances(2, 8), none);
    }

    #[test]
    fn each_way_to_see_that_a_machine_is_busy_is_told() {
        for (load, expected) in [
            (
                load(0.62, 0.0, 0.0, 0.0),
                "the baseline had a CPU for 62% of its time",
            ),
            (
                load(1.0, 0.9, 0.0, 0.0),
                "other programs kept 0.9 of 2 CPUs busy",
            ),
            (
                load(1.0, 0.0, 0.4, 0.0),
                "the hypervisor gave 0.4 CPUs to other machines",
            ),
            (
                load(1.0, 0.0, 0.0, 0.45),
                "for 45% of the time some program waited for a CPU",
            ),
        ] {
            assert_eq!(load.disturbances(2, 2), [expected]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_is_asked() {
        let start = Watch::start();
        let mut watch = Watch::default();
        let mut sum = 0_u64;
        while start.at.elapsed() < 2 * LEAST_TIME {
            sum = (0..100_000).fold(sum, |sum, n| std::hint::black_box(sum ^ n));
        }
        watch.stop(&start);
        let load = watch.load(true);
        assert!(load.baseline_share.unwrap() > 0.0, "{load:?}");
        assert!(load.others.is_some() && load.stolen.is_some(), "{load:?}");
        assert_eq!(watch.load(false).baseline_share, None);
    }
}
