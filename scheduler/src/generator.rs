//! Generators: functions that stop in the middle, give a value, and go on later.
//!
//! Stable Rust has no generators, but it has `async` blocks. The compiler turns such a block into a
//! state machine that stops at each `.await`. So [`Co::yield_`] is a future that stores its value
//! where the caller finds it, and is pending once. [`Generator`] polls the block with a waker that
//! does nothing. Nothing here runs by itself: the caller asks for the next value.
//!
//! ```
//! use scheduler::generator::generator;
//!
//! let mut countdown = generator(|co| async move {
//!     for n in (1..=3).rev() {
//!         co.yield_(n).await;
//!     }
//! });
//! assert_eq!(countdown.next(), Some(3));
//! assert_eq!(countdown.collect::<Vec<_>>(), [2, 1]);
//! ```
//!
//! A generator is made with two allocations: one for the block, and one for the slot through which
//! the values go. An item allocates nothing.
//!
//! # When Rust has them
//!
//! `gen` is a keyword since edition 2024, and `gen` blocks are unstable. The countdown will be
//!
//! ```text
//! let mut countdown = gen {
//!     for n in (1..=3).rev() {
//!         yield n;
//!     }
//! };
//! ```
//!
//! with no `co` to pass around, and without any allocation. They will be iterators only: to send
//! values in will still take something like [`coroutine`].

use std::cell::Cell;
use std::fmt;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Makes a generator that only gives values: an [`Iterator`].
///
/// Nothing of it runs before the first value is asked for.
pub fn generator<Y, F: Future>(body: impl FnOnce(Co<Y>) -> F) -> Generator<Y, (), F> {
    coroutine(body)
}

/// Makes a generator that also receives values: each [`Co::yield_`] returns what the next
/// [`Generator::send`] sends.
///
/// # Examples
///
/// ```
/// use scheduler::generator::coroutine;
///
/// let mut average = coroutine(|co| async move {
///     let (mut sum, mut count, mut average) = (0.0, 0.0, None);
///     loop {
///         let value: f64 = co.yield_(average).await;
///         sum += value;
///         count += 1.0;
///         average = Some(sum / count);
///     }
/// });
/// assert_eq!(average.start(), Some(None));
/// assert_eq!(average.send(10.0), Some(Some(10.0)));
/// assert_eq!(average.send(20.0), Some(Some(15.0)));
/// # let _: Option<()> = average.result();
/// ```
pub fn coroutine<Y, S, F: Future>(body: impl FnOnce(Co<Y, S>) -> F) -> Generator<Y, S, F> {
    let slot = Rc::new(Cell::new(Slot::Empty));
    let co = Co {
        slot: Rc::clone(&slot),
    };
    Generator {
        body: Body::Fresh(Box::pin(body(co))),
        running: false,
        slot,
    }
}

/// The slot for a value, in either direction.
enum Slot<Y, S> {
    Empty,
    Yielded(Y),
    Sent(S),
}

/// The generator's own end, with which it yields.
pub struct Co<Y, S = ()> {
    slot: Rc<Cell<Slot<Y, S>>>,
}

impl<Y, S> Co<Y, S> {
    /// Gives a value, and goes on when the next one is asked for. Its output is the value that was
    /// sent then.
    ///
    /// # Panics
    ///
    /// If a value waits already. That takes two yields at once in one generator (with `join!`).
    pub fn yield_(&self, value: Y) -> Yield<'_, Y, S> {
        Yield {
            co: self,
            value: Some(value),
            yielded: false,
        }
    }

    /// Gives all values of an iterator, which may be another generator.
    pub async fn yield_all(&self, values: impl IntoIterator<Item = Y>) {
        for value in values {
            self.yield_(value).await;
        }
    }

    /// Gives all values of another generator, passes on everything that is sent, and returns its
    /// result: Python's `yield from`.
    ///
    /// An item from `depth` generators down costs `depth` polls.
    ///
    /// # Panics
    ///
    /// If the other one was started or has ended already.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::generator::{coroutine, generator};
    ///
    /// let mut outer = generator(|co| async move {
    ///     let inner = generator(|co| async move {
    ///         co.yield_("a").await;
    ///         co.yield_("b").await;
    ///         "inner's result"
    ///     });
    ///     let result = co.yield_from(inner).await;
    ///     co.yield_(result).await;
    /// });
    /// assert!(outer.eq(["a", "b", "inner's result"]));
    /// ```
    pub async fn yield_from<F: Future>(&self, mut other: Generator<Y, S, F>) -> F::Output {
        let mut yielded = other.start();
        while let Some(value) = yielded {
            let sent = self.yield_(value).await;
            yielded = other.send(sent);
        }
        match other.result() {
            Some(result) => result,
            None => panic!("yield_from: that generator had ended before"),
        }
    }
}

impl<Y, S> fmt::Debug for Co<Y, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Co")
    }
}

/// The future of [`Co::yield_`]. If it is dropped before the value is asked for, it yields nothing.
#[must_use = "nothing is yielded before it is awaited"]
pub struct Yield<'a, Y, S> {
    co: &'a Co<Y, S>,
    value: Option<Y>,
    /// The value was given, or waits to be taken.
    yielded: bool,
}

