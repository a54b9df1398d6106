//! A call that is repeated at a fixed interval.

use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use crate::deferred::Outcome;
use crate::{Deferred, DelayedCall, Error, Reactor, Resolver};

/// Makes a call at a fixed interval, until it is stopped or the call fails.
///
/// If the call returns a deferred, the next call waits for it. Calls whose time has passed
/// meanwhile are skipped. The next one comes at the next full interval since the start.
///
/// Each `start` method returns a deferred. It fires when the calls are stopped, and fails when a
/// call fails or panics. Cancelling it stops the calls.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use reactor::{LoopingCall, testing};
///
/// # fn main() -> std::io::Result<()> {
/// let (reactor, clock) = testing::reactor()?;
/// let count = std::rc::Rc::new(std::cell::Cell::new(0));
/// let counter = count.clone();
/// let (looping, over) = LoopingCall::start(&reactor, Duration::from_secs(1), move |_| {
///     counter.update(|count| count + 1);
///     Ok(())
/// });
/// for _ in 0..3 {
///     clock.advance(Duration::from_secs(1));
///     reactor.run_pending()?;
/// }
/// looping.stop();
/// assert_eq!(count.get(), 3);
/// assert!(over.is_done());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct LoopingCall {
    state: Rc<RefCell<State>>,
}

struct State {
    start: Instant,
    interval: Duration,
    /// How many intervals had passed since the start when the last call was made.
    made: u64,
    next: Option<DelayedCall>,
    over: Option<Resolver<()>>,
}

impl LoopingCall {
    /// Makes the first call after one interval. An interval is at least a millisecond.
    #[track_caller]
    pub fn start<O>(
        reactor: &Reactor,
        interval: Duration,
        call: impl FnMut(&Reactor) -> O + 'static,
    ) -> (LoopingCall, Deferred<()>)
    where
        O: Outcome<Value = ()> + 'static,
    {
        let (looping, over) = Self::new(reactor, interval);
        looping.wait(reactor, without_count(call));
        (looping, over)
    }

    /// Makes the first call now, before this returns.
    #[track_caller]
    pub fn start_now<O>(
        reactor: &Reactor,
        interval: Duration,
        call: impl FnMut(&Reactor) -> O + 'static,
    ) -> (LoopingCall, Deferred<()>)
    where
        O: Outcome<Value = ()> + 'static,
    {
        let (looping, over) = Self::new(reactor, interval);
        looping.call(reactor, without_count(call), 1);
        (looping, over)
    }

    /// As [`start`](LoopingCall::start). The call gets the number of intervals since the last call:
    /// it is more than one if calls were skipped.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use reactor::{LoopingCall, testing};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (reactor, clock) = testing::reactor()?;
    /// let total = std::rc::Rc::new(std::cell::Cell::new(0));
    /// let counter = total.clone();
    /// let (looping, _over) =
    ///     LoopingCall::with_count(&reactor, Duration::from_secs(1), move |_, count| {
    ///         counter.update(|total| total + count);
    ///         Ok(())
    ///     });
    /// clock.advance(Duration::from_secs(5));
    /// reactor.run_pending()?;
    /// assert_eq!(total.get(), 5);
    /// looping.stop();
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn with_count<O>(
        reactor: &Reactor,
        interval: Duration,
        call: impl FnMut(&Reactor, u64) -> O + 'static,
    ) -> (LoopingCall, Deferred<()>)
    where
        O: Outcome<Value = ()> + 'static,
    {
        let (looping, over) = Self::new(reactor, interval);
        looping.wait(reactor, call);
        (looping, over)
    }

    #[track_caller]
    fn new(reactor: &Reactor, interval: Duration) -> (LoopingCall, Deferred<()>) {
        let state = Rc::new(RefCell::new(State {
            start: reactor.now(),
            interval: interval.max(Duration::from_millis(1)),
            made: 0,
            next: None,
            over: None,
        }));
        let (deferred, over) = Deferred::with_canceller({
            let state = Rc::downgrade(&state);
            move || {
                if let Some(looping) = LoopingCall::upgrade(&state) {
                    looping.stop();
                }
            }
        });
        state.borrow_mut().over = Some(over);
        (LoopingCall { state }, deferred)
    }

