//! Calls that are made when a signal comes.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::{Rc, Weak};

use event_loop::Signal;

use crate::Reactor;
use crate::inner::Inner;

type Call = dyn Fn(&Reactor, Signal);

#[derive(Default)]
pub(crate) struct SignalCalls {
    calls: RefCell<Vec<(Signal, Rc<Call>)>>,
}

impl SignalCalls {
    pub(crate) fn came(&self, reactor: &Reactor, signal: Signal) {
        let calls: Vec<_> = self.calls.borrow().clone();
        for (_, call) in calls.iter().filter(|(wanted, _)| *wanted == signal) {
            reactor.guard("a signal's call", || call(reactor, signal));
        }
    }
}

/// A call that is made when a signal comes: see [`Reactor::on_signal`]. Dropping this handle does
/// not remove the call.
#[derive(Clone)]
pub struct SignalHandler {
    reactor: Weak<Inner>,
    signal: Signal,
    call: Weak<Call>,
}

impl SignalHandler {
    /// Removes the call. Returns false if it was removed before. When no handler of this process is
    /// left for the signal, it has its default effect again.
    pub fn remove(&self) -> bool {
        let (Some(inner), Some(call)) = (self.reactor.upgrade(), self.call.upgrade()) else {
            return false;
        };
        let mut calls = inner.signals.calls.borrow_mut();
        let Some(place) = calls.iter().position(|(_, other)| Rc::ptr_eq(other, &call)) else {
            return false;
        };
        let removed = calls.remove(place);
        if calls.iter().all(|(signal, _)| *signal != self.signal) {
            inner.event_loop().release_signals(&[self.signal]);
        }
        drop(calls);
        drop(removed);
        true
    }
}

impl fmt::Debug for SignalHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignalHandler({:?})", self.signal)
    }
}

impl Reactor {
    /// Calls `call` when `signal` comes. The signal's default effect does not take place.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    ///
    /// # Panics
    ///
    /// On signals that cannot be handled, such as SIGKILL.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::{Reactor, event_loop::Signal};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Reactor::new()?;
    /// let handler = reactor.on_signal(Signal::HANG_UP, |_, _| println!("reading the files again"))?;
    /// assert!(handler.remove());
    /// # Ok(()) }
    /// ```
    pub fn on_signal(
        &self,
        signal: Signal,
        call: impl Fn(&Reactor, Signal) + 'static,
    ) -> io::Result<SignalHandler> {
        let inner = &self.inner;
        inner.event_loop().handle_signals(&[signal])?;
        let call: Rc<Call> = Rc::new(call);
        let handler = SignalHandler {
            reactor: Rc::downgrade(inner),
            signal,
            call: Rc::downgrade(&call),
        };
        inner.signals.calls.borrow_mut().push((signal, call));
        Ok(handler)
    }
}
