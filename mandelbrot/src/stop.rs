//! A way to stop a computation early: kernels check it between their iterations.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// Whether to stop; cheap to clone. The default one never stops.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use mandelbrot::stop::Stop;
///
/// let flag = Arc::new(AtomicBool::new(false));
/// let asked = Arc::clone(&flag);
/// let stop = Stop::when(move || asked.load(Ordering::Relaxed));
/// assert!(!stop.raised());
/// flag.store(true, Ordering::Relaxed);
/// assert!(stop.raised());
/// ```
#[derive(Clone, Default)]
pub struct Stop(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl Stop {
    /// Stops when `question` returns true. Each worker calls it some hundred times per second, so
    /// it should only read an atomic.
    pub fn when(question: impl Fn() -> bool + Send + Sync + 'static) -> Stop {
        Stop(Some(Arc::new(question)))
    }

    /// Whether to stop.
    pub fn raised(&self) -> bool {
        self.0.as_ref().is_some_and(|question| question())
    }
}

/// A closure that panicked may be called again: it must not change any state.
impl RefUnwindSafe for Stop {}
impl UnwindSafe for Stop {}

/// A stop condition is not part of the computation, so all are equal.
impl PartialEq for Stop {
    fn eq(&self, _: &Stop) -> bool {
        true
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stop({})", self.raised())
    }
}
