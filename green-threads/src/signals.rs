//! Signals, waited for like anything else.

use std::io;

pub use event_loop::Signal;

use crate::hub;

/// The signals that a program wants to be told of, instead of what they do otherwise.
///
/// # Examples
///
/// ```no_run
/// use green_threads::{Signal, Signals};
///
/// # fn main() -> std::io::Result<()> {
/// let signals = Signals::new(&[Signal::INTERRUPT, Signal::TERMINATE])?;
/// println!("ended by {:?}", signals.wait());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Signals(());

impl Signals {
    /// From here on this thread's hub is told of them; so are the hubs of other threads that ask.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    ///
    /// # Panics
    ///
    /// On signals that cannot be handled.
    pub fn new(signals: &[Signal]) -> io::Result<Signals> {
        hub::with(|hub| hub.handle_signals(signals))?;
        Ok(Signals(()))
    }

    /// Waits for the next one; all green threads that wait are told.
    pub fn wait(&self) -> Signal {
        hub::with(|hub| hub.wait_for_signal())
    }
}
