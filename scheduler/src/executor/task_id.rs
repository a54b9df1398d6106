//! The identity of a task.

use std::fmt;

/// The number of a task and of its executor. It is unique in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    pub(super) executor: u64,
    pub(super) number: u64,
}

impl TaskId {
    /// As a number. An executor counts its tasks from 0, in the order in which they were spawned.
    pub fn number(self) -> u64 {
        self.number
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}
