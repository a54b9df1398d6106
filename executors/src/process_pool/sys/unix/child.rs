//! A child process: its end and its exit status.
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

/// A worker process that this process has started.
pub(in crate::process_pool) struct Life {
    pid: u32,
    /// It is readable when the process has ended. `None` if the system has no pidfd.
    end: Option<OwnedFd>,
    /// Locked to signal it and to wait for it. So no signal is sent after the wait, when another
    /// process may have the pid.
    child: Mutex<Option<Child>>,
    /// Its descendants, if they must end with it.
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
        // It fails only if the process has ended, and then the signal is not needed.
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

    /// Continues the process, if it is stopped.
    pub(in crate::process_pool) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Whether it has ended. It is not reaped, so its pid stays valid.
    pub(super) fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // An error means that there is no such child any more: other code has waited for it.
        self.ask(options).map_or(true, |ended| ended)
    }

    /// Waits until it has ended. It is not reaped.
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

    /// Ends the processes that its jobs have started, and reaps it. It has ended, or was killed.
    pub(in crate::process_pool) fn reap(&self) -> (Exit, Duration) {
        self.wait();
        if let Some(family) = &self.family {
            // Until it is reaped, its process group number is not used again.
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

    /// The CPU time so far; `None` if it was reaped, or the system does not report it.
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

/// A descriptor that becomes readable when a child ends. (The child was not reaped, so its pid is
/// valid.)
#[cfg(any(target_os = "linux", target_os = "android"))]
fn end_of(pid: u32) -> Option<OwnedFd> {
    // Older kernels do not have it.
    rustix::process::pidfd_open(pid_of(pid)?, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn end_of(_pid: u32) -> Option<OwnedFd> {
    None
}

/// Reaps a child. Returns its exit status, and the CPU time of it and its own children.
fn wait4(child: &Child) -> io::Result<(ExitStatus, Duration)> {
    let pid = child.id() as libc::pid_t;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are valid for writing their types. `child` was not reaped (only its
    // owner does that, here), so the pid is valid.
    while unsafe { libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()) } == -1 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: zeroed is a valid value, whether or not wait4 wrote to it.
    let usage = unsafe { usage.assume_init() };
    let time = |t: libc::timeval| {
        Duration::from_secs(t.tv_sec as u64) + Duration::from_micros(t.tv_usec as u64)
    };
    let cpu = time(usage.ru_utime) + time(usage.ru_stime);
    Ok((ExitStatus::from_raw(status), cpu))
}

/// The CPU time so far of a child that was not reaped.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn cpu_time(pid: u32) -> Option<Duration> {
    let mut clock = 0;
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: both pointers are valid for writing their types, and zeroed is a valid value.
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

/// This system does not report it: only workers that have ended are counted.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn cpu_time(_pid: u32) -> Option<Duration> {
    None
}
