//! UDP: datagrams.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

use crate::error::panic_message;
use crate::inner::{Entry, Inner};
use event_loop::net::UdpSocket;
use event_loop::{Interest, Token};

/// The methods that a UDP socket calls.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
///
/// use reactor::{Datagrams, Reactor, UdpTransport};
///
/// struct Answer(Reactor);
///
/// impl Datagrams for Answer {
///     fn datagram_received(&mut self, socket: &UdpTransport, data: &[u8], from: SocketAddr) {
///         match data {
///             b"ping" => socket.send_to(b"pong", from).unwrap(),
///             _ => self.0.stop(),
///         }
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let reactor = Reactor::new()?;
/// let here = ([127, 0, 0, 1], 0).into();
/// let one = reactor.listen_udp(here, Answer(reactor.clone()))?;
/// let other = reactor.listen_udp(here, Answer(reactor.clone()))?;
/// one.send_to(b"ping", other.local_addr()?)?;
/// reactor.run()
/// # }
/// ```
pub trait Datagrams {
    /// A whole datagram has come. None is longer than 64 KiB.
    fn datagram_received(&mut self, socket: &UdpTransport, data: &[u8], from: SocketAddr);
}

impl<F: FnMut(&UdpTransport, &[u8], SocketAddr)> Datagrams for F {
    fn datagram_received(&mut self, socket: &UdpTransport, data: &[u8], from: SocketAddr) {
        self(socket, data, from);
    }
}

/// A UDP socket. Clones are the same socket. It is open until it is closed.
#[derive(Clone)]
pub struct UdpTransport(Rc<Udp>);

impl UdpTransport {
    /// Sends a datagram at once, or not at all: it is not queued.
    ///
    /// # Errors
    ///
    /// `WouldBlock` when the system has no room: the datagram is lost, as UDP allows. Otherwise the
    /// system's error.
    pub fn send_to(&self, data: &[u8], to: SocketAddr) -> io::Result<()> {
        match &*self.0.socket.borrow() {
            Some(socket) => socket.send_to(data, to).map(drop),
            None => Err(closed()),
        }
    }

    /// The address where it receives.
    ///
    /// # Errors
    ///
    /// When it is closed.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &*self.0.socket.borrow() {
            Some(socket) => socket.local_addr(),
            None => Err(closed()),
        }
    }

    /// Closes it.
    pub fn close(&self) {
        self.0.close();
    }
}

impl fmt::Debug for UdpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UdpTransport")
    }
}

fn closed() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, "the socket is closed")
}

/// How many datagrams are received before others have their turn.
const DATAGRAMS_A_TURN: usize = 64;

pub(crate) struct Udp {
    reactor: Weak<Inner>,
    socket: RefCell<Option<UdpSocket>>,
    token: Cell<Option<Token>>,
    protocol: RefCell<Box<dyn Datagrams>>,
}

impl Udp {
    pub(crate) fn open(
        inner: &Rc<Inner>,
        socket: UdpSocket,
        protocol: Box<dyn Datagrams>,
    ) -> io::Result<UdpTransport> {
        let udp = Rc::new(Udp {
            reactor: Rc::downgrade(inner),
            socket: RefCell::new(Some(socket)),
            token: Cell::new(None),
            protocol: RefCell::new(protocol),
        });
        if let Some(socket) = &mut *udp.socket.borrow_mut() {
            let entry = Entry::Udp(Rc::clone(&udp));
            let token = inner.watch(socket, Interest::READABLE, entry)?;
            udp.token.set(Some(token));
        }
        Ok(UdpTransport(udp))
    }

    pub(crate) fn ready(self: &Rc<Self>) {
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        let mut buffer = inner.buffers.read.borrow_mut();
        let transport = UdpTransport(Rc::clone(self));
        for _ in 0..DATAGRAMS_A_TURN {
            let received = match &*self.socket.borrow() {
                Some(socket) => socket.recv_from(&mut buffer),
                None => return,
            };
            match received {
                Ok((length, from)) => {
                    let mut protocol = self.protocol.borrow_mut();
                    let data = &buffer[..length];
                    let call = || protocol.datagram_received(&transport, data, from);
                    if let Err(panic) = catch_unwind(AssertUnwindSafe(call)) {
                        let panic = panic_message(&*panic);
                        tracing::error!(%from, panic, "a datagram's receiver panicked");
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // For instance "connection refused", about a datagram that was sent before.
                Err(error) => tracing::debug!(%error, "receiving a datagram"),
            }
        }
        inner
            .queues
            .waiting_sockets
            .borrow_mut()
            .push(Rc::clone(self));
    }

    pub(crate) fn close(&self) {
        if let (Some(mut socket), Some(inner), Some(token)) = (
            self.socket.take(),
            self.reactor.upgrade(),
            self.token.take(),
        ) {
            inner.forget(token, &mut socket);
        }
    }
}
