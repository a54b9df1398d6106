//! The settings that a worker gets when it is started.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;

/// The environment variable with a worker's settings.
pub(super) const VARIABLE: &str = "EXECUTORS_WORKER";
/// A worker's last argument. Processes that a job starts inherit the environment, but not this
/// argument. Only both together make a worker.
pub(super) const MARK: &str = "executors-worker";
/// The environment variable with the tokens of this worker and of the workers around it. Every
/// process that a job starts inherits it, even if its parents end. So these processes can be found
/// after the worker has ended.
pub(super) const ANCESTRY: &str = "EXECUTORS_ANCESTRY";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// The maximum size of the results of a job or chunk, in bytes.
    pub(super) frame_limit: usize,
    /// The maximum address space in bytes; 0 means no limit.
    pub(super) memory_limit: u64,
    /// The value to add to the niceness.
    pub(super) niceness: i32,
    /// The number of CPUs per worker: the default size of an inner pool.
    pub(super) share: usize,
    /// The nesting depth of pools, including the worker's own.
    pub(super) depth: u32,
    /// Whether outputs are read back and compared.
    pub(super) check: bool,
    /// Whether the worker leads a process group, and its descendants end with it.
    pub(super) ends_descendants: bool,
}

impl Settings {
    /// The settings of this process, if it was started as a worker.
    pub(super) fn of_this_process() -> Option<Self> {
        if std::env::args_os().next_back()? != OsStr::new(MARK) {
            return None;
        }
        std::env::var(VARIABLE).ok()?.parse().ok()
    }
}

impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            frame_limit,
            memory_limit,
            niceness,
            share,
            depth,
            check,
            ends_descendants,
        } = self;
        write!(
            f,
            "{frame_limit},{memory_limit},{niceness},{share},{depth},{check},{ends_descendants}"
        )
    }
}

impl FromStr for Settings {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split(',');
        let settings = Self {
            frame_limit: next(&mut parts)?,
            memory_limit: next(&mut parts)?,
            niceness: next(&mut parts)?,
            share: next(&mut parts)?,
            depth: next(&mut parts)?,
            check: next(&mut parts)?,
            ends_descendants: next(&mut parts)?,
        };
        parts.next().is_none().then_some(settings).ok_or(())
    }
}

fn next<'a, T: FromStr>(parts: &mut impl Iterator<Item = &'a str>) -> Result<T, ()> {
    parts.next().ok_or(())?.parse().map_err(|_| ())
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_environment() {
        let settings = Settings {
            frame_limit: 64 << 20,
            memory_limit: 0,
            niceness: -3,
            share: 2,
            depth: 1,
            check: true,
            ends_descendants: false,
        };
        assert_eq!(settings.to_string().parse(), Ok(settings));
        for text in ["64", "a,b", "1,2,3,4,5,true,false,"] {
            assert_eq!(text.parse::<Settings>(), Err(()));
        }
    }

    #[test]
    fn a_process_without_both_marks_is_no_worker() {
        assert_eq!(Settings::of_this_process(), None);
    }
}
