//! Ctrl-C: the first stops the program cleanly, the second ends it at once.
#![cfg_attr(
    unix,
    expect(unsafe_code, reason = "a signal handler is unsafe to install")
)]

use super::Outcome;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit status that a shell reports for a program that SIGINT ended: 128 + 2.
pub const EXIT_STATUS: u8 = 130;

/// Signals within this time count as one. GNU `timeout` sends a signal to its child and then to the
/// child's process group; a terminal and a supervisor may both send one.
#[cfg(unix)]
const SAME_SIGNAL: std::time::Duration = std::time::Duration::from_millis(200);

/// Whether the user asked the program to stop. Cheap to clone and to check.
///
/// A default one is never raised by a signal.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
}

impl Interrupt {
    /// Whether to stop: take no new work, finish or cancel the running work, and print the summary.
    pub fn raised(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// The outcome of a run: [`Outcome::Interrupted`] if this flag was raised. The error of the
    /// run, if any, is then printed on standard error.
    ///
    /// # Errors
    ///
    /// The error of the run, if it was not interrupted.
    pub fn conclude(&self, result: anyhow::Result<Outcome>) -> anyhow::Result<Outcome> {
        if !self.raised() {
            return result;
        }
        if let Err(reason) = result {
            crate::remark!("{reason:#}");
        }
        Ok(Outcome::Interrupted)
    }

    /// Raises the flag without a signal.
    pub fn raise(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }
}

/// The signals among SIGINT and SIGTERM that were not ignored when the program started. A program
/// with its own event loop for signals should handle these.
///
/// # Errors
///
/// If the system can't report it.
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

/// SIGINT (Ctrl-C) and SIGTERM. On Windows a program can't be started with ignored signals.
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

/// Installs a signal handler. The first SIGINT or SIGTERM raises the returned flag. A second one,
/// 200 ms or more later, exits at once with status 130.
///
/// A signal that was ignored when the program started stays ignored. Shells start background jobs
/// (`command &` in a script) that way, because Ctrl-C is not for them.
///
/// Call it once, early. The second signal exits without running destructors.
///
/// # Errors
///
/// If the system refuses a handler.
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
        // SAFETY: the handler calls `clock_gettime`, uses atomics and may call `_exit`. All of
        // these are async-signal-safe. It does not allocate, lock or panic.
        unsafe { low_level::register(signal, handle) }?;
    }
    Ok(interrupt)
}

/// The time of a signal that has not arrived.
#[cfg(unix)]
const NEVER: u64 = u64::MAX;

/// Whether a signal at `now` is a second one. The first stores its time in `first`.
#[cfg(unix)]
fn again(first: &std::sync::atomic::AtomicU64, now: u64) -> bool {
    match first.compare_exchange(NEVER, now, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => false,
        Err(first) => u128::from(now.saturating_sub(first)) >= SAME_SIGNAL.as_nanos(),
    }
}

/// Installs a handler: the first Ctrl-C raises the returned flag, and the second exits at once with
/// status 130.
///
/// # Errors
///
/// If the system refuses a handler.
#[cfg(not(unix))]
pub fn install() -> io::Result<Interrupt> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::flag;

    let interrupt = Interrupt::default();
    for signal in [SIGINT, SIGTERM] {
        // This order matters: the first signal must find the flag not raised, the second must find
        // it raised.
        let armed = Arc::clone(&interrupt.flag);
        flag::register_conditional_shutdown(signal, EXIT_STATUS.into(), armed)?;
        flag::register(signal, Arc::clone(&interrupt.flag))?;
    }
    Ok(interrupt)
}

/// Makes `command` start its program with the default action for SIGINT and SIGTERM, even if this
/// process ignores them (as after `nohup`, or in the background). For tests that send signals to
/// the program.
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
        // SAFETY: only `signal` is called between fork and exec, and it is async-signal-safe.
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
