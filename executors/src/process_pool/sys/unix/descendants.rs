//! Ends the processes that a worker's jobs have started and left behind.
//!
//! A process that has no parent any more, and has left its group and session, is still known by one
//! thing that it inherited: its environment. (Build servers end stray processes in the same way.)
//! One that was started with an empty environment is not found.

use std::fs;
use std::sync::Mutex;
use std::time::Duration;

/// Rounds of looking for processes: each ends what there is, and what that has started meanwhile is
/// found by the next. More rounds would be a race that can't be won.
const ROUNDS: usize = 20;

/// How often, and how long, a program is waited for that is just being loaded: it has no environment yet, and may
/// be a descendant. That takes microseconds, and on a busy machine as long as it waits for a CPU.
const WAITS: u32 = 500;
const WAIT: Duration = Duration::from_millis(2);

/// What looking once has come to.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "there, nobody is found")
)]
enum Round {
    /// No descendant.
    Nothing,
    /// One at least, which was killed.
    Killed,
    /// None, but a program that is just being loaded.
    Unclear,
}

/// The most of an environment that is looked at; the system's own limit is of this order.
#[cfg(any(target_os = "linux", target_os = "android"))]
const ENVIRONMENT: u64 = 2 << 20;

/// What a worker's descendants are known by, and where they are looked for.
pub(super) struct Family {
    token: String,
    worker: u32,
    /// How many processes and threads the system had ever made when the worker was there.
    made: Option<u64>,
}

impl Family {
    /// Of a worker that has just been started.
    pub(super) fn new(token: String, worker: u32) -> Self {
        let made = made();
        Self {
            token,
            worker,
            made,
        }
    }

    /// Kills all processes but this one whose environment has the token.
    pub(super) fn end(&self) {
        // One at a time: workers often end together.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock();
        let oldest = self.oldest();
        repeat(|| round(&self.token, oldest));
    }

    /// All descendants have greater numbers than this.
    ///
    /// Numbers are given to processes and threads in turn, so those that are older than the worker
    /// have smaller ones; they need not be looked at, however many there are. If so many have been
    /// made since that the numbers may have begun again, all are looked at. Numbers in use are passed over,
    /// so they begin again earlier: a quarter of all is more than are in use.
    fn oldest(&self) -> u32 {
        let numbers = fs::read_to_string("/proc/sys/kernel/pid_max");
        let numbers = numbers
            .ok()
            .and_then(|text| text.trim().parse::<u64>().ok());
        match (self.made, made(), numbers) {
            (Some(then), Some(now), Some(numbers))
                if u64::from(self.worker) + now.saturating_sub(then) < numbers / 4 * 3 =>
            {
                self.worker
            }
            _ => 0,
        }
    }
}

/// Looks again until no descendant is left, as far as can be known.
fn repeat(mut round: impl FnMut() -> Round) {
    let (mut kills, mut waits) = (0, 0);
    while kills < ROUNDS && waits < WAITS {
        match round() {
            Round::Nothing => return,
            Round::Killed => kills += 1,
            Round::Unclear => {
                waits += 1;
                std::thread::sleep(WAIT);
            }
        }
    }
}

/// How many processes and threads the system has made since it was started.
fn made() -> Option<u64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix("processes ")?.trim().parse().ok())
}

/// Kills those with the token that are younger than `oldest`.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn round(token: &str, oldest: u32) -> Round {
    use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

    // Without /proc nobody is found.
    let Ok(all) = fs::read_dir("/proc") else {
        return Round::Nothing;
    };
    let mut round = Round::Nothing;
    for entry in all.flatten() {
        let pid: Option<i32> = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let younger = pid.filter(|&pid| pid > oldest.cast_signed());
        let other = younger
            .and_then(Pid::from_raw)
            .filter(|&pid| pid != getpid());
        let Some(pid) = other else {
            continue;
        };
        match has_token(pid, token) {
            Some(true) => {}
            Some(false) => continue,
            None => {
                if matches!(round, Round::Nothing) {
                    round = Round::Unclear;
                }
                continue;
            }
        }
        // Opened before it is looked at again: so what is killed is what was looked at.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        if has_token(pid, token) == Some(true) && pidfd_send_signal(&process, Signal::KILL).is_ok()
        {
            round = Round::Killed;
        }
    }
    round
}

