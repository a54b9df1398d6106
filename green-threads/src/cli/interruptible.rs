//! Runs a command until it is done or Ctrl-C comes.

use std::rc::Rc;

use anyhow::Context;
use common::cli::{Outcome, interrupt};
use green_threads::sync::Event;
use green_threads::{JoinError, Signal, Signals, spawn};

/// Listens to Ctrl-C and SIGTERM from here on. The first goes to the waiter; the second, 200 ms or
/// more later, leaves at once, whatever the program is doing.
pub(super) fn stop_signals() -> anyhow::Result<Signals> {
    // In this order: what comes in between is kept.
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

/// Does `work` in a green thread of its own, and kills that when Ctrl-C comes, whatever it waits for.
///
/// # Errors
///
/// What `work` says, or that it panicked.
pub(super) fn interruptible(
    work: impl FnOnce() -> anyhow::Result<Outcome> + 'static,
) -> anyhow::Result<Outcome> {
    let signals = stop_signals()?;
    let over = Rc::new(Event::new());
    let working = spawn({
        let over = Rc::clone(&over);
        move || {
            /// However it ends.
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
