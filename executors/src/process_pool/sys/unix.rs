//! Unix: pipes, signals, limits and the end of processes.
#![allow(
    unsafe_code,
    reason = "no safe crate wraps wait4, sigaction, _exit and a clock by pid"
)]

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::process_pool::worker::BUSY;
use crate::sync::spin_until;

/// How long an idle worker has to end by itself when its pool is gone. It has only to leave `main`
/// (flush, run exit handlers), which takes milliseconds; one that hangs there is in nobody's way so
/// short a time.
const FAREWELL: Duration = Duration::from_millis(300);

pub(in crate::process_pool) const HAS_MEMORY_LIMIT: bool = true;

/// A command that starts this very program again.
///
/// On Linux by the link the kernel keeps to it: the file may have been replaced (by the next
/// build) or deleted since.
pub(in crate::process_pool) fn this_program() -> io::Result<Command> {
    let linux = cfg!(any(target_os = "linux", target_os = "android"));
    if !linux {
        return Ok(Command::new(std::env::current_exe()?));
    }
    let mut command = Command::new("/proc/self/exe");
    let name = std::env::args_os().next().map(PathBuf::from);
    command.arg0(name.unwrap_or_default());
    Ok(command)
}

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

/// Has SIGINT do nothing here. Ctrl-C reaches every process of the terminal's foreground group;
/// what becomes of the jobs is for the parent to decide.
///
/// A handler, and not `SIG_IGN`: that would be inherited by the programs that a job starts.
pub(in crate::process_pool) fn survive_interrupt() {
    extern "C" fn nothing(_signal: libc::c_int) {}

    let handler: extern "C" fn(libc::c_int) = nothing;
    // SAFETY: the action is zeroed (no flags, empty mask) and then given a handler of the type
    // that goes without SA_SIGINFO; it does nothing, so it is safe at any moment.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as libc::sighandler_t;
        // A job's reads and writes go on as if nothing had happened.
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(libc::SIGINT, &action, std::ptr::null_mut());
    }
}

/// Ends this process when the other end of `input` is closed, even in the middle of a job.
///
/// The kernel closes it when the parent ends, however it ends. (`PR_SET_PDEATHSIG` would not do:
/// it fires when the parent's *thread* ends.)
pub(in crate::process_pool) fn end_with_pool(input: &File) -> io::Result<()> {
    let input = input.try_clone()?;
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
        // SAFETY: `_exit` may be called at any time. Running the exit handlers, as `exit` would,
        // is not safe beside a job that is still running.
        unsafe { libc::_exit(0) }
    };
    std::thread::Builder::new()
        .name("watch-pool".to_owned())
        .stack_size(64 << 10)
        .spawn(watch)
        .map(drop)
}

/// Limits this process' address space.
pub(in crate::process_pool) fn limit_memory(bytes: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(bytes),
        maximum: Some(bytes),
    };
    Ok(setrlimit(Resource::As, limit)?)
}

/// Waits for a child that has been killed or is about to end; how it ended, and the CPU time of
/// it and its own children.
pub(in crate::process_pool) fn reap(child: &mut Child) -> io::Result<(ExitStatus, Duration)> {
    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live memory of the right type. `child` is borrowed for the
    // time, and has not been waited for (its owner does that only here), so the pid is its own.
    while unsafe { libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()) } == -1 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: zeroed is a valid value, whether or not wait4 wrote another.
    let usage = unsafe { usage.assume_init() };
    let time = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec as u64) + Duration::from_micros(t.tv_usec as u64)
    };
    let cpu = time(usage.ru_utime) + time(usage.ru_stime);
    Ok((ExitStatus::from_raw(status), cpu))
}

/// The CPU time so far of a child that has not been reaped; `None` where the system does not tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(in crate::process_pool) fn cpu_time(pid: u32) -> Option<Duration> {
    let mut clock = 0;
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: both pointers are to live memory of the right type, and zeroed is a valid value.
    let time = unsafe {
        if libc::clock_getcpuclockid(pid as libc::pid_t, &mut clock) != 0
            || libc::clock_gettime(clock, time.as_mut_ptr()) != 0
        {
            return None;
        }
        time.assume_init()
    };
    Some(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Not told by this system: only workers that have ended are counted.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(in crate::process_pool) fn cpu_time(_pid: u32) -> Option<Duration> {
    None
}
