//! Runs blocking or computing code on other threads.

use std::sync::OnceLock;
use std::time::Duration;

use executors::ThreadPool;

use super::sleep;

/// Why a call on another thread has no result.
pub use executors::Error as ThreadError;

/// How long to wait before retrying when the threads' queue is full.
const FULL: Duration = Duration::from_millis(1);

/// Calls `call` on another thread. Its output is what `call` returns. Other tasks run meanwhile.
///
/// The threads are one pool for the whole process, one for each CPU, started at the first call. At
/// most [8192](executors::DEFAULT_QUEUE_LIMIT) calls wait in its queue; more wait here. If this
/// future is dropped, a call that has not begun is not made, and one that has begun goes on.
/// So the call owns everything that it uses (`'static`).
///
/// # Errors
///
/// When the call panicked, or no thread could be started.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, to_thread};
///
/// # fn main() -> std::io::Result<()> {
/// let here = std::thread::current().id();
/// let there = Executor::new()?.block_on(to_thread(|| std::thread::current().id()));
/// assert!(there.is_ok_and(|there| there != here));
/// # Ok(()) }
/// ```
pub async fn to_thread<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ThreadError> {
    static POOL: OnceLock<Result<ThreadPool, ThreadError>> = OnceLock::new();
    let pool = POOL.get_or_init(|| ThreadPool::builder().thread_name("to-thread").build());
    let pool = pool.as_ref().map_err(ThreadError::clone)?;
    let mut call = call;
    loop {
        match pool.try_spawn(call) {
            Ok(future) => return future.await,
            Err(refused) if matches!(refused.error, ThreadError::QueueFull { .. }) => {
                call = refused.job;
                sleep(FULL).await;
            }
            Err(refused) => return Err(refused.error),
        }
    }
}
