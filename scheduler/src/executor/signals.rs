//! Signals that have come, and the tasks that wait for some.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use event_loop::Signal;
use slab::Slab;

use super::inner::Inner;

/// The signals that have come, and the tasks that wait for signals.
#[derive(Default)]
pub(super) struct Signals {
    handled: Cell<bool>,
    /// Signals that came while no task waited. Each kind is kept once, as in the system.
    kept: RefCell<Vec<Signal>>,
    waiting: RefCell<Slab<Waiting>>,
}

struct Waiting {
    wanted: Vec<Signal>,
    /// The signal that came, and whether one of the tasks that were told has taken it.
    told: Option<(Signal, Rc<Cell<bool>>)>,
    waker: Option<Waker>,
}

impl Signals {
    /// Whether this loop handles signals.
    pub(super) fn are_handled(&self) -> bool {
        self.handled.get()
    }

    /// Tells all tasks that wait for this signal. If there are none, the signal is kept.
    pub(super) fn came(&self, signal: Signal) {
        let seen = Rc::new(Cell::new(false));
        let mut wakers = Vec::new();
        for (_, waiting) in self.waiting.borrow_mut().iter_mut() {
            if waiting.told.is_none() && waiting.wanted.contains(&signal) {
                waiting.told = Some((signal, Rc::clone(&seen)));
                wakers.extend(waiting.waker.take());
            }
        }
        if Rc::strong_count(&seen) == 1 {
            self.keep(signal);
        }
        wakers.into_iter().for_each(Waker::wake);
    }

    fn keep(&self, signal: Signal) {
        let mut kept = self.kept.borrow_mut();
        if !kept.contains(&signal) {
            kept.push(signal);
        }
    }

    fn take_kept(&self, wanted: &[Signal]) -> Option<Signal> {
        let mut kept = self.kept.borrow_mut();
        let place = kept.iter().position(|signal| wanted.contains(signal))?;
        Some(kept.remove(place))
    }
}

/// Waits for one of these signals. From this call on they do not have their default effect.
///
/// All tasks that wait for a signal are told. A signal that comes while no task waits is kept for
/// the next wait. It is also kept if all waits for it were dropped before they returned it.
///
/// # Errors
///
/// When the system refuses.
///
/// # Panics
///
/// Outside of an executor, and on signals that cannot be handled.
///
/// # Examples
///
/// ```
/// use event_loop::Signal;
/// use scheduler::executor::{Either, Executor, select, yield_now};
/// use scheduler::io::signal;
///
/// # fn main() -> std::io::Result<()> {
/// let first = Executor::new()?.block_on(async {
///     select(signal(&[Signal::INTERRUPT, Signal::TERMINATE]), yield_now()).await
/// });
/// assert!(matches!(first, Either::Right(())), "Ctrl-C was not pressed");
/// # Ok(()) }
/// ```
#[track_caller]
pub fn signal(signals: &[Signal]) -> SignalWait {
    let inner = Inner::current();
    let refused = inner.event_loop().borrow_mut().handle_signals(signals);
    inner.signals.handled.set(true);
    let place = inner.signals.waiting.borrow_mut().insert(Waiting {
        wanted: signals.to_vec(),
        told: None,
        waker: None,
    });
    SignalWait {
        inner,
        place,
        refused: refused.err(),
    }
}

/// The future of [`signal`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct SignalWait {
    inner: Rc<Inner>,
    place: usize,
    refused: Option<io::Error>,
}

impl Future for SignalWait {
    type Output = io::Result<Signal>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        if let Some(error) = self.refused.take() {
            return Poll::Ready(Err(error));
        }
        // Cloned first, because that may call foreign code.
        let waker = context.waker().clone();
        let signals = &self.inner.signals;
        let mut table = signals.waiting.borrow_mut();
        let waiting = &mut table[self.place];
        if let Some((signal, seen)) = waiting.told.take() {
            seen.set(true);
            return Poll::Ready(Ok(signal));
        }
        if let Some(signal) = signals.take_kept(&waiting.wanted) {
            return Poll::Ready(Ok(signal));
        }
        let old = waiting.waker.replace(waker);
        drop(table);
        drop(old);
        Poll::Pending
    }
}

impl Drop for SignalWait {
    fn drop(&mut self) {
        let signals = &self.inner.signals;
        let waiting = signals.waiting.borrow_mut().remove(self.place);
        if let Some((signal, seen)) = &waiting.told
            && !seen.get()
            && Rc::strong_count(seen) == 1
        {
            signals.keep(*signal);
        }
    }
}

impl fmt::Debug for SignalWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignalWait")
    }
}
