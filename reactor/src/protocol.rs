//! Protocols, which handle the bytes of a connection, and the factories that make them.

use crate::{Peer, Reason, Transport};

/// The methods that a connection calls when something happens.
///
/// They are called on the reactor's thread, one at a time, and must not block. If one panics, its
/// connection is cut; other connections go on.
///
/// # Examples
///
/// ```
/// use reactor::{Protocol, Transport, testing};
///
/// struct Shout;
///
/// impl Protocol for Shout {
///     fn data_received(&mut self, transport: &Transport, data: &[u8]) {
///         transport.write(&data.to_ascii_uppercase());
///     }
/// }
///
/// let (reactor, _clock) = testing::reactor()?;
/// let peer = testing::connect(&reactor, Shout);
/// peer.send(b"hello");
/// assert_eq!(peer.received(), b"HELLO");
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Protocol {
    /// The connection is made.
    fn connection_made(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// One or more bytes have come. A stream has no message boundaries: it may be cut anywhere.
    fn data_received(&mut self, transport: &Transport, data: &[u8]);

    /// The other end will send no more. This closes the connection, unless you override it. Then
    /// the connection is half open, and what you write is still sent. It ends when this end
    /// [ends](Transport::close_write) or closes too, and at the latest when nothing was sent for
    /// the idle time-out, or without one for [five minutes](crate::HALF_OPEN_TIMEOUT).
    fn end_received(&mut self, transport: &Transport) {
        transport.close_because(Reason::EndOfStream);
    }

    /// More bytes wait to be sent than [high water](Transport::set_write_limits). Stop writing
    /// until [`resume_producing`](Protocol::resume_producing).
    fn pause_producing(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// At most low water bytes wait to be sent. Write on.
    fn resume_producing(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// Reading goes on after [`Transport::resume_producing`]. This is called before anything is
    /// read, so that a protocol can handle the bytes that it has kept.
    fn reading_resumed(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// The connection has ended. This is called exactly once.
    fn connection_lost(&mut self, reason: &Reason) {
        let _ = reason;
    }
}

impl<P: Protocol + ?Sized> Protocol for Box<P> {
    fn connection_made(&mut self, transport: &Transport) {
        (**self).connection_made(transport);
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        (**self).data_received(transport, data);
    }

    fn end_received(&mut self, transport: &Transport) {
        (**self).end_received(transport);
    }

    fn pause_producing(&mut self, transport: &Transport) {
        (**self).pause_producing(transport);
    }

    fn resume_producing(&mut self, transport: &Transport) {
        (**self).resume_producing(transport);
    }

    fn reading_resumed(&mut self, transport: &Transport) {
        (**self).reading_resumed(transport);
    }

    fn connection_lost(&mut self, reason: &Reason) {
        (**self).connection_lost(reason);
    }
}

/// Makes a protocol for each connection that a port accepts. State that the protocols share is
/// here.
///
/// A closure that returns a protocol is a factory. If the closure needs the address of the other
/// end, use [`by_peer`].
pub trait Factory {
    /// The protocol for a new connection to `peer`; `None` refuses it.
    fn build(&self, peer: Peer) -> Option<Box<dyn Protocol>>;
}

impl<F, P> Factory for F
where
    F: Fn() -> P,
    P: Protocol + 'static,
{
    fn build(&self, _: Peer) -> Option<Box<dyn Protocol>> {
        Some(Box::new(self()))
    }
}

/// A factory from a closure that gets the other end's address, and may refuse the connection.
///
/// # Examples
///
/// ```
/// use reactor::{Peer, Reactor, by_peer, echo::Echo};
///
/// # fn main() -> std::io::Result<()> {
/// let only_from_here = by_peer(|peer| match peer {
///     Peer::Tcp(address) if address.ip().is_loopback() => Some(Echo),
///     _ => None,
/// });
/// let reactor = Reactor::new()?;
/// reactor.listen_tcp(([127, 0, 0, 1], 0).into(), only_from_here)?;
/// # Ok(()) }
/// ```
pub fn by_peer<P: Protocol + 'static>(build: impl Fn(Peer) -> Option<P>) -> impl Factory {
    ByPeer(build)
}

struct ByPeer<F>(F);

impl<F, P> Factory for ByPeer<F>
where
    F: Fn(Peer) -> Option<P>,
    P: Protocol + 'static,
{
    fn build(&self, peer: Peer) -> Option<Box<dyn Protocol>> {
        let protocol = (self.0)(peer)?;
        Some(Box::new(protocol))
    }
}
