//! Priorities: the most urgent task first, with or without ageing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Policy, Ready};

/// A policy: the highest priority first; for the same priority, the task that has waited longest.
///
/// Strict priorities starve: as long as a more urgent task is ready, a task gets no turn at all.
/// With ageing, a waiting task becomes more urgent: its priority grows by one for each `turns`
/// turns of waiting. So a task waits at most (the highest priority less its own) × `turns`, and one
/// round.
///
/// No priority is changed for that. All waiting tasks grow at the same rate, so the order of two
/// tasks does not change while both wait: it is the order of `since - priority × turns`, a number
/// that a heap can keep.
#[derive(Debug)]
pub struct Priority {
    ageing: Option<u64>,
    ready: BinaryHeap<Reverse<(i128, u64, Entry)>>,
    arrivals: u64,
}

/// The order number, which no two entries share, decides in the end.
#[derive(Debug)]
struct Entry(Ready);

impl PartialEq for Entry {
    fn eq(&self, _: &Entry) -> bool {
        true
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, _: &Entry) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Priority {
    /// Without ageing.
    pub fn strict() -> Priority {
        Priority::new(None)
    }

    /// With ageing: a priority grows by one for each `turns` turns of waiting; 0 counts as 1.
    pub fn ageing(turns: u64) -> Priority {
        Priority::new(Some(turns.max(1)))
    }

    fn new(ageing: Option<u64>) -> Priority {
        Priority {
            ageing,
            ready: BinaryHeap::new(),
            arrivals: 0,
        }
    }
}

impl Policy for Priority {
    fn add(&mut self, task: Ready) {
        let priority = i128::from(task.claim.priority);
        let rank = match self.ageing {
            None => -priority,
            Some(turns) => i128::from(task.since) - priority * i128::from(turns),
        };
        self.arrivals += 1;
        self.ready.push(Reverse((rank, self.arrivals, Entry(task))));
    }

    fn next(&mut self) -> Option<Ready> {
        self.ready.pop().map(|Reverse((_, _, Entry(task)))| task)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{Claim, Scheduler};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn strict_priorities_starve() {
        let mut tasks = Scheduler::new(Priority::strict());
        tasks.spawn("low", Claim::priority(0), std::iter::repeat(()));
        tasks.spawn("high", Claim::priority(1), std::iter::repeat(()));
        assert!(tasks.take(10_000).all(|turn| turn.name == "high"));
    }

    proptest! {
        #[test]
        fn a_strict_turn_is_always_the_most_urgent(
            priorities in prop::collection::vec((0..5_u32, 0..9_usize), 1..20),
        ) {
            let mut tasks = Scheduler::new(Priority::strict());
            for &(priority, length) in &priorities {
                tasks.spawn("task", Claim::priority(priority), std::iter::repeat_n((), length));
            }
            let order: Vec<u32> = tasks.map(|turn| priorities[turn.task].0).collect();
            prop_assert!(order.is_sorted_by(|a, b| a >= b), "{order:?}");
        }

        #[test]
        fn with_ageing_waits_have_a_bound(
            priorities in prop::collection::vec(0..10_u32, 1..12),
            turns in 1..20_u64,
        ) {
            let highest = priorities.iter().copied().max().unwrap_or(0);
            let mut tasks = Scheduler::new(Priority::ageing(turns));
            for &priority in &priorities {
                tasks.spawn("task", Claim::priority(priority), std::iter::repeat(()));
            }
            let mut had_turns = vec![0; priorities.len()];
            for turn in tasks.take(5000) {
                let lacks = u64::from(highest - priorities[turn.task]);
                let bound = lacks * turns + priorities.len() as u64;
                prop_assert!(turn.waited <= bound, "{turn:?}, at most {bound}");
                had_turns[turn.task] += 1;
            }
            prop_assert!(had_turns.iter().all(|&turns| turns > 0), "{had_turns:?}");
        }
    }
}