/// Whether it has the token; `None` if its program is just being loaded.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_token(pid: rustix::process::Pid, token: &str) -> Option<bool> {
    use std::io::Read;

    use crate::process_pool::settings::ANCESTRY;

    let mut environment = Vec::new();
    // What belongs to others can't be read, and what has ended has none.
    let folder = format!("/proc/{}", pid.as_raw_nonzero());
    let Ok(file) = fs::File::open(format!("{folder}/environ")) else {
        return Some(false);
    };
    if file
        .take(ENVIRONMENT)
        .read_to_end(&mut environment)
        .is_err()
    {
        return Some(false);
    }
    if environment.is_empty() {
        // Threads of the system and what has ended run no program.
        let runs = fs::read_link(format!("{folder}/exe")).is_ok();
        let stat = fs::read_to_string(format!("{folder}/stat")).unwrap_or_default();
        return if runs && is_being_loaded(&stat) {
            None
        } else {
            Some(false)
        };
    }
    let has = environment
        .split(|&byte| byte == 0)
        .filter_map(|variable| {
            variable
                .strip_prefix(ANCESTRY.as_bytes())?
                .strip_prefix(b"=")
        })
        .any(|tokens| {
            tokens
                .split(|&byte| byte == b':')
                .any(|one| one == token.as_bytes())
        });
    Some(has)
}

/// Whether its environment has no place yet (proc(5): `env_start`, the fiftieth value). One that was started with
/// an empty environment has a place for it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_being_loaded(stat: &str) -> bool {
    // The second value is a name, which may have anything in it but ends with the last bracket.
    let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    behind_name.split_whitespace().nth(50 - 3) == Some("0")
}

/// Not known how, here: the process group is all that ends.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn round(_token: &str, _oldest: u32) -> Round {
    Round::Nothing
}

#[cfg(all(test, not(loom), target_os = "linux"))]
mod tests {
    use super::*;
    use crate::process_pool::settings::ANCESTRY;

    #[test]
    fn what_is_older_than_the_worker_is_not_looked_at() {
        let this = std::process::id();
        let family = |made| Family {
            token: "no-such-token".to_owned(),
            worker: this,
            made,
        };
        let now = made().expect("Linux counts them");
        // None made since: they have not begun again, but that this number is far from the greatest is
        // not certain.
        assert!([this, 0].contains(&family(Some(now)).oldest()));
        // So many that they have begun again; or nobody knows.
        assert_eq!(
            family(Some(0)).oldest() == 0,
            now + u64::from(this) >= numbers() / 4 * 3
        );
        assert_eq!(family(None).oldest(), 0);
    }

    #[test]
    fn near_the_greatest_number_all_are_looked_at() {
        let family = Family {
            token: "no-such-token".to_owned(),
            worker: u32::try_from(numbers() - 100).expect("a process has such a number"),
            // Fifty since. With as many numbers in use, the next is a small one.
            made: Some(made().expect("Linux counts them") - 50),
        };
        assert_eq!(family.oldest(), 0);
    }

    #[test]
    fn what_has_no_environment_is_told_from_what_is_just_being_loaded() {
        use std::process::{Command, Stdio};

        // It runs until its input ends.
        let start = |command: &mut Command| {
            let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
            child.expect("cat starts")
        };
        let token = "loaded";
        let mut with = start(Command::new("/bin/cat").env(ANCESTRY, format!("a:{token}")));
        let mut without = start(Command::new("/bin/cat").env_clear());
        let has =
            |child: &std::process::Child| has_token(rustix::process::Pid::from_child(child), token);
        assert_eq!((has(&with), has(&without)), (Some(true), Some(false)));
        for child in [&mut with, &mut without] {
            drop(child.stdin.take());
            child.wait().expect("it is a child");
        }
        // Of a process that has ended nothing is left to be loaded.
        assert_eq!(has(&without), Some(false));

        // As proc(5) has the values; the places of the environment are the fiftieth and the next.
        let stat = |place: &str| {
            let values: Vec<_> = (4..50).map(|n| n.to_string()).collect();
            format!("17 (a ) name) S {} {place} {place} 0", values.join(" "))
        };
        assert!(is_being_loaded(&stat("0")));
        assert!(!is_being_loaded(&stat("140725286355472")));
        assert!(!is_being_loaded(""));
    }

    #[test]
    fn what_is_being_loaded_is_waited_for_and_not_for_ever() {
        let rounds = |script: &[fn() -> Round]| {
            let mut count = 0;
            repeat(|| {
                count += 1;
                script
                    .get(count - 1)
                    .map_or(Round::Nothing, |round| round())
            });
            count
        };
        // Two descendants, each found only when it has been loaded.
        let (unclear, killed) = (
            (|| Round::Unclear) as fn() -> Round,
            (|| Round::Killed) as fn() -> Round,
        );
        let slow = [
            [unclear; 30].as_slice(),
            &[killed],
            &[unclear; 30],
            &[killed],
        ]
        .concat();
        assert_eq!(rounds(&slow), 63);
        assert_eq!(rounds(&[killed; 1000]), ROUNDS);
        assert_eq!(rounds(&[unclear; 1000]), WAITS as usize);
    }

    fn numbers() -> u64 {
        let text = fs::read_to_string("/proc/sys/kernel/pid_max").expect("Linux has a greatest");
        text.trim().parse().expect("it is a number")
    }
}
