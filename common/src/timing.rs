//! Wall time, CPU time (with children), peak memory, and their text for people.

use crate::sys;
use serde::Serialize;
use std::ops::{Add, Sub};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// CPU time, split as the kernel splits it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CpuTime {
    /// Time in the program's own code.
    pub user: Duration,
    /// Time the kernel spent on the program's behalf.
    pub system: Duration,
}

impl CpuTime {
    /// User and system time together.
    pub fn total(self) -> Duration {
        self.user + self.system
    }
}

impl Add for CpuTime {
    type Output = CpuTime;

    fn add(self, other: CpuTime) -> CpuTime {
        CpuTime {
            user: self.user + other.user,
            system: self.system + other.system,
        }
    }
}

/// The result is never negative: the kernel's division between user and system time may go back by
/// a tick.
impl Sub for CpuTime {
    type Output = CpuTime;

    fn sub(self, earlier: CpuTime) -> CpuTime {
        CpuTime {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }
}

/// CPU time used so far by this process, all its threads, and its children that have finished
/// and been waited for.
///
/// A child that still runs, or was not waited for, is not counted. On a system without `getrusage`
/// (Windows) both figures are zero.
pub fn cpu_time() -> CpuTime {
    sys::cpu_time()
}

/// The time that one run took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measurement {
    /// Wall time: the time that passed.
    pub wall: Duration,
    /// CPU time of this process, and of the children that it waited for meanwhile.
    pub cpu: CpuTime,
}

impl Measurement {
    /// How many cores were busy on average: CPU time over wall time; 0 when no time passed.
    pub fn cores_busy(&self) -> f64 {
        ratio(self.cpu.total(), self.wall)
    }
}

/// `a / b`; 0 if `b` is zero.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    if b.is_zero() {
        return 0.0;
    }
    a.as_secs_f64() / b.as_secs_f64()
}

/// Runs `work` once and measures its time.
///
/// The CPU time is that of the whole process, so measure one thing at a time.
///
/// # Examples
///
/// ```
/// let (sum, took) = common::timing::measure(|| (1..=1_000_u64).sum::<u64>());
/// assert_eq!(sum, 500_500);
/// println!("{}", common::timing::human_duration(took.wall));
/// ```
pub fn measure<T>(work: impl FnOnce() -> T) -> (T, Measurement) {
    let cpu = cpu_time();
    let start = Instant::now();
    let value = work();
    let wall = start.elapsed();
    let cpu = cpu_time() - cpu;
    (value, Measurement { wall, cpu })
}

/// Median, shortest and longest time of several runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The median; of an even number of runs, the mean of the middle two.
    pub median: Duration,
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

impl Summary {
    /// Summarizes the runs; `None` if there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use common::timing::Summary;
    /// use std::time::Duration;
    ///
    /// let summary = Summary::of([7, 1, 3].map(Duration::from_millis)).unwrap();
    /// assert_eq!(summary.median, Duration::from_millis(3));
    /// ```
    pub fn of(runs: impl IntoIterator<Item = Duration>) -> Option<Summary> {
        let mut runs: Vec<Duration> = runs.into_iter().collect();
        runs.sort_unstable();
        let (&min, &max) = (runs.first()?, runs.last()?);
        let upper = runs[runs.len() / 2];
        let lower = runs[(runs.len() - 1) / 2];
        let median = lower + (upper - lower) / 2;
        Some(Summary { median, min, max })
    }
}

/// The peak of this process's resident memory, in bytes; `None` if the system does not report it.
///
/// On Linux this is `VmHWM` of `/proc/self/status`, not `ru_maxrss`: that value survives `exec`, so
/// a worker would report its parent's peak. On macOS it is `ru_maxrss`, which is in bytes there.
/// Children are not included: a worker must call this itself.
pub fn peak_memory() -> Option<u64> {
    sys::peak_memory()
}

/// A duration with three significant digits, in a suitable unit.
///
/// # Examples
///
/// ```
/// use common::timing::human_duration;
/// use std::time::Duration;
///
/// assert_eq!(human_duration(Duration::from_micros(1_234_500)), "1.23 s");
/// assert_eq!(human_duration(Duration::from_millis(456)), "456 ms");
/// assert_eq!(human_duration(Duration::from_nanos(7_800)), "7.80 us");
/// assert_eq!(human_duration(Duration::from_secs(3_725)), "1 h 02 min");
/// ```
pub fn human_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 3600 {
        return format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60);
    }
    if seconds >= 120 {
        return format!("{} min {:02} s", seconds / 60, seconds % 60);
    }
    // Choose the unit after rounding, so that 999.9 us becomes "1.00 ms", not "1000 us".
    let nanos = duration.as_nanos() as f64;
    let (scale, unit) = match nanos {
        n if n < 999.5 => return format!("{n} ns"),
        n if n < 999.5e3 => (1e3, "us"),
        n if n < 999.5e6 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{} {unit}", three_figures(nanos / scale))
}

