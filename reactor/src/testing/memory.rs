//! A connection without a socket.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::rc::Rc;

use crate::connection::Connection;
use crate::stream::Stream;
use crate::{Peer, Protocol, Reactor, Reason, Transport};

/// The other end of a connection in memory. Each method takes effect before it returns.
///
/// See [`connect`].
pub struct Memory {
    reactor: Reactor,
    transport: Transport,
    pipe: Rc<RefCell<Pipe>>,
}

/// Connects `protocol` to a test, without a socket.
///
/// # Examples
///
/// ```
/// use reactor::{LineHandler, LineReceiver, Transport, testing};
///
/// struct Greet;
///
/// impl LineHandler for Greet {
///     fn line_received(&mut self, transport: &Transport, line: &[u8]) {
///         transport.write(&[b"hello, ", line, b"\n"].concat());
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let (reactor, _clock) = testing::reactor()?;
/// let peer = testing::connect(&reactor, LineReceiver::new(Greet));
/// peer.send(b"wor");
/// assert_eq!(peer.received(), b"");
/// peer.send(b"ld\n");
/// assert_eq!(peer.received(), b"hello, world\n");
/// peer.end();
/// assert_eq!(peer.lost().unwrap(), "closed by the other end");
/// # Ok(()) }
/// ```
pub fn connect(reactor: &Reactor, protocol: impl Protocol + 'static) -> Memory {
    open(reactor, |stream| stream, Box::new(protocol))
}

/// As [`connect`], with TLS: the bytes sent and received are those on the wire.
///
/// # Examples
///
/// ```
/// use reactor::{echo::Echo, testing, tls};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
/// # let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
/// let server = tls::Server::from_pem(certificate.as_bytes(), key.as_bytes())?;
/// let (reactor, clock) = testing::reactor()?;
/// let peer = testing::connect_tls(&reactor, server.session()?, Echo);
/// clock.advance(tls::HANDSHAKE_TIMEOUT);
/// reactor.run_pending()?;
/// assert_eq!(peer.lost().unwrap(), "the TLS handshake took over 10s");
/// # Ok(()) }
/// ```
#[cfg(feature = "tls")]
pub fn connect_tls(
    reactor: &Reactor,
    session: crate::tls::Session,
    protocol: impl Protocol + 'static,
) -> Memory {
    open(reactor, |stream| session.over(stream), Box::new(protocol))
}

fn open(
    reactor: &Reactor,
    over: impl FnOnce(Stream) -> Stream,
    protocol: Box<dyn Protocol>,
) -> Memory {
    let pipe = Rc::new(RefCell::new(Pipe::default()));
    let stream = over(Stream::Memory(Rc::clone(&pipe)));
    let transport = Connection::open(&reactor.inner, stream, Peer::Memory, protocol, None);
    if let Err(error) = reactor.inner.watch_connection(&transport) {
        transport.0.cut(error.into());
    }
    // A panic was logged, and the connection is cut.
    let _ = transport.0.made(&transport);
    let memory = Memory {
        reactor: reactor.clone(),
        transport,
        pipe,
    };
    memory.run();
    memory
}

impl Memory {
    /// Sends bytes to the protocol.
    pub fn send(&self, bytes: &[u8]) {
        self.pipe.borrow_mut().incoming.extend(bytes);
        self.told();
    }

    /// Closes the sending half of this end.
    pub fn end(&self) {
        self.pipe.borrow_mut().incoming_ended = true;
        self.told();
    }

    /// Breaks the connection, as a network does.
    pub fn reset(&self) {
        self.pipe.borrow_mut().reset = true;
        self.told();
    }

    /// Takes what the protocol has sent.
    pub fn received(&self) -> Vec<u8> {
        let received = std::mem::take(&mut self.pipe.borrow_mut().outgoing);
        self.told();
        received
    }

    /// Accepts only this many bytes until [`received`](Memory::received) takes them. At first there
    /// is no limit.
    pub fn set_room(&self, bytes: usize) {
        self.pipe.borrow_mut().room = bytes;
        self.told();
    }

    /// Whether the protocol has closed its sending half.
    pub fn has_ended(&self) -> bool {
        self.pipe.borrow().outgoing_ended
    }

    /// Whether the connection is open.
    pub fn is_open(&self) -> bool {
        self.pipe.borrow().lost.is_none()
    }

    /// Why the connection ended, if it has.
    pub fn lost(&self) -> Option<String> {
        self.pipe.borrow().lost.clone()
    }

    /// Whether it was cut, as by [`Transport::abort`]: the other end of a socket would see a reset.
    pub fn was_reset(&self) -> bool {
        self.pipe.borrow().cut
    }

    /// The transport of the protocol.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    fn told(&self) {
        self.transport.0.edge();
        self.transport.enqueue();
        self.run();
    }

    fn run(&self) {
        if let Err(error) = self.reactor.run_pending() {
            // In a callback: the work is done when the callback has returned.
            tracing::debug!(%error, "a memory connection waits for its reactor");
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Memory(open: {})", self.is_open())
    }
}

/// A pipe in memory, in place of a socket.
#[derive(Debug)]
pub(crate) struct Pipe {
    incoming: VecDeque<u8>,
    incoming_ended: bool,
    reset: bool,
    outgoing: Vec<u8>,
    outgoing_ended: bool,
    room: usize,
    lost: Option<String>,
    cut: bool,
}

impl Default for Pipe {
    fn default() -> Self {
        Pipe {
            incoming: VecDeque::new(),
            incoming_ended: false,
            reset: false,
            outgoing: Vec::new(),
            outgoing_ended: false,
            room: usize::MAX,
            lost: None,
            cut: false,
        }
    }
}

impl Pipe {
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.incoming.read(buffer)? {
            _ if self.reset => Err(ErrorKind::ConnectionReset.into()),
            0 if !self.incoming_ended => Err(ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.reset {
            return Err(ErrorKind::BrokenPipe.into());
        }
        match self.room.saturating_sub(self.outgoing.len()) {
            0 => Err(ErrorKind::WouldBlock.into()),
            room => {
                let taken = room.min(bytes.len());
                self.outgoing.extend_from_slice(&bytes[..taken]);
                Ok(taken)
            }
        }
    }

    pub(crate) fn end_written(&mut self) {
        self.outgoing_ended = true;
    }

    pub(crate) fn cut(&mut self) {
        self.cut = true;
    }

    pub(crate) fn closed(&mut self, reason: &Reason) {
        self.outgoing_ended = true;
        self.lost = Some(reason.to_string());
    }
}
