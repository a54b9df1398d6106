//! A round-robin scheduler. A task is a generator that yields to let others run. The scheduler is a
//! queue of tasks.
//!
//! The workshop's scheduler has a fault: it calls `next` on each task in turn, and the first task
//! that ends raises `StopIteration` through the scheduler, so that the others never finish. Here an
//! end is an ordinary value: the task leaves the queue, and the rest goes on.
//!
//! ```
//! use std::cell::RefCell;
//!
//! use scheduler::generator::generator;
//! use scheduler::round_robin::RoundRobin;
//! use scheduler::workshop::{NUMBERS, is_prime, square};
//!
//! let results = RefCell::new(Vec::new());
//! let mut tasks = RoundRobin::new();
//! tasks.spawn("squares", generator(|co| {
//!     let results = &results;
//!     async move {
//!         for n in NUMBERS.take(3) {
//!             results.borrow_mut().push(("squares", square(n)));
//!             co.yield_(()).await;
//!         }
//!     }
//! }));
//! tasks.spawn("primes", generator(|co| {
//!     let results = &results;
//!     async move {
//!         for n in NUMBERS.filter(|&n| is_prime(n)) {
//!             results.borrow_mut().push(("primes", n));
//!             co.yield_(()).await;
//!         }
//!     }
//! }));
//! tasks.run();
//! assert_eq!(*results.borrow(), [
//!     ("squares", 1), ("primes", 2),
//!     ("squares", 4), ("primes", 3),
//!     ("squares", 9), ("primes", 5),
//!     ("primes", 7),
//! ]);
//! ```

use std::collections::VecDeque;
use std::fmt;

/// Tasks that take turns, in the order in which they were spawned.
///
/// A task is anything that can be resumed and says when it has ended: an iterator of `()`. As an
/// iterator, the scheduler gives the name of the task that had each turn.
#[derive(Default)]
pub struct RoundRobin<'a> {
    ready: VecDeque<Task<'a>>,
}

struct Task<'a> {
    name: &'static str,
    body: Box<dyn Iterator<Item = ()> + 'a>,
}

/// A turn of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The name of the task.
    pub name: &'static str,
    /// Whether it was the last one: the task has ended.
    pub ended: bool,
}

impl<'a> RoundRobin<'a> {
    /// A scheduler without tasks.
    pub fn new() -> RoundRobin<'a> {
        RoundRobin::default()
    }

    /// Adds a task. Its first turn comes after those of all others.
    pub fn spawn(&mut self, name: &'static str, body: impl Iterator<Item = ()> + 'a) {
        let body = Box::new(body);
        self.ready.push_back(Task { name, body });
    }

    /// Runs all tasks to their ends.
    ///
    /// # Panics
    ///
    /// When a task does. That task is then removed, and another `run` goes on with the others.
    pub fn run(&mut self) {
        self.for_each(drop);
    }

    /// How many tasks have not ended.
    pub fn tasks(&self) -> usize {
        self.ready.len()
    }
}

impl Iterator for RoundRobin<'_> {
    type Item = Turn;

    /// Runs the next task for one turn; `None` when all have ended.
    fn next(&mut self) -> Option<Turn> {
        let mut task = self.ready.pop_front()?;
        let name = task.name;
        let ended = task.body.next().is_none();
        if !ended {
            self.ready.push_back(task);
        }
        Some(Turn { name, ended })
    }
}

impl fmt::Debug for RoundRobin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.ready.iter().map(|task| task.name);
        f.debug_list().entries(names).finish()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::rc::Rc;

    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];

    proptest! {
        #[test]
        fn those_who_have_not_ended_differ_by_one_turn_at_most(
            lengths in prop::collection::vec(0..20_usize, 1..=5),
        ) {
            let mut tasks = RoundRobin::new();
            for (&name, &length) in NAMES.iter().zip(&lengths) {
                tasks.spawn(name, std::iter::repeat_n((), length));
            }
            let mut turns = vec![0; lengths.len()];
            let mut ended = vec![false; lengths.len()];
            for turn in tasks {
                let who = NAMES.iter().position(|&name| name == turn.name).unwrap();
                turns[who] += 1;
                ended[who] = turn.ended;
                let living = || (0..lengths.len()).filter(|&who| !ended[who]).map(|who| turns[who]);
                let difference = living().max().unwrap_or(0) - living().min().unwrap_or(0);
                prop_assert!(difference <= 1, "{turns:?}");
            }
            // The turn in which a task ends counts too.
            prop_assert!(turns.iter().zip(&lengths).all(|(&turns, &length)| turns == length + 1));
        }
    }

    #[test]
    fn a_task_that_panics_costs_only_itself() {
        let mut tasks = RoundRobin::new();
        tasks.spawn("bad", std::iter::from_fn(|| panic!("expected")));
        tasks.spawn("good", std::iter::repeat_n((), 2));
        let run = std::panic::AssertUnwindSafe(|| tasks.run());
        assert!(std::panic::catch_unwind(run).is_err());
        assert_eq!(tasks.by_ref().count(), 3);
        assert_eq!(tasks.tasks(), 0);
    }

    #[test]
    fn a_scheduler_that_is_dropped_drops_its_tasks() {
        let held = Rc::new(());
        let mut tasks = RoundRobin::new();
        for _ in 0..100 {
            let held = Rc::clone(&held);
            tasks.spawn(
                "task",
                std::iter::repeat_with(move || drop(Rc::clone(&held))),
            );
        }
        assert_eq!(tasks.by_ref().take(150).count(), 150);
        drop(tasks);
        assert_eq!(Rc::strong_count(&held), 1);
    }
}
