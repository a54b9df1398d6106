//! What the event loop watches: try, and wait only when it would block.

use std::io;
use std::ops::Deref;
use std::time::{Duration, Instant};
use std::{cell::Cell, rc::Rc};

use event_loop::Token;
use event_loop::{Interest, Source as Watched};

use crate::hub::{self, Hub, Source};
use crate::wait_queue::Wait;

/// What it is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// A socket, or something like it, that is registered; deregistered when it is dropped.
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

    /// Tries until it does not block, waiting between the tries.
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
                        // No green thread asked for the signal; the system call goes on.
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

    /// Less than asked for was there: the next try would block, so it is not made before an event
    /// tells of more.
    pub(crate) fn drained(&self, direction: Direction) {
        match direction {
            // The end of the stream is an event of its own, but not if it was told already.
            Direction::Read => {
                if !self.source.read_closed.get() {
                    self.source.readable.set(false);
                }
            }
            Direction::Write => self.source.writable.set(false),
        }
    }

    /// Waits until trying makes sense.
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
            // As the standard library has it on Unix.
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
        // Without a hub there is no event loop that could know it.
        hub::try_with(|hub| hub.driver.deregister(&mut self.socket, self.token));
    }
}
