//! Waiting for many.

use super::{JoinHandle, spawn};

/// The tasks that are left when a gathering is given up.
struct Tasks<T>(Vec<JoinHandle<T>>);

impl<T> Drop for Tasks<T> {
    fn drop(&mut self) {
        self.0.iter().for_each(JoinHandle::abort);
    }
}

/// Runs all futures as tasks, and resolves to their outputs, in the order of the futures.
///
/// When one panics, or when this future is dropped, the tasks that are left are aborted. The tasks
/// start when it is first awaited. Futures that borrow go into a [`scope`](super::scope).
///
/// # Panics
///
/// When one of the tasks does, with the same; and outside of an executor.
pub async fn gather<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let mut tasks = Tasks(futures.into_iter().map(spawn).collect());
    let mut outputs = Vec::with_capacity(tasks.0.len());
    for task in &mut tasks.0 {
        match task.await {
            Ok(output) => outputs.push(output),
            Err(error) => error.resume(),
        }
    }
    outputs
}
