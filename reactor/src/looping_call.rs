//! A call that is made again and again.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::deferred::Outcome;
use crate::{Deferred, DelayedCall, Error, Reactor, Resolver};

/// Makes a call at a fixed interval, until it is stopped or the call fails.
///
/// A call that returns a deferred is waited for. Calls whose time has passed meanwhile are left
/// out: the next one comes at the next full interval since the start.
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
    next: Option<DelayedCall>,
    over: Option<Resolver<()>>,
}

impl LoopingCall {
    /// Makes the first call after one interval, which is a millisecond at least. The deferred
    /// fires when it is stopped, or fails when the call does.
    #[track_caller]
    pub fn start<O>(
        reactor: &Reactor,
        interval: Duration,
        call: impl FnMut(&Reactor) -> O + 'static,
    ) -> (LoopingCall, Deferred<()>)
    where
        O: Outcome<Value = ()> + 'static,
    {
        let (deferred, over) = Deferred::new();
        let state = Rc::new(RefCell::new(State {
            next: None,
            over: Some(over),
        }));
        let looping = LoopingCall { state };
        let beat = Beat {
            looping: looping.clone(),
            start: reactor.now(),
            interval: interval.max(Duration::from_millis(1)),
            call,
        };
        beat.wait(reactor);
        (looping, deferred)
    }

    /// Makes no more calls.
    pub fn stop(&self) {
        self.end(Ok(()));
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
}

impl fmt::Debug for LoopingCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoopingCall(over: {})", self.is_over())
    }
}

struct Beat<F> {
    looping: LoopingCall,
    start: Instant,
    interval: Duration,
    call: F,
}

impl<O, F> Beat<F>
where
    O: Outcome<Value = ()> + 'static,
    F: FnMut(&Reactor) -> O + 'static,
{
    fn wait(mut self, reactor: &Reactor) {
        if self.looping.is_over() {
            return;
        }
        let since = reactor.now().duration_since(self.start).as_nanos();
        let interval = self.interval.as_nanos();
        let left = interval - since % interval;
        let delay = Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX));
        let looping = self.looping.clone();
        let next = reactor.call_later(delay, move |reactor| {
            let called = (self.call)(reactor);
            let reactor = reactor.clone();
            Deferred::done(Ok(()))
                .add_callback(move |()| called)
                .add_both(move |result| {
                    match result {
                        Ok(()) => self.wait(&reactor),
                        Err(error) => self.looping.end(Err(error)),
                    }
                    Ok(())
                })
                .detach();
        });
        looping.state.borrow_mut().next = Some(next);
    }
}
