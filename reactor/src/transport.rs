//! The transport: a connection as its protocol sees it. It writes, pauses and closes.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::connection::Connection;
use crate::{Peer, Reactor, Reason};

/// High water by default: with this many bytes waiting to be sent, the protocol is asked to pause.
pub const DEFAULT_HIGH_WATER: usize = 64 * 1024;
/// Low water by default: with at most this many bytes waiting, it may go on.
pub const DEFAULT_LOW_WATER: usize = 16 * 1024;
/// A protocol that was asked to pause may add this many times high water: it may send what it has just
/// read, and its last messages. One that ignores the request would fill the memory, so its connection is
/// cut: by default at 1 MiB.
pub(crate) const OVERFLOW_FACTOR: usize = 16;
/// How long a half-open connection, whose other end has closed its half, may stay without a byte,
/// unless it has an idle time-out.
pub const HALF_OPEN_TIMEOUT: Duration = Duration::from_secs(300);
/// How long the other end may read nothing while bytes wait to be sent, by default.
pub const DEFAULT_STALL_TIMEOUT: Duration = Duration::from_secs(300);

/// A connection. Clones are the same connection. After its end, writing to it does nothing.
///
/// No method calls a protocol: the effects come when the protocol that runs now has returned. What
/// it has written by then is sent with one system call.
#[derive(Clone)]
pub struct Transport(pub(crate) Rc<Connection>);

impl Transport {
    /// Sends `data`, now or as soon as the other end accepts it.
    ///
    /// It returns no error: [`connection_lost`](crate::Protocol::connection_lost) reports it. One
    /// callback may write any amount. A protocol that was asked to
    /// [pause](crate::Protocol::pause_producing) and adds more than 16 times high water in later
    /// turns is cut, with [`Reason::Overflow`]. So pause, or use
    /// [`try_write`](Transport::try_write).
    pub fn write(&self, data: &[u8]) {
        self.0.write(self, data);
    }

    /// Sends all of `data` and returns true. If high water is reached already, it sends nothing and
    /// returns false.
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

    /// Whether high water is reached.
    pub fn is_full(&self) -> bool {
        self.buffered() >= self.0.writing.high()
    }

    /// Sets low water and high water, in bytes that wait to be sent. The defaults are [16
    /// KiB](DEFAULT_LOW_WATER) and [64 KiB](DEFAULT_HIGH_WATER). A protocol that was told to pause may add
    /// 16 times high water (at most 4 GiB). If it adds more, its connection is cut.
    pub fn set_write_limits(&self, low: usize, high: usize) {
        self.0.writing.set_limits(low, high);
        self.enqueue();
    }

    /// Stops reading until [`resume_producing`](Transport::resume_producing). The system then holds
    /// the other end back.
    pub fn pause_producing(&self) {
        self.0.reading.pause();
    }

    /// Reads on.
    pub fn resume_producing(&self) {
        if self.0.reading.resume() {
            self.enqueue();
        }
    }

    /// Whether reading is paused.
    pub fn is_paused(&self) -> bool {
        self.0.reading.is_paused()
    }

    /// Closes it when everything that was written is sent. Nothing more is read or written.
    pub fn close(&self) {
        self.close_because(Reason::Closed);
    }

    /// As [`close`](Transport::close), with another reason for `connection_lost`.
    pub fn close_because(&self, reason: Reason) {
        self.0.close(reason);
        self.enqueue();
    }

    /// Closes the sending half when everything that was written is sent. Reading goes on. The
    /// connection ends when the other end has closed its half too.
    pub fn close_write(&self) {
        self.0.writing.end();
        self.enqueue();
    }

    /// Cuts it at once. What was not sent yet is dropped. The other end of a TCP connection gets a
    /// reset, which never looks like a complete stream.
    pub fn abort(&self) {
        self.0.cut(Reason::Aborted);
        self.enqueue();
    }

    /// Whether it is open, and not about to close.
    pub fn is_open(&self) -> bool {
        !self.0.is_ending()
    }

    /// Whether the other end has closed its sending half.
    pub fn has_ended(&self) -> bool {
        self.0.reading.has_ended()
    }

    /// Sets the idle time-out: the connection is cut when nothing was received or sent for this
    /// long. `None`, the default: never.
    pub fn set_idle_timeout(&self, limit: Option<Duration>) {
        self.0.set_idle_timeout(self, limit);
    }

    /// Sets the stall time-out: the connection is cut when bytes wait and none of them could be
    /// sent for this long. The default is [five minutes](DEFAULT_STALL_TIMEOUT); `None`: never.
    pub fn set_stall_timeout(&self, limit: Option<Duration>) {
        self.0.set_stall_timeout(self, limit);
    }

    /// The address of the other end.
    pub fn peer(&self) -> Peer {
        self.0.peer
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// When it has ended, or is not a TCP connection.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.stream.borrow().local_addr()
    }

    /// Sets TCP keep-alive: when nothing came for this long, the system asks the other end whether
    /// it is still there. So a machine that is gone is noticed. `None`: never.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        self.0.stream.borrow().set_keepalive(after)
    }

    /// Sends small writes at once, even while earlier ones are not acknowledged (TCP only).
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.stream.borrow().set_nodelay(on)
    }

    /// Whether [`set_nodelay`](Transport::set_nodelay) is on; never without TCP.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.stream.borrow().nodelay()
    }

    /// Its reactor; `None` if that was dropped.
    pub fn reactor(&self) -> Option<Reactor> {
        self.0.reactor.upgrade().map(Reactor::of)
    }

    pub(crate) fn enqueue(&self) {
        self.0.enqueue(self);
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
