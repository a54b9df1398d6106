//! The connection, as its protocol sees it: what to write, when to pause, how to end.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::connection::Connection;
use crate::{Peer, Reactor, Reason};

/// Bytes waiting to be sent at which a protocol is asked to pause, unless said otherwise.
pub const DEFAULT_HIGH_WATER: usize = 64 * 1024;
/// Bytes waiting to be sent at which it may go on, unless said otherwise.
pub const DEFAULT_LOW_WATER: usize = 16 * 1024;
/// A protocol that was told to pause, and then adds more than the high-water mark times this, is cut off.
pub(crate) const OVERFLOW_FACTOR: usize = 16;
/// How long a connection whose other end has ended may stay half open without a byte, unless an idle
/// time-out of its own is set.
pub const HALF_OPEN_TIMEOUT: Duration = Duration::from_secs(300);
/// How long the other end may read nothing while something waits for it, unless said otherwise.
pub const DEFAULT_STALL_TIMEOUT: Duration = Duration::from_secs(300);

/// A connection. Clones are the same; one that is over swallows what is written to it.
///
/// Nothing here calls a protocol back: what follows from it happens when the protocol that runs
/// at the moment has returned. What it wrote by then is sent at once, with one system call.
#[derive(Clone)]
pub struct Transport(pub(crate) Rc<Connection>);

impl Transport {
    /// Sends `data`, now or as soon as the other end takes it.
    ///
    /// There is no error: [`connection_lost`](crate::Protocol::connection_lost) tells. One callback
    /// may write anything. A protocol that was told to
    /// [pause](crate::Protocol::pause_producing) and adds more than 16 times the high-water mark in later
    /// turns is cut off, with [`Reason::Overflow`]; so heed it, or use
    /// [`try_write`](Transport::try_write).
    pub fn write(&self, data: &[u8]) {
        self.0.write(self, data);
    }

    /// Sends all of `data`, unless the high-water mark is reached already: then nothing of it,
    /// and false.
    pub fn try_write(&self, data: &[u8]) -> bool {
        if self.is_full() {
            self.0.flush(self);
        }
        let room = !self.is_full();
        if room {
            self.write(data);
        }
        room
    }

    /// How many bytes wait to be sent.
    pub fn buffered(&self) -> usize {
        self.0.writing.len()
    }

    /// Whether the high-water mark is reached.
    pub fn is_full(&self) -> bool {
        self.buffered() >= self.0.writing.high()
    }

    /// Sets the low-water and high-water marks, in bytes, of the output that waits to be sent:
    /// [16 KiB](DEFAULT_LOW_WATER) and [64 KiB](DEFAULT_HIGH_WATER) unless said otherwise.
    pub fn set_write_limits(&self, low: usize, high: usize) {
        self.0.writing.set_limits(low, high);
        self.line_up();
    }

    /// Reads no more until [`resume_producing`](Transport::resume_producing): what the other end
    /// sends then waits there.
    pub fn pause_producing(&self) {
        self.0.reading.pause();
    }

    /// Reads on.
    pub fn resume_producing(&self) {
        if self.0.reading.resume() {
            self.line_up();
        }
    }

    /// Whether reading is paused.
    pub fn is_paused(&self) -> bool {
        self.0.reading.is_paused()
    }

    /// Closes it when all that was written has been sent; nothing more is read or written.
    pub fn close(&self) {
        self.close_because(Reason::Closed);
    }

    /// [`close`](Transport::close), with a reason of its own for `connection_lost`.
    pub fn close_because(&self, reason: Reason) {
        self.0.close(reason);
        self.line_up();
    }

    /// Tells the other end, when all that was written has been sent, that there is no more;
    /// reading goes on. The connection is over when the other end has ended too.
    pub fn close_write(&self) {
        self.0.writing.end();
        self.line_up();
    }

    /// Cuts it off at once; what was not sent yet is thrown away. The other end of a TCP connection
    /// sees a reset, never a clean end that looks complete.
    pub fn abort(&self) {
        self.0.cut(Reason::Aborted);
        self.line_up();
    }

    /// Whether it is open, and not about to close.
    pub fn is_open(&self) -> bool {
        !self.0.is_ending()
    }

    /// Whether the other end has said that it will send no more.
    pub fn has_ended(&self) -> bool {
        self.0.reading.has_ended()
    }

    /// Cuts the connection off when nothing was received or sent for so long; `None`, as it is at
    /// first: never.
    pub fn set_idle_timeout(&self, limit: Option<Duration>) {
        self.0.set_idle_timeout(self, limit);
    }

    /// Cuts the connection off when something waits to be sent and nothing of it could be for so
    /// long; [five minutes](DEFAULT_STALL_TIMEOUT) at first. `None`: never.
    pub fn set_stall_timeout(&self, limit: Option<Duration>) {
        self.0.set_stall_timeout(self, limit);
    }

    /// The address of the other end.
    pub fn peer(&self) -> Peer {
        self.0.peer
    }

    /// Where it is at this end.
    ///
    /// # Errors
    ///
    /// When it is over, or no TCP connection.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.stream.borrow().local_addr()
    }

    /// Has the system ask the other end whether it is still there when nothing came for so long (TCP
    /// only): a machine that is gone is noticed. `None`: never.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        self.0.stream.borrow().set_keepalive(after)
    }

    /// Sends small writes at once even while earlier ones are not acknowledged (TCP only).
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.stream.borrow().set_nodelay(on)
    }

    /// Its reactor; `None` when that is gone.
    pub fn reactor(&self) -> Option<Reactor> {
        self.0.reactor.upgrade().map(Reactor::of)
    }

    pub(crate) fn line_up(&self) {
        self.0.line_up(self);
    }
}

impl PartialEq for Transport {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Transport {}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Transport({}, {} buffered)",
            self.peer(),
            self.buffered()
        )
    }
}
