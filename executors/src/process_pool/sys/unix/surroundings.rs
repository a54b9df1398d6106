//! A worker's preparation of its own process: pipes, signals, limits, and its end.
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

/// How long an idle worker has to end by itself when its pool is gone. It has only to leave `main`
/// (flush, run exit handlers), which takes milliseconds; one that hangs there is in nobody's way so
/// short a time.
const FAREWELL: Duration = Duration::from_millis(300);

/// Takes the pipes that this process was given as standard input and output. Standard input is
/// then empty, and standard output goes where standard error goes: a job may print what it likes.
pub(in crate::process_pool) fn take_pipes() -> io::Result<(File, File)> {
    // These copies are closed on exec, so processes that a job starts do not hold the pipes open.
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(io::stderr())?;
    Ok((input.into(), output.into()))
}

/// Looks for a short while whether there is something to read, before a `read` goes to sleep.
pub(in crate::process_pool) fn linger(input: &impl AsFd) {
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    spin_until(|| {
        let mut ends = [PollFd::new(input, PollFlags::IN)];
        // The end of the stream and errors are for `read` to find.
        !matches!(poll(&mut ends, Some(&now)), Ok(0))
    });
}

/// Has SIGINT and SIGTERM do nothing here. Ctrl-C reaches every process of the terminal's foreground
/// group, and service managers send SIGTERM to every process of a service; what becomes of the jobs
/// is for the parent to decide.
///
/// A handler, and not `SIG_IGN`: that would be inherited by the programs that a job starts. Where a
/// signal is ignored already, as with `nohup`, they are to inherit just that, so it stays ignored.
pub(in crate::process_pool) fn survive_signals() {
    extern "C" fn nothing(_signal: libc::c_int) {}

    let handler: extern "C" fn(libc::c_int) = nothing;
    for signal in [libc::SIGINT, libc::SIGTERM] {
        // SAFETY: both actions are zeroed (no flags, empty mask); one is only written to, the other
        // given a handler of the type that goes without SA_SIGINFO; that does nothing, so it is safe
        // at any moment.
        unsafe {
            let mut before: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &mut before);
            if before.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handler as libc::sighandler_t;
            // A job's reads and writes go on as if nothing had happened.
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(signal, &action, std::ptr::null_mut());
        }
    }
}

/// Ends this process when the other end of `input` is closed, even in the middle of a job, and its
/// descendants with it.
///
/// The kernel closes it when the parent ends, however it ends. A process that is stopped is woken up
/// for that.
pub(in crate::process_pool) fn end_with_pool(
    input: &File,
    ends_descendants: bool,
) -> io::Result<()> {
    // The signal is sent when the parent's *thread* ends: that is the one that waits for this
    // process, to the end. A process that is not stopped takes no notice of this signal.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    rustix::process::set_parent_process_death_signal(Some(Signal::CONT))?;
    let input = input.try_clone()?;
    let family = if ends_descendants { family() } else { None };
    let watch = move || {
        loop {
            // Asking for no event leaves hang-up, which is always reported; data wake nobody.
            let mut ends = [PollFd::new(&input, PollFlags::empty())];
            match poll(&mut ends, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
                Ok(_) if ends[0].revents().is_empty() => {}
                Ok(_) => break,
            }
        }
        // An idle worker sees the end of its input and ends in good order; it is given a moment.
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
    // The last token is this worker's own.
    let token = ancestry.rsplit(':').next()?;
    (!token.is_empty()).then(|| Family::new(token.to_owned(), std::process::id()))
}

/// Ends what this worker's jobs have left behind, and then its own process group: itself.
fn end_descendants(family: Option<&Family>) {
    if let Some(family) = family {
        family.end();
    }
    // Only a group that is our own.
    let group = rustix::process::getpgrp();
    if group == rustix::process::getpid() {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}

/// Ends this process without running exit handlers, which is not safe beside a job that runs.
pub(in crate::process_pool) fn exit_at_once(status: i32) -> ! {
    // SAFETY: `_exit` may be called at any time.
    unsafe { libc::_exit(status) }
}

/// Lowers (or raises) the priority of this process.
pub(in crate::process_pool) fn be_nice(niceness: i32) -> io::Result<()> {
    if niceness != 0 {
        rustix::process::nice(niceness)?;
    }
    Ok(())
}

/// Limits this process' address space.
pub(in crate::process_pool) fn limit_memory(bytes: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    Ok(setrlimit(Resource::As, limit)?)
}
