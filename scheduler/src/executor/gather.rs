//! Waiting for many.

use std::convert::Infallible;

use super::TaskGroup;

/// Runs all futures as tasks, and resolves to their outputs, in the order of the futures.
///
/// When one panics, whichever it is, the others are aborted and the panic goes on at once; when
/// this future is dropped, all are aborted. The tasks start when it is first awaited. Futures that
/// borrow go into a [`scope`](super::scope); those that come to a `Result` into [`try_gather`].
///
/// # Panics
///
/// When one of the tasks does, with the same; and outside of an executor.
pub async fn gather<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let sure = |future: F| async move { Ok::<_, Infallible>(future.await) };
    match try_gather(futures.into_iter().map(sure)).await {
        Ok(outputs) => outputs,
    }
}

/// Runs all futures as tasks, and resolves to their outputs, in the order of the futures, or to the
/// first error.
///
/// When one fails, whichever it is, the others are aborted; else it is as [`gather`].
///
/// # Errors
///
/// The first one of a task, as soon as it is there.
///
/// # Panics
///
/// As [`gather`].
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, try_gather};
///
/// # fn main() -> std::io::Result<()> {
/// let numbers = Executor::new()?.block_on(async {
///     let parse = |text: &'static str| async move { text.parse::<u32>() };
///     assert_eq!(try_gather(["1", "2"].map(parse)).await, Ok(vec![1, 2]));
///     try_gather(["3", "four"].map(parse)).await
/// });
/// assert!(numbers.is_err());
/// # Ok(()) }
/// ```
pub async fn try_gather<F, T, E>(futures: impl IntoIterator<Item = F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>> + 'static,
    T: 'static,
    E: 'static,
{
    let mut group = TaskGroup::new();
    for future in futures {
        group.spawn(future);
    }
    group.join_all().await
}
