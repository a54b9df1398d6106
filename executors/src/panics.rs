//! Catching a panic with its message and its place.
//!
//! `omp/panics.rs` of the room `mandelbrot` does the same for a team of threads: both stand alone, to
//! be copied without the other.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use serde::{Deserialize, Serialize};

/// A panic that was caught: what it said, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Panic {
    pub(crate) message: String,
    pub(crate) location: String,
}

thread_local! {
    static WATCHED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has the panic hook note where panics happen inside [`catch`]; all hooks set before still run.
///
/// Only a hook is told the place: the payload that `catch_unwind` returns has just the message.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    // Touching the hook while panicking would panic again.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if WATCHED.get() {
                PLACE.set(info.location().map(ToString::to_string));
            }
            before(info);
        }));
    });
}

/// Runs `f`, and turns a panic into a value.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    let outer = WATCHED.replace(true);
    PLACE.set(None);
    // What `f` leaves half done is only seen by whoever shared it, as with any panicking thread.
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    WATCHED.set(outer);
    result.map_err(|payload| {
        let message = if let Some(text) = payload.downcast_ref::<&str>() {
            (*text).to_owned()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone()
        } else {
            "(a payload that is no text)".to_owned()
        };
        Panic {
            message,
            location: PLACE
                .take()
                .unwrap_or_else(|| "an unknown place".to_owned()),
        }
    })
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message_and_place() {
        install();
        let panic = catch(|| panic!("no {}", "luck")).unwrap_err();
        assert_eq!(panic.message, "no luck");
        assert!(panic.location.contains("panics.rs"));
    }

    #[test]
    fn a_panic_caught_inside_does_not_lend_its_place_to_the_next() {
        install();
        let panic = catch(|| {
            let _ = catch(|| panic!("inner"));
            panic::resume_unwind(Box::new("outer"));
        })
        .unwrap_err();
        assert_eq!(panic.message, "outer");
        // `resume_unwind` calls no hook, so the place is not known.
        assert_eq!(panic.location, "an unknown place");
    }
}
