//! Ends the processes that a worker's jobs have started and that still run.
//!
//! A process may have no parent any more, and may have left its group and session. It still has one
//! thing that it inherited: its environment. (Build servers end stray processes in the same way.) A
//! process that was started with an empty environment is not found.

use std::fs;
use std::sync::Mutex;
use std::time::Duration;

/// The number of search rounds. Each round ends the processes that exist, and the next finds those
/// that were started meanwhile. Against a program that starts processes without end, more rounds
/// would not help.
const ROUNDS: usize = 20;

/// How often to wait for a program that is just being loaded. It has no environment yet, and may be
/// a descendant. Loading takes microseconds, but on a busy machine it may have to wait for a CPU.
const WAITS: u32 = 500;
const WAIT: Duration = Duration::from_millis(2);

/// The result of one search round.
#[cfg_attr(
    not(any(target_os = "linux", target_os = "android")),
    allow(dead_code, reason = "other systems find no process")
)]
enum Round {
    /// There was no descendant.
    Nothing,
    /// At least one was killed.
    Killed,
    /// There was no descendant, but a program that is just being loaded.
    Unclear,
}

/// The maximum size of an environment that is read, similar to the system's own limit.
#[cfg(any(target_os = "linux", target_os = "android"))]
const ENVIRONMENT: u64 = 2 << 20;

/// The token of a worker's descendants, and the range of the search.
pub(super) struct Family {
    token: String,
    worker: u32,
    /// How many processes and threads the system had created when the worker was started.
    made: Option<u64>,
}

impl Family {
    /// For a newly started worker.
    pub(super) fn new(token: String, worker: u32) -> Self {
        let made = made();
        Self {
            token,
            worker,
            made,
        }
    }

    /// Kills all processes with the token in their environment, except this one.
    pub(super) fn end(&self) {
        // One at a time, because several workers often end together.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock();
        let oldest = self.oldest();
        repeat(|| round(&self.token, oldest));
    }

    /// All descendants have higher numbers than this.
    ///
    /// Processes and threads get ascending numbers, so older ones than the worker have lower
    /// numbers and need no check, however many they are. If so many were created since that the
    /// numbers may have wrapped around, all are checked. Numbers in use are skipped, so they wrap
    /// around earlier; a quarter of all numbers is a safe bound for those in use.
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

/// How many processes and threads the system has created since its start.
fn made() -> Option<u64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    let mut lines = text.lines();
    lines.find_map(|line| line.strip_prefix("processes ")?.trim().parse().ok())
}

/// Kills the processes with the token whose number is above `oldest`.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn round(token: &str, oldest: u32) -> Round {
    use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

    // Without /proc no process is found.
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
        // Open the pidfd before checking again: then the killed process is the checked one.
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

/// Whether a process has the token; `None` if its program is just being loaded.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_token(pid: rustix::process::Pid, token: &str) -> Option<bool> {
    use crate::process_pool::settings::ANCESTRY;

    let folder = format!("/proc/{}", pid.as_raw_nonzero());
    // The environment of another user's process can't be read, and a process that has ended has none.
    let Some(mut environment) = environment_in(&folder) else {
        return Some(false);
    };
    if environment.is_empty() {
        // Kernel threads and processes that have ended run no program.
        if fs::read_link(format!("{folder}/exe")).is_err() {
            return Some(false);
        }
        if is_being_loaded(&fs::read_to_string(format!("{folder}/stat")).unwrap_or_default()) {
            return None;
        }
        // It may have been loaded since the first look.
        environment = environment_in(&folder)?;
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

#[cfg(any(target_os = "linux", target_os = "android"))]
fn environment_in(folder: &str) -> Option<Vec<u8>> {
    use std::io::Read;

    let mut environment = Vec::new();
    let file = fs::File::open(format!("{folder}/environ")).ok()?;
    file.take(ENVIRONMENT).read_to_end(&mut environment).ok()?;
    Some(environment)
}

/// Whether the environment has no address yet (proc(5): `env_start`, the fiftieth value). A program that was
/// started with an empty environment has an address for it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_being_loaded(stat: &str) -> bool {
    // The second value is a name. It may contain any character, and it ends at the last bracket.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().nth(50 - 3) == Some("0")
}

/// Not implemented for this system: only the process group is ended.
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
        // None was created since, so the numbers have not wrapped around. But this number may be
        // near the maximum.
        assert!([this, 0].contains(&family(Some(now)).oldest()));
        // So many that the numbers have wrapped around; or the count is unknown.
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
            // Fifty since. With as many numbers in use, the next one is low.
            made: Some(made().expect("Linux counts them") - 50),
        };
        assert_eq!(family.oldest(), 0);
    }

    #[test]
    fn what_has_no_environment_is_told_from_what_is_just_being_loaded() {
        use std::io::{Read, Write};
        use std::process::{Command, Stdio};

        // It runs until its input ends. Once it has answered, it has been loaded: on a busy machine, and
        // under qemu, `spawn` returns before that.
        let start = |command: &mut Command| {
            let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
            let mut child = child.expect("cat starts");
            let input = child.stdin.as_mut().expect("it is a pipe");
            input.write_all(b"?").expect("cat reads");
            let output = child.stdout.as_mut().expect("it is a pipe");
            output.read_exact(&mut [0]).expect("cat answers");
            child
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
        // A process that has ended loads nothing.
        assert_eq!(has(&without), Some(false));

        // The values of proc(5). The fiftieth and the next are the addresses of the environment.
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