// None of its fields is pinned.
impl<Y, S> Unpin for Yield<'_, Y, S> {}

impl<Y, S> Future for Yield<'_, Y, S> {
    type Output = S;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<S> {
        let slot = &self.co.slot;
        let found = slot.replace(Slot::Empty);
        match (self.value.take(), found) {
            (Some(value), Slot::Empty) => {
                self.co.slot.set(Slot::Yielded(value));
                self.yielded = true;
                Poll::Pending
            }
            (None, Slot::Sent(sent)) => {
                self.yielded = false;
                Poll::Ready(sent)
            }
            (Some(_), _) => panic!("a generator yields one value at a time"),
            (None, found) => {
                slot.set(found);
                Poll::Pending
            }
        }
    }
}

impl<Y, S> Drop for Yield<'_, Y, S> {
    fn drop(&mut self) {
        if self.yielded {
            match self.co.slot.replace(Slot::Empty) {
                Slot::Yielded(_) => {}
                found => self.co.slot.set(found),
            }
        }
    }
}

impl<Y, S> fmt::Debug for Yield<'_, Y, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Yield")
    }
}

enum Body<F: Future> {
    /// Not started: there is no yield yet that could receive a value.
    Fresh(Pin<Box<F>>),
    Suspended(Pin<Box<F>>),
    Ended(Option<F::Output>),
}

/// A generator, seen from outside. Made by [`generator`] or [`coroutine`].
///
/// Dropping it drops everything that its body holds, at the yield where it stopped.
pub struct Generator<Y, S, F: Future> {
    body: Body<F>,
    /// Set while its body runs, and after the body has panicked.
    running: bool,
    slot: Rc<Cell<Slot<Y, S>>>,
}

impl<Y, S, F: Future> Generator<Y, S, F> {
    /// Runs to the first yield; `None` if there is none.
    ///
    /// # Panics
    ///
    /// If it was started before.
    pub fn start(&mut self) -> Option<Y> {
        match std::mem::replace(&mut self.body, Body::Ended(None)) {
            Body::Fresh(body) => {
                self.body = Body::Suspended(body);
                self.go_on()
            }
            _ => panic!("this generator was started before: send() goes on"),
        }
    }

    /// Sends a value to the yield where it stopped, and runs to the next; `None` if it has ended.
    ///
    /// # Panics
    ///
    /// If it was not started: no yield waits for a value.
    pub fn send(&mut self, value: S) -> Option<Y> {
        match self.body {
            Body::Fresh(_) => panic!("nothing waits for a value yet: start() comes first"),
            Body::Suspended(_) => {
                self.slot.set(Slot::Sent(value));
                self.go_on()
            }
            Body::Ended(_) => None,
        }
    }

    /// Takes the return value of its body; `None` before the end, and at the second call.
    pub fn result(&mut self) -> Option<F::Output> {
        match &mut self.body {
            Body::Ended(result) => result.take(),
            _ => None,
        }
    }

    /// Ends it at its present yield, as dropping it does. Destructors run, and there are no more
    /// values.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use scheduler::generator::generator;
    ///
    /// struct OnDrop(Rc<Cell<bool>>);
    /// impl Drop for OnDrop {
    ///     fn drop(&mut self) {
    ///         self.0.set(true);
    ///     }
    /// }
    ///
    /// let closed = Rc::new(Cell::new(false));
    /// let file = OnDrop(closed.clone());
    /// let mut lines = generator(|co| async move {
    ///     let _file = file;
    ///     co.yield_all(0..).await;
    /// });
    /// assert_eq!(lines.next(), Some(0));
    /// lines.close();
    /// assert!(closed.get());
    /// assert_eq!(lines.next(), None);
    /// ```
    pub fn close(&mut self) {
        if !matches!(self.body, Body::Ended(_)) {
            self.body = Body::Ended(None);
        }
    }

    /// Whether there are no more values.
    pub fn has_ended(&self) -> bool {
        self.running || matches!(self.body, Body::Ended(_))
    }

    fn go_on(&mut self) -> Option<Y> {
        let Body::Suspended(body) = &mut self.body else {
            return None;
        };
        // If the body panics, this stays set: the generator has ended.
        if std::mem::replace(&mut self.running, true) {
            return None;
        }
        let polled = body.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        match (polled, self.slot.replace(Slot::Empty)) {
            (Poll::Pending, Slot::Yielded(value)) => {
                self.running = false;
                Some(value)
            }
            (Poll::Ready(result), _) => {
                self.body = Body::Ended(Some(result));
                None
            }
            (Poll::Pending, _) => {
                panic!("a generator may await its own yields only: nothing would wake it")
            }
        }
    }
}

impl<Y, F: Future> Iterator for Generator<Y, (), F> {
    type Item = Y;

    fn next(&mut self) -> Option<Y> {
        match self.body {
            Body::Fresh(_) => self.start(),
            _ => self.send(()),
        }
    }
}

impl<Y, F: Future> FusedIterator for Generator<Y, (), F> {}

impl<Y, S, F: Future> fmt::Debug for Generator<Y, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.body {
            _ if self.has_ended() => "ended",
            Body::Fresh(_) => "fresh",
            Body::Suspended(_) => "suspended",
            Body::Ended(_) => "ended",
        };
        write!(f, "Generator({state})")
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
