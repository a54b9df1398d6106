//! The life of a child process: whether it has ended, and how.
#![allow(unsafe_code, reason = "no safe crate wraps wait4 and a clock by pid")]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::descendants::Family;
use crate::sync::{Mutex, lock};
use crate::worker_id::Exit;

/// A worker process that was started here.
pub(in crate::process_pool) struct Life {
    pid: u32,
    /// Readable when it has ended. `None` where the system has no such thing.
    end: Option<OwnedFd>,
    /// Locked to signal it, and to wait for it: nobody can signal what has been waited for, whose
    /// pid may be another's by then.
    child: Mutex<Option<Child>>,
    /// Its descendants, if they are to end with it.
    family: Option<Family>,
}

impl Life {
    pub(in crate::process_pool) fn new(child: Child, token: Option<String>) -> Self {
        let pid = child.id();
        Self {
            pid,
            end: end_of(pid),
            child: Mutex::new(Some(child)),
            family: token.map(|token| Family::new(token, pid)),
        }
    }

    pub(in crate::process_pool) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn end(&self) -> Option<&OwnedFd> {
        self.end.as_ref()
    }

    fn signal(&self, signal: Signal) {
        let child = lock(&self.child);
        if child.is_none() || self.has_ended() {
            return;
        }
        // It fails only for a process that has ended, which a signal would have been for.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(end) = &self.end {
            let _ = rustix::process::pidfd_send_signal(end, signal);
            return;
        }
        if let Some(pid) = pid_of(self.pid) {
            let _ = rustix::process::kill_process(pid, signal);
        }
    }

    pub(in crate::process_pool) fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Has it go on, should it be stopped.
    pub(in crate::process_pool) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Whether it has ended. It is not waited for: its pid stays its own.
    pub(super) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // An error: there is no such child any more, as something else has waited for it.
        self.ask(options).map_or(true, |ended| ended)
    }

    /// Waits until it has ended. It is not waited for in the system's sense.
    pub(in crate::process_pool) fn wait(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(error) = self.ask(options)
            && error == rustix::io::Errno::INTR
        {}
    }

    fn ask(&self, options: WaitIdOptions) -> rustix::io::Result<bool> {
        let pid = pid_of(self.pid).ok_or(rustix::io::Errno::CHILD)?;
        Ok(waitid(WaitId::Pid(pid), options)?.is_some())
    }

    /// Ends what its jobs have left behind, and waits for it. It has ended, or has been killed.
    pub(in crate::process_pool) fn reap(&self) -> (Exit, Duration) {
        self.wait();
        if let Some(family) = &self.family {
            // While it has not been waited for, the number of its group is its own.
            if self.ask(WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG)
                == Ok(true)
                && let Some(pid) = pid_of(self.pid)
            {
                let _ = rustix::process::kill_process_group(pid, Signal::KILL);
            }
            family.end();
        }
        let Some(child) = lock(&self.child).take() else {
            return (Exit::Unknown, Duration::ZERO);
        };
        match wait4(&child) {
            Ok((status, cpu)) => (status.into(), cpu),
            Err(_) => (Exit::Unknown, Duration::ZERO),
        }
    }

    /// The CPU time so far; `None` if it has been waited for, or where the system does not tell.
    pub(in crate::process_pool) fn cpu_time(&self) -> Option<Duration> {
        let child = lock(&self.child);
        if child.is_some() {
            cpu_time(self.pid)
        } else {
            None
        }
    }
}

fn pid_of(pid: u32) -> Option<Pid> {
    Pid::from_raw(pid.try_into().ok()?)
}

/// What becomes readable when a child ends. (It has not been waited for, so the pid is its own.)
#[cfg(any(target_os = "linux", target_os = "android"))]
fn end_of(pid: u32) -> Option<OwnedFd> {
    // Older kernels have none.
    rustix::process::pidfd_open(pid_of(pid)?, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn end_of(_pid: u32) -> Option<OwnedFd> {
    None
}

/// Waits for a child; how it ended, and the CPU time of it and its own children.
fn wait4(child: &Child) -> io::Result<(ExitStatus, Duration)> {
    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to live memory of the right type. `child` has not been waited for
    // (its owner does that only here), so the pid is its own.
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

/// The CPU time so far of a child that has not been waited for.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn cpu_time(pid: u32) -> Option<Duration> {
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
fn cpu_time(_pid: u32) -> Option<Duration> {
    None
}
