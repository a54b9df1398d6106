//! Cancelling: it goes up the chain to the deferred that the chain waits for.

use std::rc::{Rc, Weak};

use super::Core;
use crate::Error;

/// Whether `last` waits for `target`, directly or through others.
pub(super) fn leads_to(mut last: Rc<dyn Cancel>, target: &Rc<dyn Cancel>) -> bool {
    loop {
        if Rc::ptr_eq(&last, target) {
            return true;
        }
        match last.waits_for() {
            Some(next) => last = next,
            None => return false,
        }
    }
}

pub(super) trait Cancel {
    /// The deferred that it waits for.
    fn waits_for(&self) -> Option<Rc<dyn Cancel>>;
    /// Marks it as cancelled. Returns the deferred that it waits for.
    fn note(&self) -> Option<Rc<dyn Cancel>>;
    fn cancel_here(self: Rc<Self>);
}

impl<T> Cancel for Core<T> {
    fn note(&self) -> Option<Rc<dyn Cancel>> {
        self.cancelled.set(true);
        self.waits_for()
    }

    fn waits_for(&self) -> Option<Rc<dyn Cancel>> {
        let next = self.waits_for.take();
        let upgraded = next.as_ref().and_then(Weak::upgrade);
        self.waits_for.set(next);
        upgraded
    }

    fn cancel_here(self: Rc<Self>) {
        if self.fired.get() {
            return;
        }
        if let Some(canceller) = self.canceller.take() {
            canceller();
        }
        if !self.fired.get() {
            self.excused.set(true);
            self.settle(Err(Error::Cancelled));
        }
    }
}
