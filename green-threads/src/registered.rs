//! Anything that the event loop watches. An operation is tried first, and waits only if it would
//! block.

use std::io;
use std::ops::Deref;
use std::time::{Duration, Instant};
use std::{cell::Cell, rc::Rc};

use event_loop::Token;
use event_loop::{Interest, Source as Watched};

use crate::hub::{self, Hub, Source};
use crate::wait_queue::Wait;

/// Which readiness an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// A registered socket, or something like it. Dropping it deregisters it.
pub(crate) struct Registered<S: Watched> {
    socket: S,
    token: Token,
    source: Rc<Source>,
    /// How long reading and writing may wait.
    pub(crate) read_timeout: Cell<Option<Duration>>,
    pub(crate) write_timeout: Cell<Option<Duration>>,
}

impl<S: Watched> Registered<S> {
    pub(crate) fn new(mut socket: S) -> io::Result<Registered<S>> {
        let both = Interest::READABLE | Interest::WRITABLE;
        let (token, source) = hub::fallible(|hub| hub.driver.register(&mut socket, both))?;
        Ok(Registered {
            socket,
            token,
            source,
            read_timeout: Cell::new(None),
            write_timeout: Cell::new(None),
        })
    }

    fn timeout(&self, direction: Direction) -> Option<Duration> {
        match direction {
            Direction::Read => self.read_timeout.get(),
            Direction::Write => self.write_timeout.get(),
        }
    }

    /// Tries until the call does not block. Waits between the tries.
    pub(crate) fn retry<T>(
        &self,
        direction: Direction,
        what: &'static str,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        hub::with(|hub| {
            hub.spend();
            let mut deadline = None;
            let ready = match direction {
                Direction::Read => &self.source.readable,
                Direction::Write => &self.source.writable,
            };
            loop {
                if ready.get() {
                    match attempt(&self.socket) {
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                            ready.set(false);
                        }
                        // A signal that no green thread waits for: call again.
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                        result => return result,
                    }
                }
                let timeout = self.timeout(direction);
                if deadline.is_none() {
                    deadline = timeout.map(|timeout| hub.driver.after(timeout));
                }
                self.wait(hub, direction, what, deadline)?;
            }
        })
    }

    /// Notes that a call returned less than asked for. The next try would block, so it waits for an
    /// event first.
    pub(crate) fn drained(&self, direction: Direction) {
        match direction {
            // The end of the stream is an event of its own, unless it was reported already.
            Direction::Read => {
                if !self.source.read_closed.get() {
                    self.source.readable.set(false);
                }
            }
            Direction::Write => self.source.writable.set(false),
        }
    }

    /// Waits until a try may succeed.
    pub(crate) fn wait(
        &self,
        hub: &Hub,
        direction: Direction,
        what: &'static str,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let queue = match direction {
            Direction::Read => &self.source.readers,
            Direction::Write => &self.source.writers,
        };
        match hub
            .driver
            .wait_for_source(queue, Wait::new(what).until(deadline))
        {
            true => Ok(()),
            // The same error as the standard library's on Unix.
            false => Err(io::Error::new(
                io::ErrorKind::WouldBlock,
                format!("{what} took longer than its time-out"),
            )),
        }
    }
}

impl<S: Watched> Deref for Registered<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.socket
    }
}

impl<S: Watched> Drop for Registered<S> {
    fn drop(&mut self) {
        // Without a hub there is no event loop that knows it.
        hub::try_with(|hub| hub.driver.deregister(&mut self.socket, self.token));
    }
}
