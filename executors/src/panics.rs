//! Catches a panic with its message and its place.
//!
//! `omp/panics.rs` of the room `mandelbrot` does the same for a team of threads. It does not use
//! this crate, so that it can be copied alone.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// A panic that was caught, with its message and place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
#[error("panicked at {location}: {message}")]
pub struct Panic {
    /// The panic's message; a fixed text if its payload was not a text.
    pub message: String,
    /// `file:line:column`; `"an unknown place"` if the program has replaced the panic hook
    /// meanwhile.
    pub location: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Watch {
    /// Panics are not recorded.
    Off,
    /// Their place is recorded, and the previous hook reports them.
    Noting,
    /// Their place is recorded, and nothing is printed.
    Quiet,
}

thread_local! {
    static WATCH: Cell<Watch> = const { Cell::new(Watch::Off) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether there may be a place. Checking this for each job is faster than checking the place.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// Makes the panic hook record the places of panics inside [`catch`]. The previous hook still runs.
///
/// Only a hook knows the place: the payload of `catch_unwind` contains only the message.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    // Changing the hook during a panic would panic again.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let watch = WATCH.get();
            if watch != Watch::Off {
                PLACE.set(info.location().map(ToString::to_string));
                NOTED.set(true);
            }
            if watch != Watch::Quiet {
                before(info);
            }
        }));
    });
}

/// Runs `f`, and turns a panic into a value. The program's panic hook reports the panic, usually on
/// standard error.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_as(Watch::Noting, f)
}

/// Runs `f`, and turns a panic into a value with its message and place. Nothing is printed.
///
/// The first call sets a panic hook for the whole program; it passes every other panic to the
/// previous hook. Data that `f` leaves half changed is only visible to code that shares it.
///
/// # Errors
/// The panic.
///
/// # Examples
/// ```
/// let panic = executors::catch_panic(|| [1, 2, 3].iter().position(|n| *n > 3).unwrap()).unwrap_err();
/// assert!(panic.message.contains("None"));
/// assert!(panic.location.contains(".rs:"));
/// ```
pub fn catch_panic<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    install();
    catch_as(Watch::Quiet, f)
}

fn catch_as<T>(watch: Watch, f: impl FnOnce() -> T) -> Result<T, Panic> {
    let outer = WATCH.replace(watch);
    // A place from a panic that other code has caught is out of date.
    if NOTED.replace(false) {
        PLACE.set(None);
    }
    // Data that `f` leaves half changed is only visible to code that shares it, as with any
    // panicking thread.
    let result = panic::catch_unwind(AssertUnwindSafe(f));
    let result = result.map_err(|payload| {
        let message = if let Some(text) = payload.downcast_ref::<&str>() {
            (*text).to_owned()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone()
        } else {
            "(a payload that is no text)".to_owned()
        };
        let location = PLACE.take();
        contain(|| drop(payload));
        Panic {
            message,
            location: location.unwrap_or_else(|| "an unknown place".to_owned()),
        }
    });
    WATCH.set(outer);
    result
}

/// Runs `f`. The panic hook reports its panic, which has no other effect. False if it panicked.
///
/// Dropping a panic's payload may panic again, and so may the payload of that panic. Such a payload
/// is leaked.
pub(crate) fn contain(f: impl FnOnce()) -> bool {
    let Err(payload) = panic::catch_unwind(AssertUnwindSafe(f)) else {
        return true;
    };
    if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    false
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
        // `resume_unwind` calls no hook, so the place is unknown.
        assert_eq!(panic.location, "an unknown place");
    }

    /// Panics when it is dropped, with a payload that does the same.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            if self.0 > 0 {
                panic::panic_any(Bomb(self.0 - 1));
            }
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_goes_no_further() {
        for bombs in [1, 2, 5] {
            let panic = catch(|| panic::panic_any(Bomb(bombs))).unwrap_err();
            assert_eq!(panic.message, "(a payload that is no text)");
            assert!(!contain(|| panic::panic_any(Bomb(bombs))));
        }
    }
}
