//! The queue: a table in the store, with a cursor.
//!
//! Every URL gets the next number and a row in the store when it is found. The next few thousand rows that are
//! not done are in memory as well. If there are more, the rest stays in the store and is read when its turn
//! comes. So the queue's order is the order of the numbers, its length costs no memory, and at the end of a run
//! nothing has to be saved.

use std::collections::{HashSet, VecDeque};

use super::job::Job;
use crate::seen::Id;
use crate::store::UrlRow;

/// URLs of the queue in memory: about 2 MiB, and one query of the store for as many pages.
pub(super) const AT_HAND: usize = 8192;

/// See the module.
#[derive(Debug)]
pub(super) struct Queue {
    /// The head of the queue, in its order.
    ready: VecDeque<Job>,
    /// Jobs that go before it: targets of redirects, and jobs that waited for the rules of their host.
    ahead: VecDeque<Job>,
    /// The cursor: everything up to this number is done, in flight or in memory.
    cursor: Id,
    /// The last number that was given.
    last: Id,
    /// There may be rows after the cursor that are not in memory.
    spilled: bool,
    /// Rows after the cursor that are nevertheless in memory or in flight.
    beyond: HashSet<Id>,
    at_hand: usize,
}

impl Queue {
    /// An empty queue that keeps up to `at_hand` jobs in memory.
    pub(super) fn new(at_hand: usize) -> Queue {
        Queue {
            ready: VecDeque::new(),
            ahead: VecDeque::new(),
            cursor: 0,
            last: 0,
            spilled: false,
            beyond: HashSet::new(),
            at_hand,
        }
    }

    /// The queue of an earlier run. The jobs in `early` are taken out of order.
    pub(super) fn resumed(at_hand: usize, last: Id, early: impl IntoIterator<Item = Id>) -> Queue {
        Queue {
            last,
            spilled: true,
            beyond: early.into_iter().collect(),
            ..Queue::new(at_hand)
        }
    }

    /// Adds a new job at the end. Its row must be in the store before the next [`pop`](Self::pop).
    pub(super) fn push(&mut self, job: Job) {
        self.last = job.id;
        if !self.spilled && self.ready.len() < self.at_hand {
            self.cursor = job.id;
            self.ready.push_back(job);
        } else {
            self.spilled = true;
        }
    }

    /// Adds a new job before all others.
    pub(super) fn push_ahead(&mut self, job: Job) {
        self.pass(job.id);
        self.ahead.push_back(job);
    }

    /// Skips a number that is in no queue, or in another one.
    pub(super) fn pass(&mut self, id: Id) {
        self.last = id;
        if self.spilled {
            self.beyond.insert(id);
        } else {
            self.cursor = id;
        }
    }

    /// Puts back jobs that could not be started; in their order, before all others.
    pub(super) fn put_back(&mut self, jobs: Vec<Job>) {
        for job in jobs.into_iter().rev() {
            self.ahead.push_front(job);
        }
    }

    /// Puts back a job that can't be started yet; after jobs that are pushed ahead meanwhile.
    pub(super) fn postpone(&mut self, job: Job) {
        self.ready.push_front(job);
    }

    /// The next job. `read` gets a number and a count: it reads that many rows after that number that are not
    /// done, in order.
    pub(super) fn pop(&mut self, mut read: impl FnMut(Id, usize) -> Vec<UrlRow>) -> Option<Job> {
        if let Some(job) = self.ahead.pop_front() {
            return Some(job);
        }
        while self.ready.is_empty() && self.spilled {
            let rows = read(self.cursor, self.at_hand);
            self.refill(&rows);
        }
        self.ready.pop_front()
    }

