//! The identity and the exit status of a worker, as values that can be serialized.

use std::fmt;

/// The identity of a worker process: its process id and, if it runs on another machine, that
/// machine.
///
/// # Examples
/// ```
/// use executors::WorkerId;
///
/// assert_eq!(WorkerId::local(42).to_string(), "worker 42");
/// assert_eq!(WorkerId::remote("node-7", 42).to_string(), "worker 42 on node-7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct WorkerId {
    /// The process id on its machine.
    pub pid: u32,
    /// The name of its machine; empty for this machine.
    pub host: String,
}

impl WorkerId {
    /// A worker on this machine.
    pub fn local(pid: u32) -> Self {
        Self::remote(String::new(), pid)
    }

    /// A worker on another machine.
    pub fn remote(host: impl Into<String>, pid: u32) -> Self {
        let host = host.into();
        Self { pid, host }
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {}", self.pid)?;
        if !self.host.is_empty() {
            write!(f, " on {}", self.host)?;
        }
        Ok(())
    }
}

/// How a worker process ended.
///
/// Like [`std::process::ExitStatus`], but a value that can be sent to another machine.
///
/// # Examples
/// ```
/// use executors::Exit;
///
/// assert_eq!(Exit::Code(3).to_string(), "exit status: 3");
/// assert_eq!(Exit::Signal(9).to_string(), "signal: 9 (SIGKILL)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Exit {
    /// It exited with this status.
    Code(i32),
    /// A signal with this number ended it.
    Signal(i32),
    /// Unknown: this program ignores SIGCHLD, or other code in it waits for all children.
    Unknown,
}

impl Exit {
    /// The exit status, if it exited by itself.
    pub fn code(self) -> Option<i32> {
        match self {
            Exit::Code(code) => Some(code),
            _ => None,
        }
    }

    /// The signal that ended it, if there was one.
    pub fn signal(self) -> Option<i32> {
        match self {
            Exit::Signal(signal) => Some(signal),
            _ => None,
        }
    }
}

impl From<std::process::ExitStatus> for Exit {
    fn from(status: std::process::ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
            return Exit::Signal(signal);
        }
        status.code().map_or(Exit::Unknown, Exit::Code)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit status: {code}"),
            Exit::Signal(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "signal: {signal} ({name})"),
                None => write!(f, "signal: {signal}"),
            },
            Exit::Unknown => f.write_str(
                "its exit status is unknown: does this program ignore SIGCHLD, or wait for all its children?",
            ),
        }
    }
}

/// The names of signals that end processes and have the same number on every Unix.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ if cfg!(target_os = "linux") => match signal {
            7 => "SIGBUS",
            24 => "SIGXCPU",
            25 => "SIGXFSZ",
            31 => "SIGSYS",
            _ => return None,
        },
        _ => return None,
    })
}
