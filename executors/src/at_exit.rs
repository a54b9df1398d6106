//! What happens to a pool that still exists when the program ends.
#![allow(
    unsafe_code,
    reason = "std has no way to run code at the end of a program"
)]

use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

/// What a pool does when the program ends: after `main` has returned, or at [`std::process::exit`];
/// not if the program is killed or aborts.
///
/// If a job or a callback of the pool ends the program, the pool does not wait, because the wait
/// would never end.
///
/// # Examples
/// ```
/// use std::sync::LazyLock;
/// use executors::{AtExit, ThreadPool};
///
/// static POOL: LazyLock<ThreadPool> = LazyLock::new(|| {
///     let pool = ThreadPool::builder().at_exit(AtExit::RunPending).build();
///     pool.expect("a machine has threads for a pool")
/// });
///
/// fn main() -> Result<(), executors::Error> {
///     drop(POOL.spawn(|| println!("printed before the program has ended"))?);
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtExit {
    /// Wait for all jobs, also the pending ones.
    RunPending,
    /// Wait for the running jobs, and cancel the pending ones.
    CancelPending,
}

/// A pool that can be closed.
pub(crate) trait Closable: Send + Sync {
    fn close(&self, cancel_pending: bool);
}

impl Closable for crate::thread_pool::Core {
    fn close(&self, cancel_pending: bool) {
        // A worker of the pool must not wait for itself.
        let _ = self.shutdown(true, cancel_pending);
    }
}

type Pools = Vec<(Weak<dyn Closable>, AtExit)>;

// A lock of `std`, also under loom: no loom model ends a program.
static POOLS: Mutex<Pools> = Mutex::new(Vec::new());

/// Registers a pool to be closed at the end of the program, if it still exists.
pub(crate) fn register<P: Closable + 'static>(pool: &Arc<P>, what: AtExit) {
    unsafe extern "C" {
        // SAFETY: this is the declaration of the C standard, for the C library that std links.
        safe fn atexit(handler: extern "C" fn()) -> std::ffi::c_int;
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only if there is no memory. Then nothing is closed at the end.
        let _ = atexit(close_all);
    });
    let pool: Weak<P> = Arc::downgrade(pool);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    pools.retain(|(pool, _)| pool.strong_count() > 0);
    pools.push((pool, what));
}

extern "C" fn close_all() {
    let pools = std::mem::take(&mut *POOLS.lock().unwrap_or_else(PoisonError::into_inner));
    for (pool, what) in pools {
        if let Some(pool) = pool.upgrade() {
            // Callbacks run here. A panic must not leave a function that C calls.
            crate::panics::contain(|| pool.close(what == AtExit::CancelPending));
        }
    }
}
