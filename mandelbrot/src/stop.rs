//! A way to end a computation early: kernels ask for it between their iterations.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// Says whether to stop; cheap to clone. The default one never does.
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
    /// Stops when `question` is answered by true. It is asked some hundred times a second by each
    /// worker, so it should read an atomic and no more.
    pub fn when(question: impl Fn() -> bool + Send + Sync + 'static) -> Stop {
        Stop(Some(Arc::new(question)))
    }

    /// Whether to stop.
    pub fn raised(&self) -> bool {
        self.0.as_ref().is_some_and(|question| question())
    }
}

/// A question that panicked may be asked again: it changes nothing.
impl RefUnwindSafe for Stop {}
impl UnwindSafe for Stop {}

/// What may end a computation is no part of what is computed.
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
