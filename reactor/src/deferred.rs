//! Deferreds: results that come later, with callbacks, as in Twisted.

mod cancel;
mod combine;
mod resolver;
mod trampoline;

pub use combine::{first, gather};
pub use resolver::{AlreadyFired, Resolver};

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::{Error, Reactor};
use cancel::{Cancel, leads_to};
use trampoline::Job;

/// A result that comes later.
///
/// Callbacks are added one after the other. Each is called with what the one before it returned:
/// [`add_callback`](Deferred::add_callback) with a value, [`add_errback`](Deferred::add_errback)
/// with an error, [`add_both`](Deferred::add_both) with either. If a callback returns a deferred,
/// the chain waits for it. An error that reaches the end of its chain is logged, with the place
/// where the deferred was made.
///
/// Dropping a deferred does not cancel it, except while it is awaited: dropping a task cancels the
/// deferred that it waits for. A deferred stays on the thread where it was made. It is also a
/// [`Future`]: await it in [`Reactor::spawn`] or anywhere else.
///
/// # Examples
///
/// ```
/// use reactor::{Deferred, Error};
///
/// let (deferred, resolver) = Deferred::new();
/// let length = deferred
///     .add_callback(|text: &str| text.parse::<i32>().map_err(Error::other))
///     .add_callback(|n| Ok(n * 2))
///     .add_errback(|error| {
///         eprintln!("{error}");
///         Ok(0)
///     });
/// resolver.callback("21")?;
/// assert_eq!(length.try_result().unwrap()?, 42);
/// # Ok::<(), Error>(())
/// ```
#[must_use = "an error that no errback handles is only logged: add an errback, or `detach`"]
pub struct Deferred<T: 'static> {
    core: Rc<Core<T>>,
}

type Then<T> = Box<dyn FnOnce(Result<T, Error>)>;

struct Core<T: 'static> {
    result: Cell<Option<Result<T, Error>>>,
    fired: Cell<bool>,
    /// It was cancelled, and its resolver does not know that: the first firing is no error.
    excused: Cell<bool>,
    /// It was cancelled. The caller knows that, so the error is not logged.
    cancelled: Cell<bool>,
    resolvers: Cell<usize>,
    then: Cell<Option<Then<T>>>,
    waker: Cell<Option<Waker>>,
    canceller: Cell<Option<Box<dyn FnOnce()>>>,
    /// The deferred before it in the chain, or the one that a callback returned.
    waits_for: Cell<Option<Weak<dyn Cancel>>>,
    made: &'static Location<'static>,
}

/// What a callback may return: a result, or a [`Deferred`], which the chain waits for.
pub trait Outcome {
    /// The type of the value.
    type Value: 'static;
    #[doc(hidden)]
    fn settle(self, resolver: Resolver<Self::Value>);
}

impl<T: 'static> Outcome for Result<T, Error> {
    type Value = T;

    fn settle(self, resolver: Resolver<T>) {
        resolver.core.clone().settle(self);
    }
}

impl<T> Outcome for Deferred<T> {
    type Value = T;

    fn settle(self, resolver: Resolver<T>) {
        let target: Rc<dyn Cancel> = Rc::clone(&resolver.core) as _;
        let own: Rc<dyn Cancel> = Rc::clone(&self.core) as _;
        if leads_to(own, &target) {
            // It would wait for itself for ever.
            return resolver.core.settle(Err(Error::OwnChain));
        }
        resolver.core.wait_for(&self.core);
        self.core
            .then(Box::new(move |result| resolver.core.settle(result)));
    }
}

impl<T> Deferred<T> {
    /// Makes a deferred, and the resolver that fires it.
    #[track_caller]
    pub fn new() -> (Deferred<T>, Resolver<T>) {
        Self::made(Location::caller())
    }

    /// A deferred that has its result already.
    #[track_caller]
    pub fn done(result: Result<T, Error>) -> Deferred<T> {
        let (deferred, resolver) = Self::made(Location::caller());
        resolver.core.settle(result);
        deferred
    }

    /// A deferred whose [`cancel`](Deferred::cancel) calls `canceller`, which may fire it itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::{Deferred, Error};
    ///
    /// let (deferred, resolver) = Deferred::<()>::with_canceller(|| println!("hanging up"));
    /// deferred.cancel();
    /// assert!(matches!(deferred.try_result(), Some(Err(Error::Cancelled))));
    /// assert!(resolver.callback(()).is_ok(), "it need not know");
    /// assert!(resolver.callback(()).is_err(), "but twice is a mistake");
    /// ```
    #[track_caller]
    pub fn with_canceller(canceller: impl FnOnce() + 'static) -> (Deferred<T>, Resolver<T>) {
        let (deferred, resolver) = Self::made(Location::caller());
        deferred.core.canceller.set(Some(Box::new(canceller)));
        (deferred, resolver)
    }

    fn made(made: &'static Location<'static>) -> (Deferred<T>, Resolver<T>) {
        let core = Rc::new(Core {
            result: Cell::new(None),
            fired: Cell::new(false),
            excused: Cell::new(false),
            cancelled: Cell::new(false),
            resolvers: Cell::new(1),
            then: Cell::new(None),
            waker: Cell::new(None),
            canceller: Cell::new(None),
            waits_for: Cell::new(None),
            made,
        });
        let resolver = Resolver {
            core: Rc::clone(&core),
        };
        (Deferred { core }, resolver)
    }