    fn upgrade(state: &Weak<RefCell<State>>) -> Option<LoopingCall> {
        state.upgrade().map(|state| LoopingCall { state })
    }

    /// Stops the calls and cancels the one that waits.
    pub fn stop(&self) {
        self.end(Ok(()));
    }

    /// Restarts the interval: the next call comes a full interval from now. It does nothing while a
    /// call runs, or after the end.
    pub fn reset(&self) {
        let mut state = self.state.borrow_mut();
        let interval = state.interval;
        if let Some(next) = &state.next
            && next.reset(interval)
        {
            state.start = before(next.due(), interval);
            state.made = 0;
        }
    }

    fn end(&self, result: Result<(), Error>) {
        let (next, over) = {
            let mut state = self.state.borrow_mut();
            (state.next.take(), state.over.take())
        };
        if let Some(next) = next {
            next.cancel();
        }
        if let Some(over) = over {
            let _ = over.fire(result);
        }
    }

    fn is_over(&self) -> bool {
        self.state.borrow().over.is_none()
    }

    /// How many full intervals have passed, and how long the present one still takes.
    fn intervals(&self, now: Instant) -> (u64, Duration) {
        let state = self.state.borrow();
        let since = now.saturating_duration_since(state.start).as_nanos();
        let interval = state.interval.as_nanos();
        let left = interval - since % interval;
        let passed = u64::try_from(since / interval).unwrap_or(u64::MAX);
        (passed, nanos(left))
    }

    fn wait<O, F>(&self, reactor: &Reactor, call: F)
    where
        O: Outcome<Value = ()> + 'static,
        F: FnMut(&Reactor, u64) -> O + 'static,
    {
        if self.is_over() {
            return;
        }
        let (_, left) = self.intervals(reactor.now());
        let looping = self.clone();
        let next = reactor.call_later(left, move |reactor| {
            let (passed, _) = looping.intervals(reactor.now());
            let count = passed.saturating_sub(looping.state.borrow().made).max(1);
            looping.call(reactor, call, count);
        });
        self.state.borrow_mut().next = Some(next);
    }

    fn call<O, F>(&self, reactor: &Reactor, mut call: F, count: u64)
    where
        O: Outcome<Value = ()> + 'static,
        F: FnMut(&Reactor, u64) -> O + 'static,
    {
        let (passed, _) = self.intervals(reactor.now());
        {
            let mut state = self.state.borrow_mut();
            (state.made, state.next) = (passed, None);
        }
        let calling = AssertUnwindSafe(|| call(reactor, count));
        let called = match catch_unwind(calling) {
            Ok(called) => called,
            Err(panic) => {
                let error = Error::panicked(&*panic);
                tracing::error!(%error, "a looping call panicked, and ends");
                return self.end(Err(error));
            }
        };
        let (looping, reactor) = (self.clone(), reactor.clone());
        Deferred::done(Ok(()))
            .add_callback(move |()| called)
            .add_both(move |result| {
                match result {
                    Ok(()) => looping.wait(&reactor, call),
                    Err(error) => looping.end(Err(error)),
                }
                Ok(())
            })
            .detach();
    }
}

impl fmt::Debug for LoopingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoopingCall(over: {})", self.is_over())
    }
}

fn without_count<O>(
    mut call: impl FnMut(&Reactor) -> O + 'static,
) -> impl FnMut(&Reactor, u64) -> O + 'static {
    move |reactor: &Reactor, _: u64| call(reactor)
}

fn before(moment: Instant, earlier: Duration) -> Instant {
    moment.checked_sub(earlier).unwrap_or(moment)
}

fn nanos(nanos: u128) -> Duration {
    const SECOND: u128 = 1_000_000_000;
    match u64::try_from(nanos / SECOND) {
        Ok(seconds) => Duration::new(seconds, (nanos % SECOND) as u32),
        Err(_) => Duration::MAX,
    }
}