/// A size in binary units, with three significant digits.
///
/// # Examples
///
/// ```
/// use common::timing::human_bytes;
///
/// assert_eq!(human_bytes(512), "512 B");
/// assert_eq!(human_bytes(64 * 1024), "64.0 KiB");
/// assert_eq!(human_bytes(3 << 30), "3.00 GiB");
/// ```
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{} {}", three_figures(value), UNITS[unit])
}

/// A time in UTC, to the second: `2026-11-30T16:20:00Z`. The first ten characters are the date. A
/// time before 1970 is shown as 1970-01-01T00:00:00Z.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
///
/// let moment = UNIX_EPOCH + Duration::from_secs(951_827_696);
/// assert_eq!(common::timing::utc(moment), "2000-02-29T12:34:56Z");
/// ```
pub fn utc(moment: SystemTime) -> String {
    let seconds = moment
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    // Howard Hinnant's `civil_from_days`: years begin in March, in eras of 400 years.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, later) = match month {
        0..10 => (month + 3, 0),
        _ => (month - 9, 1),
    };
    let year = year + era * 400 + later;
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

fn three_figures(value: f64) -> String {
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn summary_of_nothing_is_none() {
        assert_eq!(Summary::of([]), None);
    }

    #[test]
    fn summary_takes_the_middle_of_an_odd_and_the_mean_of_an_even_number() {
        let odd = Summary::of(millis(&[9, 1, 4])).unwrap();
        assert_eq!((odd.median, odd.min, odd.max), {
            let m = millis(&[4, 1, 9]);
            (m[0], m[1], m[2])
        });
        let even = Summary::of(millis(&[10, 2, 4, 1])).unwrap();
        assert_eq!(even.median, Duration::from_millis(3));
    }

    #[test]
    fn cores_busy_is_cpu_over_wall() {
        let measurement = Measurement {
            wall: Duration::from_secs(2),
            cpu: CpuTime {
                user: Duration::from_secs(3),
                system: Duration::from_secs(1),
            },
        };
        assert_eq!(measurement.cores_busy(), 2.0);
        assert_eq!(Measurement::default().cores_busy(), 0.0);
    }

    #[test]
    fn cpu_time_never_goes_below_zero() {
        let later = CpuTime {
            user: Duration::from_millis(5),
            system: Duration::ZERO,
        };
        let earlier = CpuTime {
            user: Duration::from_millis(3),
            system: Duration::from_millis(1),
        };
        assert_eq!((later - earlier).total(), Duration::from_millis(2));
    }

    #[test]
    fn durations_keep_three_figures_and_round_into_the_next_unit() {
        let table: [(u128, &str); 12] = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.00 us"),
            (12_340, "12.3 us"),
            (999_499, "999 us"),
            (999_900, "1.00 ms"),
            (9_996_000, "10.0 ms"),
            (999_600_000, "1.00 s"),
            (59_940_000_000, "59.9 s"),
            (119_000_000_000, "119 s"),
            (120_000_000_000, "2 min 00 s"),
            (7_260_000_000_000, "2 h 01 min"),
        ];
        for (nanos, expected) in table {
            let duration = Duration::from_nanos(u64::try_from(nanos).unwrap());
            assert_eq!(human_duration(duration), expected);
        }
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        // Expected values: `date -u -d @SECONDS +%FT%TZ`.
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_798_675_199, "2026-12-30T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn bytes_keep_three_figures_and_round_into_the_next_unit() {
        let table = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.50 KiB"),
            (1024 * 1024 - 1, "1.00 MiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, expected) in table {
            assert_eq!(human_bytes(bytes), expected);
        }
    }

    #[cfg(any(target_os = "linux", target_os = "macos"))]
    #[test]
    fn peak_memory_covers_what_was_touched() {
        let block = vec![1_u8; 32 << 20];
        std::hint::black_box(&block);
        let peak = peak_memory().unwrap();
        assert!(peak >= 32 << 20, "{peak}");
        assert!(peak < 1 << 40, "{peak}");
    }
}
