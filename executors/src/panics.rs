//! Catching a panic with its message and its place.
//!
//! `omp/panics.rs` of the room `mandelbrot` does the same for a team of threads: it stands alone, to
//! be copied without this crate.

use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

/// A panic that was caught: what it said, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
#[error("panicked at {location}: {message}")]
pub struct Panic {
    /// What the panic said; a fixed text if its payload was no text.
    pub message: String,
    /// `file:line:column`; `"an unknown place"` if the program replaced the panic hook since.
    pub location: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Watch {
    /// Panics are not ours.
    Off,
    /// Their place is noted, and the hooks set before report them.
    Noting,
    /// Their place is noted, and nothing is printed.
    Quiet,
}

thread_local! {
    static WATCH: Cell<Watch> = const { Cell::new(Watch::Off) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Whether there may be one. It is looked at for each job, and takes less time than the place.
    static NOTED: Cell<bool> = const { Cell::new(false) };
}

/// Has the panic hook note where panics happen inside [`catch`]; the hook set before still runs.
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

/// Runs `f`, and turns a panic into a value. The panic is reported as the program's panic hook
/// reports it, usually on standard error.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_as(Watch::Noting, f)
}

/// Runs `f`, and turns a panic into a value, with its message and place. Nothing is printed.
///
/// The first call sets a panic hook for the whole program; it leaves every other panic to the hook
/// that was there. What `f` leaves half done is only seen by whoever shares it.
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
    // One that was caught elsewhere is nobody's.
    if NOTED.replace(false) {
        PLACE.set(None);
    }
    // What `f` leaves half done is only seen by whoever shared it, as with any panicking thread.
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

/// Runs `f`; its panic is reported by the panic hook and goes no further. False if it panicked.
///
/// A panic's payload is dropped by whoever caught it, and may panic in its turn; that one's payload
/// may too. Such a payload is left undropped.
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
        // `resume_unwind` calls no hook, so the place is not known.
        assert_eq!(panic.location, "an unknown place");
    }

    /// Panics when it is dropped, with a payload that does too.
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
