//! Ctrl-C: once to stop in good order, twice to leave at once.

use super::Outcome;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell reports for a program ended by SIGINT: 128 + 2.
pub const EXIT_STATUS: u8 = 130;

/// Whether the user asked the program to stop; cheap to clone and to ask.
///
/// The default one is never raised by a signal.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
}

impl Interrupt {
    /// Whether to stop: take no new work, finish or cancel what runs, sum up.
    pub fn raised(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// What a run came to: [`Outcome::Interrupted`] if it was raised, with the reason that the run
    /// gives, if any, on standard error.
    ///
    /// # Errors
    ///
    /// The run's own, if it was not interrupted.
    pub fn conclude(&self, result: anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
        if !self.raised() {
            return result;
        }
        if let Err(reason) = result {
            crate::remark!("{reason:#}");
        }
        Ok(Outcome::Interrupted)
    }

    /// Raises it without a signal.
    pub fn raise(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }
}

/// Makes the first SIGINT or SIGTERM raise the returned flag, and the second leave at once with
/// status 130.
///
/// To be called once, early. Leaving at once means that: no destructor runs.
///
/// # Errors
///
/// When the system refuses a handler.
pub fn install() -> io::Result<Interrupt> {
    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal must find the flag down, the second find it up.
        let armed = Arc::clone(&interrupt.flag);
        flag::register_conditional_shutdown(signal, EXIT_STATUS.into(), armed)?;
        flag::register(signal, Arc::clone(&interrupt.flag))?;
    }
    Ok(interrupt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_flag() {
        let interrupt = Interrupt::default();
        let clone = interrupt.clone();
        assert!(!clone.raised());
        interrupt.raise();
        assert!(clone.raised());
    }
}
