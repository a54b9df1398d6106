//! Runs a command until it is done or Ctrl-C comes.

use std::rc::Rc;

use anyhow::Context;
use common::cli::{Outcome, interrupt};
use green_threads::sync::Event;
use green_threads::{JoinError, Signal, Signals, spawn};

/// Watches for Ctrl-C and SIGTERM from here on. The first one goes to the green thread that waits
/// for it. The second, 200 ms or more later, ends the program at once, whatever it does.
pub(super) fn stop_signals() -> anyhow::Result<Signals> {
    // In this order: signals that come in between are kept.
    let signals: Vec<_> = interrupt::stop_signals()?
        .into_iter()
        .map(Signal::new)
        .collect();
    let signals = Signals::new(&signals).context(
        "signals cannot be waited for: is the limit of descriptors, `ulimit -n`, too low?",
    )?;
    interrupt::install()?;
    Ok(signals)
}

/// Runs `work` in a green thread of its own. Ctrl-C kills that green thread, whatever it waits for.
///
/// # Errors
///
/// The error of `work`, or that it panicked.
pub(super) fn interruptible(
    work: impl FnOnce() -> anyhow::Result<Outcome> + 'static,
) -> anyhow::Result<Outcome> {
    let signals = stop_signals()?;
    let over = Rc::new(Event::new());
    let working = spawn({
        let over = Rc::clone(&over);
        move || {
            /// Sets the event when it is dropped, however the work ends.
            struct Set(Rc<Event>);
            impl Drop for Set {
                fn drop(&mut self) {
                    self.0.set();
                }
            }
            let _over = Set(over);
            work()
        }
    });
    let waiting = spawn({
        let over = Rc::clone(&over);
        move || {
            signals.wait();
            over.set();
        }
    });
    over.wait();
    waiting.kill_soon();
    working.kill();
    match working.join() {
        Ok(done) => done,
        Err(JoinError::Killed) => Ok(Outcome::Interrupted),
        Err(error) => Err(error.into()),
    }
}
