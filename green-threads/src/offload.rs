//! Runs blocking work (files, name look-ups, long computations) on a pool of threads, while other
//! green threads run.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::OnceLock;
use std::time::Duration;

use executors::{Error, ThreadPool};

use crate::sleep;
use crate::sync::AsyncResult;

/// How many threads the pool has, for all hubs of the process. They are enough to keep a disk and a
/// name server busy, and few enough to start at once.
pub const OFFLOAD_THREADS: usize = 8;

/// How long to wait before retrying when the pool's queue (of
/// [`DEFAULT_QUEUE_LIMIT`](executors::DEFAULT_QUEUE_LIMIT) calls) is full.
const FULL: Duration = Duration::from_millis(1);

/// Calls `f` on a thread of the pool, and waits for its value. Other green threads run meanwhile.
///
/// If the green thread is killed meanwhile, it ends at once. The call goes on, and its value is
/// dropped.
///
/// # Panics
///
/// When `f` panics, or no thread can be started.
///
/// # Examples
///
/// ```
/// let here = std::thread::current().id();
/// let there = green_threads::offload(|| std::thread::current().id());
/// assert_ne!(here, there);
/// ```
pub fn offload<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> T {
    static POOL: OnceLock<ThreadPool> = OnceLock::new();
    let pool = POOL.get_or_init(|| {
        ThreadPool::builder()
            .workers(OFFLOAD_THREADS)
            .thread_name("offload")
            .build()
            .unwrap_or_else(|error| panic!("no threads for blocking calls: {error}"))
    });
    let result = AsyncResult::new();
    let setter = result.setter();
    let mut call = move || setter.set(catch_unwind(AssertUnwindSafe(f)));
    loop {
        match pool.try_spawn(call) {
            Ok(_) => break,
            Err(refused) if matches!(refused.error, Error::QueueFull { .. }) => {
                call = refused.job;
                sleep(FULL);
            }
            Err(refused) => panic!("no thread for a blocking call: {}", refused.error),
        }
    }
    // The pool is never shut down, so the setter is always used.
    assert!(result.get().is_ok(), "the pool's threads run every call");
    match result.into_value() {
        Some(Ok(value)) => value,
        Some(Err(panic)) => resume_unwind(panic),
        None => unreachable!("there is no other clone of the result"),
    }
}
