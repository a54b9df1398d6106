//! Signals that have come, and who waits for some.

use std::task::Waker;

use event_loop::Signal;

/// Each kind is kept once, as the system does.
#[derive(Default)]
pub(crate) struct Signals {
    came: Vec<Signal>,
    waiting: Vec<Waker>,
}

impl Signals {
    pub(crate) fn take(&mut self, wanted: &[Signal]) -> Option<Signal> {
        let place = self.came.iter().position(|came| wanted.contains(came))?;
        Some(self.came.remove(place))
    }

    pub(crate) fn wait(&mut self, waker: &Waker) {
        if !self.waiting.iter().any(|other| other.will_wake(waker)) {
            self.waiting.push(waker.clone());
        }
    }

    /// Notes a signal, and returns those who wait for any.
    pub(super) fn came(&mut self, signal: Signal) -> Vec<Waker> {
        if !self.came.contains(&signal) {
            self.came.push(signal);
        }
        std::mem::take(&mut self.waiting)
    }
}
