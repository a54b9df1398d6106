//! Counts the green threads that wait for something outside. While there are any, there is no
//! deadlock.

use std::cell::Cell;

/// The number of green threads that wait.
#[derive(Default)]
pub(crate) struct Waiting(Cell<usize>);

impl Waiting {
    pub(crate) fn count(&self) -> usize {
        self.0.get()
    }

    /// Counts one more green thread, until the result is dropped.
    pub(crate) fn count_in(&self) -> impl Drop + '_ {
        struct Counted<'a>(&'a Cell<usize>);
        impl Drop for Counted<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.0.set(self.0.get() + 1);
        Counted(&self.0)
    }
}
