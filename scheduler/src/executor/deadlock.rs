//! When nothing can ever happen again.
//!
//! A task goes on when somebody wakes it, and who could do that must have its waker. The executor
//! knows how many wakers of a task there are. Those that the things of [`sync`](crate::sync) and
//! other tasks' join handles keep it can find; they will be used only if some other task goes on.
//! If these are all, for every task, and nobody is ready, then nobody will ever be. A waker that
//! is elsewhere (in another thread's channel, in a timer, in a socket) may be used at any time, and
//! so there is no deadlock as long as there is one.

use std::collections::HashMap;
use std::fmt;

use super::Inner;
use super::task::TaskRef;
use super::waits::known;

/// A task that waits, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Who.
    pub task: String,
    /// For what; nothing if it has not kept its waker at all.
    pub waits_for: Vec<String>,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for ", self.task)?;
        match self.waits_for.as_slice() {
            [] => f.write_str("nothing: nobody has its waker"),
            things => f.write_str(&things.join(" and ")),
        }
    }
}

/// Tasks are left, and none of them can ever go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("deadlock: {}", .waits.iter().map(Wait::to_string).collect::<Vec<_>>().join("; "))]
pub struct Deadlock {
    /// Who waits for what, the oldest task first.
    pub waits: Vec<Wait>,
}

impl Inner {
    /// To be called when nobody is ready, and nothing is waited for that the event loop knows. If
    /// something was posted meanwhile, that is not decided, and the loop's next wait will not wait.
    pub(super) fn check_for_deadlock(&self) -> Result<(), Deadlock> {
        let mut found: HashMap<TaskRef, Vec<String>> = HashMap::new();
        for thing in known() {
            thing.waiters(&mut |waker, what| {
                if let Some(task) = TaskRef::of_waker(waker) {
                    let what = what(&|task| self.name(task));
                    found.entry(task).or_default().push(what);
                }
            });
        }
        for task in self.tasks() {
            task.with_joiner(|waker| {
                if let Some(waiter) = TaskRef::of_waker(waker) {
                    let what = format!("the end of {}", self.name(task.id()));
                    found.entry(waiter).or_default().push(what);
                }
            });
        }
        let mut waits = Vec::new();
        for task in self.tasks() {
            let waits_for = found.remove(&task).unwrap_or_default();
            if task.wakers() != Some(waits_for.len()) {
                return Ok(());
            }
            let task = self.name(task.id());
            waits.push(Wait { task, waits_for });
        }
        waits.reverse();
        Err(Deadlock { waits })
    }
}
