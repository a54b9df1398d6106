//! Functions that combine several deferreds into one.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

use super::{Core, Deferred, Resolver};
use crate::Error;

/// All values, in the order of the deferreds. The first error fails it, and cancels the others.
///
/// # Examples
///
/// ```
/// use reactor::{Deferred, gather};
///
/// let (a, b) = (Deferred::done(Ok(1)), Deferred::done(Ok(2)));
/// assert_eq!(gather([a, b]).try_result().unwrap()?, [1, 2]);
/// # Ok::<(), reactor::Error>(())
/// ```
#[track_caller]
pub fn gather<T>(deferreds: impl IntoIterator<Item = Deferred<T>>) -> Deferred<Vec<T>> {
    let deferreds: Vec<_> = deferreds.into_iter().collect();
    if deferreds.is_empty() {
        return Deferred::done(Ok(Vec::new()));
    }
    let mut values: Vec<Option<T>> = deferreds.iter().map(|_| None).collect();
    let mut missing = values.len();
    each(deferreds, Location::caller(), move |index, result| {
        match result {
            Ok(value) => values[index] = Some(value),
            Err(error) => return Some(Err(error)),
        }
        missing -= 1;
        (missing == 0).then(|| Ok(values.drain(..).flatten().collect()))
    })
}

/// The first value, and the index of its deferred. The others are cancelled. If all fail, it fails
/// with the last error; without deferreds, with [`Error::Abandoned`].
///
/// # Examples
///
/// ```
/// use reactor::{Deferred, first};
///
/// let (slow, _resolver) = Deferred::new();
/// let fast = Deferred::done(Ok("hare"));
/// assert_eq!(first([slow, fast]).try_result().unwrap()?, (1, "hare"));
/// # Ok::<(), reactor::Error>(())
/// ```
#[track_caller]
pub fn first<T>(deferreds: impl IntoIterator<Item = Deferred<T>>) -> Deferred<(usize, T)> {
    let deferreds: Vec<_> = deferreds.into_iter().collect();
    let mut left = deferreds.len();
    each(deferreds, Location::caller(), move |index, result| {
        left -= 1;
        match result {
            Ok(value) => Some(Ok((index, value))),
            Err(error) => (left == 0).then_some(Err(error)),
        }
    })
}

/// Calls `step` with each result until `step` returns the overall result. The remaining deferreds
/// are then cancelled, and also when the overall deferred is cancelled.
fn each<T: 'static, U: 'static>(
    deferreds: Vec<Deferred<T>>,
    made: &'static Location<'static>,
    step: impl FnMut(usize, Result<T, Error>) -> Option<Result<U, Error>> + 'static,
) -> Deferred<U> {
    let (deferred, resolver): (_, Resolver<U>) = Deferred::made(made);
    let cores: Vec<Rc<Core<T>>> = deferreds
        .into_iter()
        .map(|deferred| Rc::clone(&deferred.core))
        .collect();
    let waited_for = Rc::new(RefCell::new(cores.clone()));
    let cancel_all = move || {
        // Taken out first, because cancelling calls this closure again.
        let cores = waited_for.take();
        cores.iter().for_each(Core::cancel);
    };
    deferred
        .core
        .canceller
        .set(Some(Box::new(cancel_all.clone())));
    let step = Rc::new(RefCell::new(step));
    for (index, core) in cores.into_iter().enumerate() {
        let (step, resolver) = (Rc::clone(&step), resolver.clone());
        let cancel_all = cancel_all.clone();
        core.then(Box::new(move |result| {
            if resolver.is_fired() {
                return;
            }
            let whole = step.borrow_mut()(index, result);
            if let Some(whole) = whole {
                resolver.core.settle(whole);
                cancel_all();
            }
        }));
    }
    deferred
}
