//! Policies: which task is next? Ready queues that can be exchanged.
//!
//! The scheduler of [`round_robin`](crate::round_robin) takes the task that has waited longest. There
//! are other rules. A [`Policy`] is such a rule: a queue of ready tasks, in an order of its own.
//!
//! | policy | next is | good for | what it costs |
//! |-|-|-|-|
//! | [`RoundRobin`] | the task that has waited longest | fairness | ignores urgency |
//! | [`Priority::strict`] | the highest priority | tasks that must never wait | others may starve |
//! | [`Priority::ageing`] | the highest priority, which grows while a task waits | the same, without starvation | a bounded wait |
//! | [`EarliestDeadline`] | the nearest deadline | meeting all deadlines, if that is possible | overload misses them all |
//! | [`Lottery`] | a draw by tickets | shares of the processor | fair only on average |
//!
//! ```
//! use scheduler::policy::{Claim, Priority, Scheduler};
//!
//! let mut tasks = Scheduler::new(Priority::strict());
//! tasks.spawn("low", Claim::priority(1), std::iter::repeat_n((), 2));
//! tasks.spawn("high", Claim::priority(2), std::iter::repeat_n((), 2));
//! let turns: Vec<&str> = tasks.map(|turn| turn.name).collect();
//! assert_eq!(turns, ["high", "high", "high", "low", "low", "low"]);
//! ```

mod earliest_deadline;
mod lottery;
mod priority;
mod round_robin;

use std::fmt;

pub use earliest_deadline::EarliestDeadline;
pub use lottery::Lottery;
pub use priority::Priority;
pub use round_robin::RoundRobin;

/// A queue of ready tasks.
///
/// Each added task is taken once. Policies differ in the order.
pub trait Policy {
    /// Adds a task that has become ready.
    fn add(&mut self, task: Ready);

    /// Takes the next task; `None` when no task is ready.
    fn next(&mut self) -> Option<Ready>;
}

impl<P: Policy + ?Sized> Policy for Box<P> {
    fn add(&mut self, task: Ready) {
        (**self).add(task);
    }

    fn next(&mut self) -> Option<Ready> {
        (**self).next()
    }
}

/// A task in a ready queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The number of the task.
    pub task: usize,
    /// Its claim.
    pub claim: Claim,
    /// When it became ready, in turns since the start.
    pub since: u64,
}

/// The claim of a task: each policy uses the fields that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// A higher number is more urgent.
    pub priority: u32,
    /// When it should have ended, in turns since the start.
    pub deadline: Option<u64>,
    /// Its share in a lottery. A task without tickets gets a turn only if no ready task has any.
    pub tickets: u32,
}

impl Default for Claim {
    /// Priority 0, no deadline, one ticket.
    fn default() -> Self {
        Claim {
            priority: 0,
            deadline: None,
            tickets: 1,
        }
    }
}

impl Claim {
    /// A claim with this priority.
    pub fn priority(priority: u32) -> Claim {
        Claim {
            priority,
            ..Claim::default()
        }
    }

    /// A claim with this deadline, in turns since the start.
    pub fn deadline(turn: u64) -> Claim {
        Claim {
            deadline: Some(turn),
            ..Claim::default()
        }
    }

    /// A claim with this many tickets.
    pub fn tickets(tickets: u32) -> Claim {
        Claim {
            tickets,
            ..Claim::default()
        }
    }
}

/// A turn of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The number of the task, counted from 0 in the order of spawning.
    pub task: usize,
    /// Its name.
    pub name: &'static str,
    /// How many turns the task was ready before this one.
    pub waited: u64,
    /// Whether it was the last one: the task has ended.
    pub ended: bool,
    /// Whether the task has ended after its deadline.
    pub late: bool,
}

/// The scheduler of [`round_robin`](crate::round_robin) with any queue. As an iterator it gives the
/// turns.
pub struct Scheduler<'a, P> {
    policy: P,
    tasks: Vec<Option<Task<'a>>>,
    now: u64,
}

struct Task<'a> {
    name: &'static str,
    body: Box<dyn Iterator<Item = ()> + 'a>,
}

impl<'a, P: Policy> Scheduler<'a, P> {
    /// A scheduler without tasks.
    pub fn new(policy: P) -> Self {
        Scheduler {
            policy,
            tasks: Vec::new(),
            now: 0,
        }
    }

    /// Adds a task, and returns its number.
    pub fn spawn(
        &mut self,
        name: &'static str,
        claim: Claim,
        body: impl Iterator<Item = ()> + 'a,
    ) -> usize {
        let task = self.tasks.len();
        self.tasks.push(Some(Task {
            name,
            body: Box::new(body),
        }));
        self.policy.add(Ready {
            task,
            claim,
            since: self.now,
        });
        task
    }

    /// How many turns there have been: the time.
    pub fn now(&self) -> u64 {
        self.now
    }
}

impl<P: Policy> Iterator for Scheduler<'_, P> {
    type Item = Turn;

    /// Runs the next task for one turn; `None` when all have ended.
    fn next(&mut self) -> Option<Turn> {
        let ready = self.policy.next()?;
        let waited = self.now - ready.since;
        self.now += 1;
        let mut task = self.tasks.get_mut(ready.task)?.take()?;
        let ended = task.body.next().is_none();
        let turn = Turn {
            task: ready.task,
            name: task.name,
            waited,
            ended,
            late: ended
                && ready
                    .claim
                    .deadline
                    .is_some_and(|deadline| self.now > deadline),
        };
        if !ended {
            self.tasks[ready.task] = Some(task);
            let since = self.now;
            self.policy.add(Ready { since, ..ready });
        }
        Some(turn)
    }
}

impl<P: fmt::Debug> fmt::Debug for Scheduler<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.tasks.iter().flatten().map(|task| task.name);
        f.debug_struct("Scheduler")
            .field("policy", &self.policy)
            .field("tasks", &names.collect::<Vec<_>>())
            .finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policies() -> Vec<Box<dyn Policy>> {
        vec![
            Box::new(RoundRobin::default()),
            Box::new(Priority::strict()),
            Box::new(Priority::ageing(3)),
            Box::new(EarliestDeadline::default()),
            Box::new(Lottery::new(1)),
        ]
    }

    proptest! {
        #[test]
        fn every_policy_gives_out_each_task_once(
            claims in prop::collection::vec((0..5_u32, 0..9_u64, 0..4_u32), 0..40),
        ) {
            for mut policy in policies() {
                for (task, &(priority, deadline, tickets)) in claims.iter().enumerate() {
                    let deadline = Some(deadline).filter(|&deadline| deadline > 0);
                    let claim = Claim { priority, deadline, tickets };
                    policy.add(Ready { task, claim, since: task as u64 });
                }
                let mut seen: Vec<usize> =
                    std::iter::from_fn(|| policy.next()).map(|ready| ready.task).collect();
                seen.sort_unstable();
                prop_assert!(seen.into_iter().eq(0..claims.len()));
            }
        }
    }

    #[test]
    fn every_policy_runs_all_tasks_to_their_ends() {
        for policy in policies() {
            let mut tasks = Scheduler::new(policy);
            for length in 0..10 {
                tasks.spawn(
                    "task",
                    Claim::priority(length as u32),
                    std::iter::repeat_n((), length),
                );
            }
            let turns = tasks.by_ref().count();
            assert_eq!(turns, (0..10).map(|length| length + 1).sum::<usize>());
            assert_eq!(tasks.now(), turns as u64);
        }
    }
}
