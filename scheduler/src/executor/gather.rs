//! Waits for several futures at once.

use std::convert::Infallible;

use super::TaskGroup;

/// Runs all futures as tasks. Its output is all their outputs, in the order of the futures.
///
/// If one panics, the others are aborted, and the panic continues here at once. If this future is
/// dropped, all are aborted. The tasks start when it is first awaited. For futures that borrow, use
/// a [`scope`](super::scope); for futures with a `Result`, use [`try_gather`].
///
/// # Panics
///
/// When one of the tasks does, with the same payload; and outside of an executor.
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

/// Runs all futures as tasks. Its output is all their outputs, in the order of the futures, or the
/// first error.
///
/// If one fails, the others are aborted. Otherwise it works like [`gather`].
///
/// # Errors
///
/// The first error of a task, as soon as it comes.
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
