//! The jobs that have not started, in order.

use std::collections::VecDeque;

/// Something that waits in a [`Backlog`].
pub(crate) trait Pending {
    /// False once it has been cancelled: it stays in its place until somebody comes by.
    fn is_pending(&self) -> bool;
}

/// A first-in, first-out list with a limit.
///
/// A cancelled job leaves its entry behind, since finding it would mean searching the list. The
/// entry counts towards the limit no more, and when half the list is such entries they are swept
/// out together: constant time per cancel, and never more than twice the memory.
pub(crate) struct Backlog<E> {
    entries: VecDeque<E>,
    /// Entries known to be cancelled. Briefly negative when a worker meets a cancelled entry
    /// before the one who cancelled it has reported it.
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

    /// Jobs that wait.
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

    /// Puts a job back in front: it was next.
    #[cfg(feature = "processes")]
    pub(crate) fn push_front(&mut self, entry: E) {
        self.entries.push_front(entry);
    }

    /// The first entry that `start` accepts; the cancelled ones before it are dropped.
    pub(crate) fn pop<S>(&mut self, mut start: impl FnMut(&E) -> Option<S>) -> Option<(E, S)> {
        while let Some(entry) = self.entries.pop_front() {
            if let Some(started) = start(&entry) {
                return Some((entry, started));
            }
            self.cancelled -= 1;
        }
        None
    }

    /// One entry has been cancelled.
    pub(crate) fn note_cancelled(&mut self) {
        self.cancelled += 1;
        if self.cancelled.max(0) as usize > self.entries.len() / 2 {
            let before = self.entries.len();
            self.entries.retain(Pending::is_pending);
            self.cancelled -= (before - self.entries.len()) as isize;
        }
    }

    /// Everything, to be cancelled or failed by the caller.
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
