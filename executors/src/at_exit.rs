//! What happens to a pool that still exists when the program ends.
#![allow(
    unsafe_code,
    reason = "std has no way to run code at the end of a program"
)]

use std::sync::{Arc, Mutex, Once, PoisonError, Weak};

/// What a pool does when the program ends: when `main` has returned, or at
/// [`std::process::exit`]. Not when it is killed or aborts.
///
/// If the program is ended by a job or a callback of the pool itself, nothing is waited for: the
/// wait would never end.
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
    /// Waits for all jobs, pending ones too.
    RunPending,
    /// Waits for the jobs that are running; what is pending is cancelled.
    CancelPending,
}

/// A pool that can be closed.
pub(crate) trait Closable: Send + Sync {
    fn close(&self, cancel_pending: bool);
}

impl Closable for crate::thread_pool::Core {
    fn close(&self, cancel_pending: bool) {
        // A worker of the pool does not wait for itself.
        let _ = self.shutdown(true, cancel_pending);
    }
}

type Pools = Vec<(Weak<dyn Closable>, AtExit)>;

// std's lock, under loom too: no model ends a program.
static POOLS: Mutex<Pools> = Mutex::new(Vec::new());

/// Has a pool closed at the end of the program, if it is still there.
pub(crate) fn register<P: Closable + 'static>(pool: &Arc<P>, what: AtExit) {
    unsafe extern "C" {
        // SAFETY: as the C standard declares it, in the C library that std links.
        safe fn atexit(handler: extern "C" fn()) -> std::ffi::c_int;
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // It fails only without memory: then nothing is closed at the end, as without it.
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
            // Callbacks run in here; a panic must not leave a function that C calls.
            crate::panics::contain(|| pool.close(what == AtExit::CancelPending));
        }
    }
}
