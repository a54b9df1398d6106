//! Signals as events: a handler writes into a socket that the loop watches.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::{Interest, Registry, Token};
use signal_hook::consts;
use signal_hook::low_level::{self, pipe};
use signal_hook::{SigId, flag};

use super::Event;

/// A Unix signal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(i32);

impl Signal {
    /// SIGINT: Ctrl-C.
    pub const INTERRUPT: Signal = Signal(consts::SIGINT);
    /// SIGTERM: please end.
    pub const TERMINATE: Signal = Signal(consts::SIGTERM);
    /// SIGHUP: the terminal is gone, or: read your configuration again.
    pub const HANG_UP: Signal = Signal(consts::SIGHUP);

    /// The signal of this number.
    pub const fn new(number: i32) -> Signal {
        Signal(number)
    }

    /// Its number.
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match low_level::signal_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

/// The signals a loop has asked for.
pub(crate) struct Signals {
    receiver: mio::net::UnixStream,
    sender: UnixStream,
    handled: Vec<Handled>,
}

struct Handled {
    signal: Signal,
    came: Arc<AtomicBool>,
    ids: [SigId; 2],
}

impl Signals {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Signals> {
        let (receiver, sender) = UnixStream::pair()?;
        // A handler must not block either: a full socket wakes the loop just as well.
        sender.set_nonblocking(true)?;
        receiver.set_nonblocking(true)?;
        let mut receiver = mio::net::UnixStream::from_std(receiver);
        registry.register(&mut receiver, token, Interest::READABLE)?;
        Ok(Signals {
            receiver,
            sender,
            handled: Vec::new(),
        })
    }

    pub(crate) fn add(&mut self, signal: Signal) -> io::Result<()> {
        if self.handled.iter().any(|handled| handled.signal == signal) {
            return Ok(());
        }
        let sender = OwnedFd::from(self.sender.try_clone()?);
        let came = Arc::default();
        // In this order: who finds something in the socket must find the flag up.
        let up = flag::register(signal.0, Arc::clone(&came))?;
        let ring = match pipe::register(signal.0, sender) {
            Ok(ring) => ring,
            Err(error) => {
                low_level::unregister(up);
                return Err(error);
            }
        };
        self.handled.push(Handled {
            signal,
            came,
            ids: [up, ring],
        });
        Ok(())
    }

    pub(crate) fn collect(&mut self, events: &mut Vec<Event>) {
        // Until it would block: the next signal is to be an edge again.
        while matches!(self.receiver.read(&mut [0; 64]), Ok(n) if n > 0) {}
        for handled in &self.handled {
            if handled.came.swap(false, Ordering::AcqRel) {
                events.push(Event::Signal(handled.signal));
            }
        }
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for id in self.handled.iter().flat_map(|handled| handled.ids) {
            low_level::unregister(id);
        }
    }
}
