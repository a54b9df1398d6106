//! A worker prepares its own process: pipes, signals, limits, and its end.
#![allow(unsafe_code, reason = "no safe crate wraps sigaction and _exit")]

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};

use super::descendants::Family;
use crate::process_pool::settings::ANCESTRY;
use crate::process_pool::worker::BUSY;
use crate::sync::spin_until;

/// How long an idle worker has to end by itself when its pool is gone. Leaving `main` (flush, exit
/// handlers) takes milliseconds. A worker that hangs there is then killed.
const FAREWELL: Duration = Duration::from_millis(300);

/// Takes the pipes that were passed as standard input and output. Standard input is then empty, and
/// standard output goes to standard error, so a job may print anything.
pub(in crate::process_pool) fn take_pipes() -> io::Result<(File, File)> {
    // These copies are closed on exec, so processes that a job starts do not keep the pipes open.
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((input.into(), output.into()))
}

/// Checks for a short time whether there is something to read, before `read` sleeps.
pub(in crate::process_pool) fn linger(input: &impl AsFd) {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    spin_until(|| {
        let mut ends = [PollFd::new(input, PollFlags::IN)];
        // `read` handles the end of the stream and errors.
        !matches!(poll(&mut ends, Some(&now)), Ok(0))
    });
}

/// Makes this process ignore SIGINT and SIGTERM. Ctrl-C reaches every process of the terminal's
/// foreground group, and service managers send SIGTERM to every process of a service. The parent
/// decides what happens to the jobs.
///
/// It uses a handler, not `SIG_IGN`, because programs that a job starts would inherit the latter. A
/// signal that is already ignored, as with `nohup`, stays ignored, so that they inherit that.
pub(in crate::process_pool) fn survive_signals() {
    extern "C" fn nothing(_signal: libc::c_int) {}

    let handler: extern "C" fn(libc::c_int) = nothing;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: both actions are zeroed (no flags, empty mask). One is only written to. The other
        // gets a handler of the type for actions without SA_SIGINFO; the handler does nothing, so
        // it is async-signal-safe.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &mut before);
            if before.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as libc::sighandler_t;
            // A job's reads and writes are restarted after the signal.
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// Ends this process when the other end of `input` is closed, even in the middle of a job, and its
/// descendants with it.
///
/// The kernel closes that end when the parent ends, for any reason. A stopped process is continued
/// for that.
pub(in crate::process_pool) fn end_with_pool(
    input: &File,
    ends_descendants: bool,
) -> io::Result<()> {
    // The signal is sent when the parent's *thread* ends: it is the one that waits for this process
    // to the end. A process that is not stopped ignores this signal.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_parent_process_death_signal(Some(Signal::CONT))?;
    let input = input.try_clone()?;
    let family = if ends_descendants { family() } else { None };
    let watch = move || {
        loop {
            // Without requested events, poll reports only a hang-up; data do not wake this thread.
            let mut ends = [PollFd::new(&input, PollFlags::empty())];
            match poll(&mut ends, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
                Ok(_) if ends[0].revents().is_empty() => {}
                Ok(_) => break,
            }
        }
        // An idle worker sees the end of its input and ends normally; it gets a moment for that.
        if !BUSY.load(Ordering::Relaxed) {
            std::thread::sleep(FAREWELL);
        }
        if ends_descendants {
            end_descendants(family.as_ref());
        }
        exit_at_once(0)
    };
    std::thread::Builder::new()
        .name("watch-pool".to_owned())
        .stack_size(256 << 10)
        .spawn(watch)
        .map(drop)
}

/// This worker's descendants.
fn family() -> Option<Family> {
    let ancestry = std::env::var(ANCESTRY).ok()?;
    // The last token is that of this worker.
    let token = ancestry.rsplit(':').next()?;
    (!token.is_empty()).then(|| Family::new(token.to_owned(), std::process::id()))
}

/// Ends the processes that this worker's jobs have started, and then its own process group,
/// including itself.
fn end_descendants(family: Option<&Family>) {
    if let Some(family) = family {
        family.end();
    }
    // Only if the group is its own.
    let group = rustix::process::getpgrp();
    if group == rustix::process::getpid() {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Ends this process without exit handlers, which would be unsafe while a job runs.
pub(in crate::process_pool) fn exit_at_once(status: i32) -> ! {
    // SAFETY: `_exit` is always allowed.
    unsafe { libc::_exit(status) }
}

/// Lowers (or raises) the priority of this process.
pub(in crate::process_pool) fn be_nice(niceness: i32) -> io::Result<()> {
    if niceness != 0 {
        rustix::process::nice(niceness)?;
    }
    Ok(())
}

/// Limits the address space of this process.
pub(in crate::process_pool) fn limit_memory(bytes: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    Ok(setrlimit(Resource::As, limit)?)
}
