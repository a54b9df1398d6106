//! Ctrl-C: once to stop in good order, twice to leave at once.
#![cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "what runs inside of a signal is unsafe to install"
    )
)]

use super::Outcome;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell reports for a program ended by SIGINT: 128 + 2.
pub const EXIT_STATUS: u8 = 130;

/// Signals this soon after the first are the same one: `timeout` of the GNU tools signals its child
/// and then the group that the child is in, and a terminal and a supervisor may both send one.
#[cfg(unix)]
const SAME_SIGNAL: std::time::Duration = std::time::Duration::from_millis(200);

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

/// Those of SIGINT and SIGTERM that were not ignored when the program started: what a program that
/// handles signals by an event loop of its own is to handle.
///
/// # Errors
///
/// When the system does not say.
#[cfg(unix)]
pub fn stop_signals() -> io::Result<Vec<i32>> {
    use signal_hook::consts::{SIGINT, SIGTERM};

    let mut signals = Vec::new();
    for signal in [SIGINT, SIGTERM] {
        if !crate::sys::is_ignored(signal)? {
            signals.push(signal);
        }
    }
    Ok(signals)
}

/// SIGINT (Ctrl-C) and SIGTERM: Windows knows of none that was ignored before the start.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub fn stop_signals() -> io::Result<Vec<i32>> {
    Ok(vec![
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
    ])
}

/// Makes the first SIGINT or SIGTERM raise the returned flag, and a second one, 200 ms or more after
/// it, leave at once with status 130.
///
/// A signal that was ignored when the program started stays ignored: so shells start jobs in the
/// background (`command &` in a script), which Ctrl-C is not for.
///
/// To be called once, early. Leaving at once means that: no destructor runs.
///
/// # Errors
///
/// When the system refuses a handler.
#[cfg(unix)]
pub fn install() -> io::Result<Interrupt> {
    use signal_hook::low_level;
    use std::sync::atomic::AtomicU64;

    let interrupt = Interrupt::default();
    let first = Arc::new(AtomicU64::new(NEVER));
    for signal in stop_signals()? {
        let (interrupt, first) = (interrupt.clone(), Arc::clone(&first));
        let handle = move || match again(&first, crate::sys::monotonic_nanos()) {
            true => low_level::exit(EXIT_STATUS.into()),
            false => interrupt.raise(),
        };
        // SAFETY: the handler asks the clock by `clock_gettime`, touches atomics and may call
        // `_exit`: all of that may be done inside of a signal. It doesn't allocate, lock or panic.
        unsafe { low_level::register(signal, handle) }?;
    }
    Ok(interrupt)
}

/// The time of a signal that has not come.
#[cfg(unix)]
const NEVER: u64 = u64::MAX;

/// Whether a signal at `now` is a second one; the first leaves its time in `first`.
#[cfg(unix)]
fn again(first: &std::sync::atomic::AtomicU64, now: u64) -> bool {
    match first.compare_exchange(NEVER, now, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => false,
        Err(first) => u128::from(now.saturating_sub(first)) >= SAME_SIGNAL.as_nanos(),
    }
}

/// Makes the first Ctrl-C raise the returned flag, and the second leave at once with status 130.
///
/// # Errors
///
/// When the system refuses a handler.
#[cfg(not(unix))]
pub fn install() -> io::Result<Interrupt> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        // In this order: the first signal must find the flag down, the second find it up.
        let armed = Arc::clone(&interrupt.flag);
        flag::register_conditional_shutdown(signal, EXIT_STATUS.into(), armed)?;
        flag::register(signal, Arc::clone(&interrupt.flag))?;
    }
    Ok(interrupt)
}

/// Has a program to be started take SIGINT and SIGTERM as usual, even if this process was started
/// with them ignored, as by `nohup` or in the background. For tests that signal what they start.
///
/// # Examples
///
/// ```no_run
/// use common::cli::interrupt::with_usual_signals;
/// use std::process::Command;
///
/// let mut command = Command::new("sleep");
/// let child = with_usual_signals(command.arg("60")).spawn()?;
/// # drop(child);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn with_usual_signals(command: &mut Command) -> &mut Command {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        // SAFETY: what is called between fork and exec is `signal`, which may be called there.
        unsafe { command.pre_exec(crate::sys::stop_ignoring) };
    }
    command
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

    #[cfg(unix)]
    #[test]
    fn a_second_signal_is_one_that_comes_200_ms_later() {
        let first = std::sync::atomic::AtomicU64::new(NEVER);
        let ms = 1_000_000;
        assert!(!again(&first, 5 * ms));
        assert!(!again(&first, 5 * ms));
        assert!(!again(&first, 204 * ms));
        assert!(again(&first, 205 * ms));
    }
}
