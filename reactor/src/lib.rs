#![doc = include_str!("../README.md")]

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

/// The ground floor: readiness, time, wake-ups and signals.
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
