//! For tests: a clock that stands still, and connections without sockets.

mod memory;

pub use memory::{Memory, connect};

#[cfg(feature = "tls")]
pub use memory::connect_tls;

pub(crate) use memory::Pipe;

use std::io;

use crate::Reactor;
use event_loop::FakeClock;

/// A reactor with a clock that only [`advance`](FakeClock::advance) moves.
///
/// After that, [`Reactor::run_pending`] does what has become due.
///
/// # Errors
///
/// When the system has no descriptors left.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reactor::{Reason, echo::Echo, testing};
///
/// # fn main() -> std::io::Result<()> {
/// let (reactor, clock) = testing::reactor()?;
/// let peer = testing::connect(&reactor, Echo);
/// peer.transport().set_idle_timeout(Some(Duration::from_secs(60)));
///
/// clock.advance(Duration::from_secs(59));
/// peer.send(b"still here");
/// clock.advance(Duration::from_secs(59));
/// reactor.run_pending()?;
/// assert!(peer.is_open());
/// clock.advance(Duration::from_secs(1));
/// reactor.run_pending()?;
/// assert_eq!(peer.lost().unwrap(), "idle for 60s");
/// # Ok(()) }
/// ```
pub fn reactor() -> io::Result<(Reactor, FakeClock)> {
    let clock = FakeClock::new();
    Ok((Reactor::with_clock(clock.clone())?, clock))
}
