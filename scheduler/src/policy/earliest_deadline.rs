//! The nearest deadline first.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{Policy, Ready};

/// A policy: the nearest deadline first. Tasks without a deadline come last.
///
/// On one processor it meets all deadlines that any order can meet. It need not know how long a
/// task takes (C. L. Liu and J. W. Layland, *Scheduling Algorithms for Multiprogramming in a
/// Hard-Real-Time Environment*, 1973). If not all deadlines can be met, it tends to miss many,
/// because late tasks go first.
#[derive(Debug, Default)]
pub struct EarliestDeadline {
    /// By deadline and arrival.
    ready: BTreeMap<(u64, Reverse<bool>, u64), Ready>,
    arrivals: u64,
}

impl Policy for EarliestDeadline {
    fn add(&mut self, task: Ready) {
        self.arrivals += 1;
        let deadline = task.claim.deadline;
        let rank = (
            deadline.unwrap_or(u64::MAX),
            Reverse(deadline.is_some()),
            self.arrivals,
        );
        self.ready.insert(rank, task);
    }

    fn next(&mut self) -> Option<Ready> {
        self.ready.pop_first().map(|(_, task)| task)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::{Claim, RoundRobin, Scheduler};
    use super::*;
    use proptest::prelude::*;

    /// How many of these jobs end too late. A job is its turns and its deadline.
    fn late(policy: impl Policy, jobs: &[(usize, u64)]) -> usize {
        let mut tasks = Scheduler::new(policy);
        for &(turns, deadline) in jobs {
            // The turn in which a task ends is one of them.
            let body = std::iter::repeat_n((), turns - 1);
            tasks.spawn("job", Claim::deadline(deadline), body);
        }
        tasks.filter(|turn| turn.late).count()
    }

    /// Whether any order can meet all deadlines: before each deadline there must be room for all
    /// jobs that are due by then.
    fn feasible(jobs: &[(usize, u64)]) -> bool {
        jobs.iter().all(|&(_, deadline)| {
            let due = jobs.iter().filter(|job| job.1 <= deadline);
            due.map(|job| job.0 as u64).sum::<u64>() <= deadline
        })
    }

    #[test]
    fn it_meets_what_taking_turns_misses() {
        let jobs = [(5, 15), (5, 5), (5, 10)];
        assert!(feasible(&jobs));
        assert_eq!(late(EarliestDeadline::default(), &jobs), 0);
        assert_eq!(late(RoundRobin::default(), &jobs), 2);
    }

    proptest! {
        #[test]
        fn it_is_late_only_if_every_order_is(
            jobs in prop::collection::vec((1..10_usize, 1..100_u64), 1..12),
        ) {
            let late = late(EarliestDeadline::default(), &jobs);
            prop_assert_eq!(late == 0, feasible(&jobs), "{} late", late);
        }
    }

    #[test]
    fn those_without_a_deadline_come_last() {
        let mut tasks = Scheduler::new(EarliestDeadline::default());
        tasks.spawn("whenever", Claim::default(), std::iter::empty());
        tasks.spawn("late", Claim::deadline(u64::MAX), std::iter::empty());
        tasks.spawn("soon", Claim::deadline(1), std::iter::empty());
        let order: Vec<&str> = tasks.map(|turn| turn.name).collect();
        assert_eq!(order, ["soon", "late", "whenever"]);
    }
}
