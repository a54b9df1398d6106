//! The end of what a worker's jobs have started and left behind.
//!
//! A process that has no parent any more, and has left its group and session, is still known by one
//! thing that it inherited: its environment. (Build servers end stray processes in the same way.)
//! One that was started with an empty environment is not found.

use std::fs::File;
use std::io::Read;
use std::sync::Mutex;

use crate::process_pool::settings::ANCESTRY;

/// Rounds of looking for processes: each ends what there is, and what that has started meanwhile is
/// found by the next. More rounds would be a race that can't be won.
const ROUNDS: usize = 20;

/// The most of an environment that is looked at; the system's own limit is of this order.
const ENVIRONMENT: u64 = 2 << 20;

/// Kills all processes but this one whose environment has this token.
pub(super) fn end(token: &str) {
    // One at a time: workers often end together, and each look goes over all processes.
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock();
    for _ in 0..ROUNDS {
        if !round(token) {
            return;
        }
    }
}

/// Whether there was one.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn round(token: &str) -> bool {
    use rustix::process::{Pid, PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};

    // Without /proc nobody is found.
    let Ok(all) = std::fs::read_dir("/proc") else {
        return false;
    };
    let mut found = false;
    for entry in all.flatten() {
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        let Some(pid) = pid.and_then(Pid::from_raw).filter(|&pid| pid != getpid()) else {
            continue;
        };
        if !has_token(pid, token) {
            continue;
        }
        // Opened before it is looked at again: so what is killed is what was looked at.
        let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
            continue;
        };
        if has_token(pid, token) {
            found |= pidfd_send_signal(&process, Signal::KILL).is_ok();
        }
    }
    found
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_token(pid: rustix::process::Pid, token: &str) -> bool {
    let mut environment = Vec::new();
    // What belongs to others can't be read, and what has ended has none.
    let path = format!("/proc/{}/environ", pid.as_raw_nonzero());
    let Ok(file) = File::open(path) else {
        return false;
    };
    if file
        .take(ENVIRONMENT)
        .read_to_end(&mut environment)
        .is_err()
    {
        return false;
    }
    environment
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
        })
}

/// Not known how, here: the process group is all that ends.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn round(_token: &str) -> bool {
    false
}
