//! The executor that runs on this thread.

use std::cell::RefCell;
use std::rc::Rc;

use super::inner::Inner;
use super::{JoinHandle, TaskId};

thread_local! {
    static CURRENT: RefCell<Option<Rc<Inner>>> = const { RefCell::new(None) };
}

impl Inner {
    /// The executor that runs on this thread.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub(crate) fn current() -> Rc<Inner> {
        match Inner::try_current() {
            Some(inner) => inner,
            None => panic!("no executor runs on this thread: do this inside block_on"),
        }
    }

    fn try_current() -> Option<Rc<Inner>> {
        Inner::with_current(|current| current.cloned())
    }

    /// Whether this executor runs on this thread.
    pub(crate) fn is_current(self: &Rc<Self>) -> bool {
        Inner::with_current(|current| current.is_some_and(|current| Rc::ptr_eq(current, self)))
    }

    fn with_current<T>(look: impl FnOnce(Option<&Rc<Inner>>) -> T) -> T {
        let mut look = Some(look);
        let looked =
            CURRENT.try_with(|current| look.take().map(|look| look(current.borrow().as_ref())));
        match (looked, look) {
            (Ok(Some(found)), _) => found,
            // A thread that is ending has none.
            (_, Some(look)) => look(None),
            _ => unreachable!("it has looked, or not"),
        }
    }
}

/// While this exists, an executor runs on this thread.
pub(super) struct Entered;

impl Entered {
    #[track_caller]
    pub(super) fn new(inner: &Rc<Inner>) -> Entered {
        CURRENT.with_borrow_mut(|current| {
            assert!(
                current.is_none(),
                "an executor runs on this thread already, and this would block it: use await, or spawn"
            );
            *current = Some(Rc::clone(inner));
        });
        Entered
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let inner = CURRENT.take();
        inner.iter().for_each(|inner| inner.core.rest());
    }
}

/// Starts a task on the executor that runs on this thread.
///
/// # Panics
///
/// If no executor runs on this thread.
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Inner::current().spawn(future)
}

/// Starts a task with a name, which the report of a deadlock shows.
///
/// # Panics
///
/// As [`spawn`].
#[track_caller]
pub fn spawn_named<F>(name: impl Into<Rc<str>>, future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    Inner::current().spawn_named(name.into(), future)
}

/// The task that is being polled; `None` outside of tasks.
pub fn current_task() -> Option<TaskId> {
    Inner::with_current(|current| {
        let current = current?;
        Some(TaskId {
            executor: current.id(),
            number: current.core.running()?,
        })
    })
}
