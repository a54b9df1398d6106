//! The machine that is measured, and whether it is quiet.

use common::comparison::{Load, Moment, Watch};
use common::cpus;
use common::timing::utc;
use serde::{Deserialize, Serialize};
use std::fs;
use std::time::{Duration, SystemTime};

/// How long the machine is watched before the measurement, and after it.
const LOOK: Duration = Duration::from_millis(400);

/// The machine that the figures were measured on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its processor, its CPUs and cores, and how many of them this process may use, with the quota.
    pub cpus: String,
    /// How many it may use.
    pub usable: usize,
    /// The frequency of the CPUs and its governor, if the system reports them.
    pub frequency: Option<String>,
    /// The system.
    pub system: String,
    /// The limits of the number of threads, if the system reports them.
    pub limits: Vec<String>,
    /// When it was measured: the date in UTC.
    pub date: String,
    /// The version of this program.
    pub version: String,
}

impl Machine {
    /// Reads it from the system.
    pub fn detect() -> Machine {
        let cpus = cpus::detect();
        Machine {
            usable: cpus.usable.value,
            cpus: cpus.to_string(),
            frequency: frequency(),
            system: system(),
            limits: thread_limits(),
            date: utc(SystemTime::now())[..10].to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// `2.90 GHz now, at most 3.50 GHz, governor performance`.
fn frequency() -> Option<String> {
    const FOLDER: &str = "/sys/devices/system/cpu/cpu0/cpufreq";
    let kilohertz = |name: &str| line(&format!("{FOLDER}/{name}"))?.parse::<f64>().ok();
    let mut parts = Vec::new();
    if let Some(now) = kilohertz("scaling_cur_freq")
        .map(|it| it / 1e6)
        .or_else(of_cpuinfo)
    {
        parts.push(format!("{now:.2} GHz now"));
    }
    if let Some(most) = kilohertz("cpuinfo_max_freq") {
        parts.push(format!("at most {:.2} GHz", most / 1e6));
    }
    if let Some(governor) = line(&format!("{FOLDER}/scaling_governor")) {
        parts.push(format!("governor {governor}"));
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The frequency of `/proc/cpuinfo`, in gigahertz. A virtual machine may have nothing better.
fn of_cpuinfo() -> Option<f64> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix("cpu MHz"))?;
    let megahertz: f64 = value
        .trim_start_matches([' ', '\t', ':'])
        .trim()
        .parse()
        .ok()?;
    Some(megahertz / 1000.0)
}

fn system() -> String {
    let version = line("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{} {version}", std::env::consts::OS)
        .trim()
        .to_owned()
}

/// The limits of the number of threads, from Linux's files.
pub fn thread_limits() -> Vec<String> {
    let files = [
        ("threads of the system", "/proc/sys/kernel/threads-max"),
        (
            "numbers of processes and threads",
            "/proc/sys/kernel/pid_max",
        ),
        (
            "mappings of a process, two a thread",
            "/proc/sys/vm/max_map_count",
        ),
        ("the control group", "/sys/fs/cgroup/pids.max"),
    ];
    let limits = files.into_iter().filter_map(|(name, path)| {
        let value = line(path).filter(|value| value != "max")?;
        Some(format!("{name}: {value}"))
    });
    limits.chain(of_user()).collect()
}

/// `ulimit -u`.
fn of_user() -> Option<String> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max processes"))?;
    let soft = line.split_whitespace().next()?;
    (soft != "unlimited").then(|| format!("the user: {soft}"))
}

/// Checks whether other programs use the machine: before, during and after the measurement.
#[derive(Debug)]
pub struct Lookout {
    before: Vec<String>,
    start: Moment,
}

impl Lookout {
    /// Watches for the first time.
    pub fn start() -> Lookout {
        Lookout {
            before: look(),
            start: Watch::start(),
        }
    }

    /// Watches for the last time. Returns the signs of load; none if the machine was quiet.
    ///
    /// All processes that were started in between must have ended and been waited for: their CPU time does
    /// not count as that of other programs.
    pub fn finish(self) -> Vec<String> {
        let mut watch = Watch::default();
        watch.stop(&self.start);
        let during = Load {
            // Here two threads wait for one CPU on purpose, again and again.
            waited: None,
            ..watch.load(false)
        };
        let usable = cpus::usable().get();
        let during = during.disturbances(usable, usable);
        seen(&[
            ("before", self.before),
            ("meanwhile", during),
            ("after", look()),
        ])
    }
}

fn look() -> Vec<String> {
    let usable = cpus::usable().get();
    let seen = Load::look(LOOK).disturbances(usable, usable).into_iter();
    // There is nothing here that a reader would know as the baseline.
    seen.map(|seen| seen.replace("the baseline", "a thread that computed"))
        .collect()
}

fn seen(times: &[(&str, Vec<String>)]) -> Vec<String> {
    let each = times.iter();
    each.flat_map(|(when, what)| what.iter().map(move |what| format!("{when}: {what}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_says_when() {
        let busy = || vec!["other programs kept 0.9 of 2 CPUs busy".to_owned()];
        let seen = seen(&[("before", Vec::new()), ("meanwhile", busy())]);
        assert_eq!(seen, ["meanwhile: other programs kept 0.9 of 2 CPUs busy"]);
    }

    #[test]
    fn the_machine_says_how_many_cpus_may_be_used() {
        let machine = Machine::detect();
        assert_eq!(machine.usable, cpus::usable().get());
        assert!(machine.cpus.contains("usable"), "{machine:?}");
    }
}
