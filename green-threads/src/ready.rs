//! The ready queue: a list that is linked through the tasks themselves. So a yield allocates
//! nothing and counts no references.

#![allow(
    unsafe_code,
    reason = "the queue is linked through raw pointers to tasks, which the hub keeps alive"
)]

use std::cell::Cell;
use std::ptr::NonNull;

use crate::task::Task;

/// A first-in, first-out queue.
#[derive(Default)]
pub(crate) struct ReadyQueue {
    head: Cell<Option<NonNull<Task>>>,
    tail: Cell<Option<NonNull<Task>>>,
}

impl ReadyQueue {
    /// Appends a task.
    ///
    /// # Safety
    ///
    /// The task is in no queue, and lives until it is popped.
    #[inline]
    pub(crate) unsafe fn push(&self, task: NonNull<Task>) {
        match self.tail.replace(Some(task)) {
            // SAFETY: tasks in the queue are alive, as promised when they were pushed.
            Some(last) => unsafe { last.as_ref() }.next.set(Some(task)),
            None => self.head.set(Some(task)),
        }
    }

    /// Removes the first task.
    #[inline]
    pub(crate) fn pop(&self) -> Option<NonNull<Task>> {
        let first = self.head.get()?;
        // SAFETY: as in `push`.
        let next = unsafe { first.as_ref() }.next.take();
        self.head.set(next);
        if next.is_none() {
            self.tail.set(None);
        }
        Some(first)
    }

    /// The first task.
    #[inline]
    pub(crate) fn first(&self) -> Option<NonNull<Task>> {
        self.head.get()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.get().is_none()
    }
}
