//! Signals as events: a handler sets a flag and writes to a socket that the loop watches.
//!
//! `add` asks for a signal. When the loop reports that the socket is readable, `collect` returns the
//! signals that have come.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mio::{Registry, Token};
use signal_hook::{SigId, consts, flag, low_level};

use crate::bell::Bell;

/// A Unix signal.
///
/// # Examples
///
/// ```
/// use event_loop::Signal;
///
/// assert_eq!(Signal::TERMINATE, Signal::new(15));
/// assert_eq!(format!("{:?}", Signal::INTERRUPT), "SIGINT");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signal(i32);

impl Signal {
    /// SIGINT: Ctrl-C.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(event_loop::Signal::INTERRUPT.number(), 2);
    /// ```
    pub const INTERRUPT: Signal = Signal(consts::SIGINT);
    /// SIGTERM: the process is asked to end.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(event_loop::Signal::TERMINATE.number(), 15);
    /// ```
    pub const TERMINATE: Signal = Signal(consts::SIGTERM);
    /// SIGHUP: the terminal has gone, or: read your configuration again. Windows does not have it.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(event_loop::Signal::HANG_UP.number(), 1);
    /// ```
    pub const HANG_UP: Signal = Signal(1);

    /// The signal with this number.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(event_loop::Signal::new(15), event_loop::Signal::TERMINATE);
    /// ```
    pub const fn new(number: i32) -> Signal {
        Signal(number)
    }

    /// The signal's number.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(event_loop::Signal::new(28).number(), 28);
    /// ```
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match low_level::signal_name(self.0) {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

/// The signals that a loop has asked for.
pub(crate) struct Signals {
    bell: Bell,
    handled: Vec<Handled>,
}

struct Handled {
    signal: Signal,
    came: Arc<AtomicBool>,
    ids: [SigId; 2],
}

impl Handled {
    fn new(signal: Signal, bell: &Bell) -> io::Result<Handled> {
        let came = Arc::default();
        // In this order: the flag must be set before the socket wakes the loop.
        let up = flag::register(signal.0, Arc::clone(&came))?;
        let ring = match bell.ring_on(signal) {
            Ok(ring) => ring,
            Err(error) => {
                low_level::unregister(up);
                return Err(error);
            }
        };
        let handled = Handled {
            signal,
            came,
            ids: [up, ring],
        };
        // From here on, drop undoes what was done.
        UserCount::change(signal, |users| users + 1)?;
        Ok(handled)
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        for id in self.ids {
            low_level::unregister(id);
        }
        // This cannot fail: it only takes a user away and registers nothing.
        let _ = UserCount::change(self.signal, |users| users.saturating_sub(1));
    }
}

/// How many loops of this process handle a signal. While none does, it has its default effect.
struct UserCount {
    users: usize,
    by_default: Arc<AtomicBool>,
}

impl UserCount {
    fn change(signal: Signal, change: impl FnOnce(usize) -> usize) -> io::Result<()> {
        static COUNTS: Mutex<Option<HashMap<i32, UserCount>>> = Mutex::new(None);
        let mut counts = COUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = counts.get_or_insert_default();
        let count = match counts.entry(signal.0) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                // It stays for the rest of the process: signal-hook never removes a handler, so
                // only a handler can restore the default effect.
                let by_default = Arc::new(AtomicBool::new(false));
                flag::register_conditional_default(signal.0, Arc::clone(&by_default))?;
                let users = 0;
                entry.insert(UserCount { users, by_default })
            }
        };
        count.users = change(count.users);
        count.by_default.store(count.users == 0, Ordering::SeqCst);
        Ok(())
    }
}

impl Signals {
    pub(crate) fn new(registry: &Registry, token: Token) -> io::Result<Signals> {
        Ok(Signals {
            bell: Bell::new(registry, token)?,
            handled: Vec::new(),
        })
    }

    pub(crate) fn add(&mut self, signal: Signal) -> io::Result<()> {
        if !self.handled.iter().any(|handled| handled.signal == signal) {
            self.handled.push(Handled::new(signal, &self.bell)?);
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, signal: Signal) {
        self.handled.retain(|handled| handled.signal != signal);
    }

    pub(crate) fn collect(&mut self, signals: &mut VecDeque<Signal>) {
        self.bell.silence();
        for handled in &self.handled {
            if handled.came.swap(false, Ordering::AcqRel) {
                signals.push_back(handled.signal);
            }
        }
    }
}
