//! One thread waits for many things: sockets that become ready, time, wake-ups from other threads,
//! signals.
//!
//! The rooms `reactor`, `green-threads` and `scheduler` are built on it. It runs no callbacks and
//! has no protocols, coroutines or futures. [`EventLoop::wait`] waits, [`EventLoop::next_event`]
//! returns the events one by one, and the caller decides what to do.
//!
//! ```
//! use std::time::Duration;
//!
//! use event_loop::{Event, EventLoop};
//!
//! # fn main() -> std::io::Result<()> {
//! // Sources are registered with a value of the first type, timers with one of the second.
//! let mut event_loop: EventLoop<(), &str> = EventLoop::new()?;
//! event_loop.add_timer_after(Duration::from_millis(3), "tea");
//! let waker = event_loop.waker();
//! std::thread::spawn(move || waker.wake());
//!
//! let (mut tea, mut woken) = (false, false);
//! while !(tea && woken) {
//!     event_loop.wait(None)?;
//!     while let Some(event) = event_loop.next_event() {
//!         match event {
//!             Event::Timer(_, name) => tea = name == "tea",
//!             Event::Woken => woken = true,
//!             _ => {}
//!         }
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! # A turn
//!
//! A turn is a wait and all its events, in this order: sources that are ready, a wake-up, signals,
//! timers by their time. Events are returned one by one, because the caller's answer to one event
//! may undo another: if a source is deregistered, or a timer cancelled, before its event is
//! returned, that event does not come. A timer that is set during a turn is due in a later turn,
//! even with a delay of zero. Events that the caller has not taken are not lost: the next wait
//! returns at once, and they come first.
//!
//! # Level and edge
//!
//! Readiness is **edge-triggered**: there is one event when it begins. The alternative is
//! level-triggered: the event is repeated as long as the source is ready. Edges cost fewer system
//! calls, and have a rule: after an event, read or write until the system answers `WouldBlock`, or
//! remember that there is more to do. A short read of a stream means the same as `WouldBlock`,
//! unless [`Readiness::read_closed`] is set: then the end of the stream is still to be read. If a
//! source is ready when it is registered, that is an event too.
//!
//! # Tokens and keys
//!
//! A [`Token`] names a registered source, a [`TimerKey`] a timer that is set. Both contain a
//! generation: no later source or timer ever has the same name. A token is valid until
//! [`EventLoop::deregister`], a key until its timer has come or was cancelled. After that every
//! method returns `None` for it.
//!
//! # Time
//!
//! A delay counts from the moment of the call. A timer is never early. On Linux the system's wait
//! has a resolution of a millisecond, so a timer may be up to a millisecond late. No delay is too
//! long: [`after`] saturates. With [`FakeClock`], tests of time are exact and take no time.
//!
//! # Platforms
//!
//! | | Linux | macOS, the BSDs | Windows |
//! |---|---|---|---|
//! | readiness | epoll | kqueue | completion ports, as mio has them |
//! | wake-ups | eventfd | kqueue | a completion |
//! | signals | a handler writes into a socket | the same | the same, of SIGINT and SIGTERM |
//! | Unix sockets | yes | yes | no |
//! | `SO_REUSEPORT` | yes | yes | no |
//! | tested | yes | no: it is type-checked | no: it is type-checked |

mod bell;
mod clock;
mod event_loop;
mod events;
pub mod net;
mod signals;
mod sockets;
mod timers;
mod tokens;
mod unix_sockets;
mod waker;

pub use clock::{Clock, FakeClock, SystemClock};
pub use event_loop::EventLoop;
pub use events::{Event, Readiness};
pub use mio::Interest;
pub use mio::event::Source;
pub use signals::Signal;
pub use sockets::{AcceptErrors, DEFAULT_BACKLOG, listen_tcp};
pub use timers::{DueTurn, TimerKey, TimerTable, after};
pub use tokens::{Token, TokenTable};
pub use unix_sockets::{listen_unix, remove_stale_socket};
pub use waker::Waker;
