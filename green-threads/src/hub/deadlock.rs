//! Detects a deadlock: no green thread can ever run again.

use std::ptr::NonNull;

use super::Hub;
use crate::task::Cause;

/// How many green threads the report names.
const NAMED: usize = 10;

impl Hub {
    /// Whether no green thread can ever run again. The cost does not grow with their number.
    pub(super) fn is_deadlocked(&self) -> bool {
        !self.driver.awaits_something() && self.remotes.expected() == 0
    }

    /// Every green thread waits for another. The root's wait ends in a panic with this report.
    #[cold]
    pub(super) fn report_deadlock(&self) -> ! {
        self.current.set(NonNull::from(&*self.root));
        let mut living = self.living.all();
        living.sort_unstable_by_key(|task| task.id());
        let mut list = String::new();
        for task in living.iter().take(NAMED) {
            let (what, place) = (task.waits_for(), task.spawned_at());
            list.push_str(&format!("\n  {task:?} spawned at {place} waits: {what}"));
        }
        if living.len() > NAMED {
            list.push_str(&format!("\n  and {} more", living.len() - NAMED));
        }
        // If it is woken later by what it waited for, that finds no waiter.
        self.root.claim(Cause::Woken(0));
        panic!(
            "deadlock: the thread waits ({}), and nothing can end this wait{list}",
            self.root.waits_for()
        );
    }
}
