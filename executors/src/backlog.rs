//! The queue of jobs that have not started.

use std::collections::VecDeque;

/// An entry of a [`Backlog`].
pub(crate) trait Pending {
    /// False after it was cancelled. A cancelled entry stays in the queue for a while.
    fn is_pending(&self) -> bool;
}

/// A first-in, first-out queue with a limit.
///
/// A cancelled job leaves its entry in the queue, because finding it would need a search. Such an
/// entry does not count towards the limit. When they are half of the queue, all of them are
/// removed. So a cancel takes constant time, and the memory is at most doubled.
pub(crate) struct Backlog<E> {
    entries: VecDeque<E>,
    /// The number of entries that are known to be cancelled. It is negative for a moment if a
    /// worker finds a cancelled entry before the cancelling thread has reported it.
    cancelled: isize,
    limit: usize,
}

impl<E: Pending> Backlog<E> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            cancelled: 0,
            limit,
        }
    }

    /// The number of waiting jobs.
    pub(crate) fn len(&self) -> usize {
        self.entries
            .len()
            .saturating_sub(self.cancelled.max(0) as usize)
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.limit
    }

    pub(crate) fn push(&mut self, entry: E) {
        self.entries.push_back(entry);
    }

    /// Puts a job back at the front, where it was.
    #[cfg(feature = "processes")]
    pub(crate) fn push_front(&mut self, entry: E) {
        self.entries.push_front(entry);
    }

    /// The first entry that `start` accepts. Cancelled entries before it are dropped.
    pub(crate) fn pop<S>(&mut self, mut start: impl FnMut(&E) -> Option<S>) -> Option<(E, S)> {
        while let Some(entry) = self.entries.pop_front() {
            if let Some(started) = start(&entry) {
                return Some((entry, started));
            }
            self.cancelled -= 1;
        }
        None
    }

    /// Notes that one entry was cancelled.
    pub(crate) fn note_cancelled(&mut self) {
        self.cancelled += 1;
        if self.cancelled.max(0) as usize > self.entries.len() / 2 {
            let before = self.entries.len();
            self.entries.retain(Pending::is_pending);
            self.cancelled -= (before - self.entries.len()) as isize;
        }
    }

    /// Removes all entries. The caller cancels or fails them.
    pub(crate) fn drain(&mut self) -> VecDeque<E> {
        self.cancelled = 0;
        std::mem::take(&mut self.entries)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;

    impl Pending for Rc<Cell<bool>> {
        fn is_pending(&self) -> bool {
            self.get()
        }
    }

    fn cancel(backlog: &mut Backlog<Rc<Cell<bool>>>, entry: &Rc<Cell<bool>>) {
        entry.set(false);
        backlog.note_cancelled();
    }

    #[test]
    fn cancelled_entries_free_their_place_and_are_swept() {
        let mut backlog = Backlog::new(4);
        let entries: Vec<_> = (0..4).map(|_| Rc::new(Cell::new(true))).collect();
        entries.iter().for_each(|e| backlog.push(Rc::clone(e)));
        assert!(backlog.is_full());
        cancel(&mut backlog, &entries[0]);
        assert_eq!((backlog.len(), backlog.entries.len()), (3, 4));
        cancel(&mut backlog, &entries[1]);
        cancel(&mut backlog, &entries[2]);
        assert_eq!((backlog.len(), backlog.entries.len()), (1, 1));
        assert!(Rc::ptr_eq(&backlog.entries[0], &entries[3]));
    }

    #[test]
    fn submitting_and_cancelling_for_ever_takes_no_memory() {
        let mut backlog = Backlog::new(10);
        for _ in 0..10_000 {
            let entry = Rc::new(Cell::new(true));
            backlog.push(Rc::clone(&entry));
            cancel(&mut backlog, &entry);
            assert!(backlog.entries.len() <= 2);
        }
        assert_eq!(backlog.len(), 0);
    }

    #[test]
    fn a_cancelled_entry_met_before_it_is_reported_is_counted_once() {
        let mut backlog = Backlog::new(10);
        let entries: Vec<_> = (0..5).map(|_| Rc::new(Cell::new(true))).collect();
        entries.iter().for_each(|e| backlog.push(Rc::clone(e)));
        entries[0].set(false);
        let (entry, ()) = backlog.pop(|e| e.get().then_some(())).unwrap();
        assert!(Rc::ptr_eq(&entry, &entries[1]));
        backlog.note_cancelled();
        assert_eq!((backlog.len(), backlog.cancelled), (3, 0));
    }
}