    /// Adds a callback that gets the value. An error skips it.
    pub fn add_callback<O>(self, callback: impl FnOnce(T) -> O + 'static) -> Deferred<O::Value>
    where
        O: Outcome + 'static,
    {
        self.chain(move |result, resolver| match result {
            Ok(value) => callback(value).settle(resolver),
            Err(error) => Err(error).settle(resolver),
        })
    }

    /// Adds an errback that gets the error. A value skips it.
    pub fn add_errback<O>(self, errback: impl FnOnce(Error) -> O + 'static) -> Deferred<T>
    where
        O: Outcome<Value = T> + 'static,
    {
        self.chain(move |result, resolver| match result {
            Ok(value) => Ok(value).settle(resolver),
            Err(error) => errback(error).settle(resolver),
        })
    }

    /// Adds a callback that gets either, value or error. Clean up here.
    pub fn add_both<O>(
        self,
        callback: impl FnOnce(Result<T, Error>) -> O + 'static,
    ) -> Deferred<O::Value>
    where
        O: Outcome + 'static,
    {
        self.chain(move |result, resolver| callback(result).settle(resolver))
    }

    fn chain<U: 'static>(
        self,
        next: impl FnOnce(Result<T, Error>, Resolver<U>) + 'static,
    ) -> Deferred<U> {
        let (child, resolver) = Deferred::made(self.core.made);
        child.core.wait_for(&self.core);
        self.core.then(Box::new(move |result| {
            let spare = resolver.clone();
            let calling = AssertUnwindSafe(|| next(result, resolver));
            if let Err(panic) = catch_unwind(calling) {
                spare.core.settle(Err(Error::panicked(&*panic)));
            }
        }));
        child
    }

    /// Cancels it: it fails with [`Error::Cancelled`], unless it has a result.
    ///
    /// In a chain this cancels the deferred that the chain waits for at the moment. Errbacks are
    /// called as with any error.
    pub fn cancel(&self) {
        self.core.cancel();
    }

    /// Adds a time-out: without a result within `limit` it fails with [`Error::TimedOut`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use reactor::{Deferred, Error, testing};
    ///
    /// let (reactor, clock) = testing::reactor()?;
    /// let (deferred, _never) = Deferred::<()>::new();
    /// let deferred = deferred.with_timeout(&reactor, Duration::from_secs(5));
    /// clock.advance(Duration::from_secs(5));
    /// reactor.run_pending()?;
    /// assert!(matches!(deferred.try_result(), Some(Err(Error::TimedOut(_)))));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with_timeout(self, reactor: &Reactor, limit: Duration) -> Deferred<T> {
        let late = Rc::new(Cell::new(false));
        let timer = reactor.call_later(limit, {
            let (core, late) = (Rc::downgrade(&self.core), Rc::clone(&late));
            move |_| {
                if let Some(core) = core.upgrade() {
                    late.set(true);
                    core.cancel();
                }
            }
        });
        self.add_both(move |result| {
            timer.cancel();
            match result {
                Err(Error::Cancelled) if late.get() => Err(Error::TimedOut(limit)),
                result => result,
            }
        })
    }

    /// Whether there is a result.
    pub fn is_done(&self) -> bool {
        self.core.fired.get()
    }

    /// The result, if it has come.
    ///
    /// It is meant for tests. Elsewhere, add a callback or await it.
    pub fn try_result(self) -> Option<Result<T, Error>> {
        self.core.result.take()
    }

    /// Drops it on purpose. If it fails, its error is logged.
    pub fn detach(self) {}
}

impl<T> Core<T> {
    /// Fires it, unless it was fired before.
    fn settle(self: &Rc<Self>, result: Result<T, Error>) {
        if self.fired.replace(true) {
            return;
        }
        self.result.set(Some(result));
        drop(self.canceller.take());
        drop(self.waits_for.take());
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
        self.go_on();
    }

    fn then(self: &Rc<Self>, then: Then<T>) {
        // If it was awaited, it is not any more: its callbacks go on.
        drop(self.waker.take());
        self.then.set(Some(then));
        self.go_on();
    }

    /// Queues the continuation, if both the result and the continuation are there.
    fn go_on(self: &Rc<Self>) {
        if self.fired.get() {
            trampoline::run(Rc::clone(self) as Rc<dyn Job>);
        }
    }

    fn wait_for<U>(&self, other: &Rc<Core<U>>) {
        let other: Rc<dyn Cancel> = Rc::clone(other) as _;
        self.waits_for.set(Some(Rc::downgrade(&other)));
    }

    /// Cancels the first deferred of the chain. Its error then passes through the chain. It goes up
    /// the chain in a loop, not by recursion, because a chain may be long.
    fn cancel(self: &Rc<Self>) {
        let mut last: Rc<dyn Cancel> = Rc::clone(self) as _;
        while let Some(next) = last.note() {
            last = next;
        }
        last.cancel_here();
    }
}

impl<T> Job for Core<T> {
    fn run(self: Rc<Self>) {
        if let Some(then) = self.then.take()
            && let Some(result) = self.result.take()
        {
            then(result);
        }
    }
}

impl<T> Drop for Core<T> {
    fn drop(&mut self) {
        match self.result.take() {
            Some(Err(Error::Cancelled)) if self.cancelled.get() => {}
            Some(Err(error)) => tracing::error!(
                error = &error as &dyn std::error::Error,
                made = %self.made,
                "the error of a deferred was not handled"
            ),
            _ => {}
        }
    }
}

impl<T> Drop for Deferred<T> {
    fn drop(&mut self) {
        let awaited = self.core.waker.take().is_some();
        if awaited && !self.core.fired.get() {
            self.core.cancel();
        }
    }
}

impl<T> Future for Deferred<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.core.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                self.core.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for Deferred<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.core.fired.get() {
            "done"
        } else {
            "waiting"
        };
        write!(f, "Deferred({state}, made at {})", self.core.made)
    }
}
