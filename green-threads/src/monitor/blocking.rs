//! Whether a thread computes, or is asleep in the system.

use std::fmt;

/// What a blocked thread waits for. No green thread of it can run meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blocking {
    /// A lock between threads, such as [`std::sync::Mutex`]. Perhaps another green thread of the
    /// same thread holds it over a wait: then this is a deadlock. Use
    /// [`sync::Mutex`](crate::sync::Mutex).
    Lock,
    /// A blocking system call: it reads, sleeps or waits by the standard library and not by this
    /// crate.
    SystemCall,
}

impl fmt::Display for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Blocking::Lock => {
                "it waits for a lock between threads, such as a std::sync::Mutex, \
                 which another green thread may hold over a wait; use green_threads::sync::Mutex"
            }
            Blocking::SystemCall => {
                "it waits in a system call that blocks the thread: use this crate's function, or offload it"
            }
        })
    }
}

/// A thread of this process, by the system's number. Only Linux tells what a thread waits for.
#[derive(Clone, Copy, Debug)]
#[cfg(target_os = "linux")]
pub(super) struct ThreadId(rustix::thread::Pid);

#[cfg(target_os = "linux")]
impl ThreadId {
    pub(super) fn of_this_thread() -> ThreadId {
        ThreadId(rustix::thread::gettid())
    }

    /// What it waits for in the system, if it waits.
    pub(super) fn blocking(self) -> Option<Blocking> {
        // The number of the call and its arguments, or "running": proc_pid_syscall(5).
        let path = format!("/proc/self/task/{}/syscall", self.0.as_raw_nonzero());
        let text = std::fs::read_to_string(path).ok()?;
        let number: libc::c_long = text.split_whitespace().next()?.parse().ok()?;
        if number == libc::SYS_futex {
            return Some(Blocking::Lock);
        }
        // Negative: it sleeps outside of a call, for instance until a page is loaded.
        (number >= 0).then_some(Blocking::SystemCall)
    }
}

/// Other systems do not tell it.
#[derive(Clone, Copy, Debug)]
#[cfg(not(target_os = "linux"))]
pub(super) struct ThreadId;

#[cfg(not(target_os = "linux"))]
impl ThreadId {
    pub(super) fn of_this_thread() -> ThreadId {
        ThreadId
    }

    pub(super) fn blocking(self) -> Option<Blocking> {
        None
    }
}
