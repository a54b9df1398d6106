//! Stopping the reactor: at once, or in good order.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::connect::AllWaiting;
use crate::inner::{Entry, Inner};
use crate::{DelayedCall, Reactor};

/// Whether the reactor is running or stopping.
#[derive(Default)]
pub(crate) struct Shutdown {
    stop: Cell<bool>,
    running: Cell<bool>,
    /// The call that cuts open connections when the grace is over. It is set while shutting down.
    grace: RefCell<Option<DelayedCall>>,
    /// Connections to Unix sockets that wait for room.
    pub(crate) waiting: RefCell<AllWaiting>,
}

impl Shutdown {
    /// Takes the request to stop.
    pub(crate) fn take_stop(&self) -> bool {
        self.stop.take()
    }

    /// Marks the reactor as running until the guard is dropped; `None` if it runs already.
    pub(crate) fn begin_running(&self) -> Option<Running<'_>> {
        // The guard is made only if the reactor did not run: dropping it marks the reactor as
        // stopped.
        (!self.running.replace(true)).then(|| Running(&self.running))
    }

    pub(crate) fn closed_one(&self, inner: &Inner) {
        if inner.connections.get() > 0 {
            return;
        }
        let grace = self.grace.take();
        if let Some(grace) = grace {
            grace.cancel();
            self.stop.set(true);
        }
    }
}

pub(crate) struct Running<'a>(&'a Cell<bool>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Reactor {
    /// Makes [`run`](Reactor::run) return after this turn. If the reactor does not run, the next
    /// `run` returns at once.
    pub fn stop(&self) {
        self.inner.shutdown.stop.set(true);
    }

    /// Stops in good order: stops listening, closes each connection when everything is sent, cuts
    /// the others after `grace`, and stops. If it is called again before that, the new grace
    /// counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use reactor::{echo::Echo, testing};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (reactor, _clock) = testing::reactor()?;
    /// let peer = testing::connect(&reactor, Echo);
    /// reactor.shut_down(Duration::from_secs(1));
    /// reactor.run()?;
    /// assert_eq!(peer.lost().unwrap(), "closed");
    /// # Ok(()) }
    /// ```
    pub fn shut_down(&self, grace: Duration) {
        let inner = &self.inner;
        for entry in inner.all() {
            match entry {
                Entry::Listener(listener) => listener.close(),
                Entry::Connection(transport) => transport.close(),
                Entry::Connecting(connecting) => connecting.cancel(),
                Entry::Udp(udp) => udp.close(),
            }
        }
        let waiting = inner.shutdown.waiting.borrow().all();
        for waiting in waiting {
            waiting.cancel();
        }
        let cut = self.call_later(grace, |reactor| {
            for entry in reactor.inner.all() {
                if let Entry::Connection(transport) = entry {
                    // A callback may have run for the whole grace: send what can be sent.
                    transport.0.settle(&transport);
                    transport.abort();
                }
            }
        });
        let old = inner.shutdown.grace.replace(Some(cut));
        if let Some(old) = old {
            old.cancel();
        }
        inner.shutdown.closed_one(inner);
    }
}
