//! The reactor pattern as in Twisted: protocols, factories, transports and deferreds on one thread.
//!
//! # A server
//!
//! ```rust
//! use reactor::{LineHandler, LineReceiver, Reactor, Transport, testing};
//!
//! struct Greet;
//!
//! impl LineHandler for Greet {
//!     fn line_received(&mut self, transport: &Transport, line: &[u8]) {
//!         transport.write(&[b"hello, ", line, b"\n"].concat());
//!     }
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! let reactor = Reactor::new()?;
//! reactor.listen_tcp(([127, 0, 0, 1], 0).into(), || LineReceiver::new(Greet))?;
//! // reactor.run()? serves until stop() is called.
//!
//! // And the same protocol in a test, without a socket and without waiting:
//! let (reactor, _clock) = testing::reactor()?;
//! let peer = testing::connect(&reactor, LineReceiver::new(Greet));
//! peer.send(b"world\r\n");
//! assert_eq!(peer.received(), b"hello, world\n");
//! # Ok(()) }
//! ```
//!
//! # Results that come later
//!
//! A [`Deferred`] is a result that comes later, with a chain of callbacks. It can be awaited, and
//! [`Reactor::spawn`] makes a deferred from a future.
//!
//! ```rust
//! use reactor::{Error, Reactor, gather};
//!
//! # fn main() -> Result<(), Error> {
//! let reactor = Reactor::new()?;
//! let parts = (0..4_u64).map(|part| {
//!     reactor.defer_to_thread(move || (part * 250..(part + 1) * 250).sum::<u64>())
//! });
//! let total = gather(parts).add_callback(|sums| Ok(sums.iter().sum::<u64>()));
//! let doubled = reactor.spawn(async move { Ok(2 * total.await?) });
//! assert_eq!(reactor.run_until(doubled)?, 999_000);
//! # Ok(()) }
//! ```
//!
//! An error that no errback handles is logged with the place where its deferred was made. Firing
//! twice is an `Err`. Callbacks run one after the other, not one inside the other, so a chain may
//! have a hundred thousand of them.
//!
//! # Limits
//!
//! - **What bounds a write.** One callback may write any amount, and it is queued. A protocol that
//!   was asked to pause and writes on in later turns may add 1 MiB; then its connection is cut. It
//!   is also cut when the other end reads nothing for five minutes. See [`Transport::write`].
//! - **A cut is a reset.** [`Transport::abort`], and everything else that cuts a connection, sends
//!   an RST to the other end of a TCP connection. It never looks like a complete stream.
//! - **Half-open connections time out.** When the other end has closed its half, the connection is
//!   cut after [five minutes](HALF_OPEN_TIMEOUT) without a byte, or after its idle time-out.
//!
//! # From outside the workspace
//!
//! ```toml
//! [dependencies]
//! reactor = { path = "../many-hands/reactor", default-features = false }
//! ```
//!
//! Without default features there is no command line. The features are `threads` (calls on threads,
//! names of hosts), `fetch` (HTTP) and `tls`.
//!
//! The lesson is the chapter `README.md`. All limits and figures are in `TOOL.md`.

/// The chapter. Its Rust snippets are compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The reactor, and what it calls.
mod buffers;
mod connect;
mod connection;
mod delayed_call;
mod inner;
mod listen;
mod listener;
mod looping_call;
mod outgoing;
mod protocol;
mod reactor;
mod shutdown;
mod signals;
mod stream;
mod transport;
mod udp;

// Results that come later.
mod deferred;
mod error;
mod remote;
mod tasks;
#[cfg(feature = "threads")]
mod threads;

// Messages in a stream.
mod frame;
mod line;

// The programs' protocols.
pub mod chat;
pub mod echo;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod proxy;

// For tests.
pub mod testing;

#[cfg(feature = "tls")]
pub mod tls;

/// The event loop below: readiness, time, wake-ups and signals.
pub use event_loop;

pub use connect::CONNECT_TIMEOUT;
pub use deferred::{AlreadyFired, Deferred, Outcome, Resolver, first, gather};
pub use delayed_call::DelayedCall;
pub use error::{Error, Reason};
pub use frame::{DEFAULT_MAX_FRAME, FrameHandler, FrameReceiver, Prefix};
pub use line::{DEFAULT_MAX_LINE, LineHandler, LineReceiver};
pub use listener::{ListenOptions, Port};
pub use looping_call::LoopingCall;
pub use protocol::{Factory, Protocol, by_peer};
pub use reactor::Reactor;
pub use remote::{CALL_LIMIT, Remote};
pub use signals::SignalHandler;
pub use stream::Peer;
pub use transport::{
    DEFAULT_HIGH_WATER, DEFAULT_LOW_WATER, DEFAULT_STALL_TIMEOUT, HALF_OPEN_TIMEOUT, Transport,
};
pub use udp::{Datagrams, UdpTransport};
