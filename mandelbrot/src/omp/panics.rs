//! A panic in one thread of a team: it is passed to the caller with its place.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::thread;

/// A panic in a thread of a team.
pub struct Panic {
    thread_num: usize,
    location: Option<String>,
    payload: Box<dyn Any + Send>,
}

impl Panic {
    /// The thread that panicked.
    pub fn thread_num(&self) -> usize {
        self.thread_num
    }

    /// The place: `src/main.rs:12:5`. It is unknown for a panic that continues an earlier one, and
    /// if the program has replaced the panic hook meanwhile.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// The message, if it is a text.
    pub fn message(&self) -> Option<&str> {
        let text = self.payload.downcast_ref::<String>().map(String::as_str);
        text.or_else(|| self.payload.downcast_ref::<&str>().copied())
    }

    /// The value given to `panic_any`, or the text.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
    }

    /// Continues the panic in the calling thread: with thread and place before the text, or with
    /// the original payload if it is not a text. The panic was already reported where it happened,
    /// so it is not reported again.
    pub fn resume(self) -> ! {
        if self.message().is_some() {
            panic::resume_unwind(Box::new(self.to_string()))
        }
        panic::resume_unwind(self.payload)
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} of the team panicked", self.thread_num)?;
        if let Some(location) = &self.location {
            write!(f, " at {location}")?;
        }
        match self.message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panic({self})")
    }
}

impl std::error::Error for Panic {}

/// The payload of a thread that stops because another one panicked.
struct Aborted;

/// Ends the calling thread's part of the region, without a message.
pub(super) fn abort() -> ! {
    panic::resume_unwind(Box::new(Aborted))
}

/// The reason why a thread's part of a region ended early.
pub(super) enum Stopped {
    /// By its own panic.
    Panicked(Panic),
    /// By another thread's.
    Aborted,
}

/// Runs a thread's part of a region.
pub(super) fn catch<R>(thread_num: usize, body: impl FnOnce() -> R) -> Result<R, Stopped> {
    install_hook();
    let watched = WATCHED.replace(true);
    LOCATION.take();
    // The state that the body leaves is not visible later: the region ends with the panic.
    let result = panic::catch_unwind(AssertUnwindSafe(body));
    WATCHED.set(watched);
    result.map_err(|payload| {
        if payload.is::<Aborted>() {
            return Stopped::Aborted;
        }
        Stopped::Panicked(Panic {
            thread_num,
            location: LOCATION.take(),
            payload,
        })
    })
}

thread_local! {
    /// Whether this thread is in a region.
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    /// The place of this thread's last panic.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Only a panic hook knows the place of a panic. This hook stores it for threads in regions, and
/// then calls the previous hook.
fn install_hook() {
    static ONCE: Once = Once::new();
    // A panicking thread may not change the hook. Then the places of this region are unknown.
    if thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if WATCHED.get() {
                LOCATION.set(info.location().map(ToString::to_string));
            }
            previous(info);
        }));
    });
}
