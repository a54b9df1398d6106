//! Round robin: first come, first served.

use std::collections::VecDeque;

use super::{Policy, Ready};

/// A policy: the task that has waited longest is next. With `n` ready tasks, none waits for more
/// than `n - 1` turns.
#[derive(Debug, Default)]
pub struct RoundRobin {
    ready: VecDeque<Ready>,
}

impl Policy for RoundRobin {
    fn add(&mut self, task: Ready) {
        self.ready.push_back(task);
    }

    fn next(&mut self) -> Option<Ready> {
        self.ready.pop_front()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{Claim, Scheduler};
    use super::*;

    #[test]
    fn nobody_waits_for_more_than_a_round() {
        const TASKS: u64 = 7;
        let mut tasks = Scheduler::new(RoundRobin::default());
        for _ in 0..TASKS {
            tasks.spawn("task", Claim::default(), std::iter::repeat(()));
        }
        assert!(tasks.take(1000).all(|turn| turn.waited < TASKS));
    }
}