    fn refill(&mut self, rows: &[UrlRow]) {
        for row in rows {
            self.cursor = row.id;
            if self.beyond.remove(&row.id) {
                continue;
            }
            self.ready.extend(Job::of_row(row));
        }
        if rows.len() < self.at_hand {
            // These were the last rows.
            self.spilled = false;
            self.cursor = self.last;
            self.beyond.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::Role;
    use super::*;
    use proptest::prelude::*;

    /// A store that knows what was found, and what is done.
    #[derive(Default)]
    struct Rows {
        all: Vec<UrlRow>,
        done: HashSet<Id>,
        most_read: usize,
    }

    impl Rows {
        fn find(&mut self, hops: u8) -> Job {
            let id = self.all.len() as Id + 1;
            self.all.push(UrlRow {
                id,
                url: format!("http://example.org/{id}"),
                depth: 0,
                hops,
                role: Role::Page as u8,
                skipped: None,
            });
            Job::of_row(&self.all[id as usize - 1]).unwrap()
        }

        fn read(&mut self, after: Id, most: usize) -> Vec<UrlRow> {
            let left = self.all.iter().filter(|row| row.id > after);
            let left = left.filter(|row| !self.done.contains(&row.id) && row.skipped.is_none());
            let rows: Vec<UrlRow> = left.take(most).cloned().collect();
            self.most_read = self.most_read.max(rows.len());
            rows
        }
    }

    #[test]
    fn more_than_memory_holds_comes_back_in_its_order() {
        let (mut rows, mut queue) = (Rows::default(), Queue::new(AT_HAND));
        let count = 3 * AT_HAND as Id + 7;
        for _ in 0..count {
            queue.push(rows.find(0));
            assert!(queue.ready.len() <= AT_HAND);
        }
        for expected in 1..=count {
            let job = queue.pop(|after, most| rows.read(after, most)).unwrap();
            assert_eq!(job.id, expected);
            rows.done.insert(job.id);
            assert!(queue.ready.len() <= AT_HAND);
        }
        assert!(queue.pop(|after, most| rows.read(after, most)).is_none());
        assert_eq!(rows.most_read, AT_HAND);
    }

    proptest! {
        /// Whatever is found, taken, finished and put back when: each job is taken once, those at the
        /// end in their order, and none is lost; nor when the run ends anywhere and another goes on.
        #[test]
        fn each_job_is_taken_once(steps in prop::collection::vec(0..7_u8, 0..300), at_hand in 1..5_usize) {
            let (mut rows, mut queue) = (Rows::default(), Queue::new(at_hand));
            let mut in_flight: VecDeque<Job> = VecDeque::new();
            let mut taken = HashSet::new();
            let mut last_in_order = 0;
            let mut take = |queue: &mut Queue, rows: &mut Rows, in_flight: &mut VecDeque<Job>| {
                let Some(job) = queue.pop(|after, most| rows.read(after, most)) else { return false };
                assert!(taken.insert(job.id), "{} twice", job.id);
                if job.hops == 0 {
                    assert!(job.id > last_in_order);
                    last_in_order = job.id;
                }
                in_flight.push_back(job);
                true
            };
            for step in steps {
                match step {
                    0 | 1 => queue.push(rows.find(0)),
                    2 => queue.push_ahead(rows.find(1)),
                    3 => {
                        let id = rows.find(0).id;
                        rows.all[id as usize - 1].skipped = Some(crate::store::Skip::Scope);
                        queue.pass(id);
                    }
                    4 | 5 => drop(take(&mut queue, &mut rows, &mut in_flight)),
                    _ => {
                        rows.done.extend(in_flight.pop_front().map(|job| job.id));
                    }
                }
            }
            // A run that was killed here would leave this.
            let mut left: HashSet<Id> = rows.read(0, usize::MAX).iter().map(|row| row.id).collect();
            let early: Vec<Id> = rows.all.iter().filter(|row| row.hops > 0).map(|row| row.id).collect();
            let mut resumed = Queue::resumed(at_hand, rows.all.len() as Id, early.iter().copied());
            left.retain(|id| !early.contains(id));
            let mut again = HashSet::new();
            while let Some(job) = resumed.pop(|after, most| rows.read(after, most)) {
                prop_assert!(again.insert(job.id));
            }
            prop_assert_eq!(again, left);

            while take(&mut queue, &mut rows, &mut in_flight) {}
            let skipped = rows.all.iter().filter(|row| row.skipped.is_some()).count();
            prop_assert_eq!(taken.len(), rows.all.len() - skipped);
        }
    }
}
