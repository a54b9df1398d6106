//! Detects a deadlock: no task can ever run again. There are no false alarms.
//!
//! A task runs again when it is woken, and that takes its waker. As long as one waker of one task
//! is [loose](super::waits) there is no deadlock. To know this, one number is compared with zero,
//! however many tasks wait. Timers keep wakers too. A timer comes by itself, unless the clock
//! [stands still](super::Executor::with_clock).

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::TaskId;
use super::inner::Inner;
use super::task::TaskRef;
use super::waits::known;

/// A waiting task, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The task.
    pub task: String,
    /// What it waits for; empty if it has not kept its waker at all.
    pub waits_for: Vec<String>,
}

impl Wait {
    fn what(&self) -> String {
        match self.waits_for.as_slice() {
            [] => "nothing: its waker was dropped".to_owned(),
            things => some_of(things, things.len()),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for {}", self.task, self.what())
    }
}

/// Tasks are left, and none of them can ever run again.
///
/// Its text fits on a screen: tasks that wait for the same thing are listed together, and of many
/// tasks only the first are named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Deadlock {
    /// The waits of all tasks, the oldest task first.
    pub waits: Vec<Wait>,
}

/// How many names are listed of tasks that wait for the same thing, or hold the same thing.
const NAMES: usize = 3;

/// How many different waits are listed.
const WAITS: usize = 10;

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut groups: Vec<(String, Vec<&str>)> = Vec::new();
        for wait in &self.waits {
            let what = wait.what();
            let place = *places.entry(what.clone()).or_insert_with(|| {
                groups.push((what, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(&wait.task);
        }
        f.write_str("deadlock: ")?;
        for (place, (what, tasks)) in groups.iter().take(WAITS).enumerate() {
            let names = some_of(tasks, tasks.len());
            let verb = if tasks.len() == 1 { "waits" } else { "wait" };
            let semicolon = if place == 0 { "" } else { "; " };
            write!(f, "{semicolon}{names} {verb} for {what}")?;
        }
        let left: usize = groups
            .iter()
            .skip(WAITS)
            .map(|(_, tasks)| tasks.len())
            .sum();
        if left > 0 {
            write!(f, "; and {left} more tasks wait for other things")?;
        }
        Ok(())
    }
}

/// The first names, at most `count` of them, and how many more there are, as text.
pub(crate) fn some_of(names: &[impl AsRef<str>], count: usize) -> String {
    let told: Vec<&str> = names.iter().take(NAMES).map(AsRef::as_ref).collect();
    match count - told.len() {
        0 => told.join(" and "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

impl Inner {
    /// Whether there may be a deadlock, without looking at each task.
    pub(super) fn may_be_a_deadlock(&self) -> bool {
        self.core.loose() == 0
            && !self.core.has_spawners()
            && (!self.has_timers() || self.time_stands_still())
    }

    /// Call it when no task is ready and there [may be](Inner::may_be_a_deadlock) a deadlock. If a
    /// message was posted meanwhile, it returns `Ok`, and the loop's next wait returns at once.
    pub(super) fn check_for_deadlock(&self) -> Result<(), Deadlock> {
        let mut unfinished: HashSet<u64> = HashSet::new();
        for task in self.core.tasks() {
            if task.may_be_woken() {
                return Ok(());
            }
            unfinished.insert(task.number());
        }
        if self.core.loose() != 0 {
            return Ok(());
        }
        let name = |task: TaskId| match task.executor == self.id() {
            false => format!("task {task} of another executor"),
            true if unfinished.contains(&task.number) => self.name(task.number),
            true => format!("{}, which has ended", self.name(task.number)),
        };
        let mut found: HashMap<TaskRef, Vec<String>> = HashMap::new();
        for thing in known() {
            let mut what = None;
            thing.waiters(&mut |waker| {
                if let Some(task) = waker.task() {
                    let what = what.get_or_insert_with(|| thing.describe(&name));
                    found.entry(task).or_default().push(what.clone());
                }
            });
        }
        for task in self.core.tasks() {
            if let Some(waiter) = task.joiner() {
                let what = format!("the end of {}", self.name(task.number()));
                found.entry(waiter).or_default().push(what);
            }
        }
        for waiter in self.sleepers() {
            let what = "a time that does not come: its clock stands still".to_owned();
            found.entry(waiter).or_default().push(what);
        }
        let waits = self.core.tasks().map(|task| Wait {
            task: self.name(task.number()),
            waits_for: found.remove(&task).unwrap_or_default(),
        });
        let mut waits: Vec<Wait> = waits.collect();
        waits.reverse();
        Err(Deadlock { waits })
    }
}
