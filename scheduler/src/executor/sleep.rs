//! Sleep: a future that waits for a time.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use event_loop::{TimerKey, after};

use super::inner::Inner;

/// Sleeps at least this long, counted from the first poll. Without other events it may take up to a
/// millisecond more. A sleep of zero lets the others run once.
pub fn sleep(time: Duration) -> Sleep {
    Sleep {
        until: Until::After(time),
        state: State::Fresh,
    }
}

/// Sleeps until this moment. If it has passed, this lets the others run once.
pub fn sleep_until(moment: Instant) -> Sleep {
    Sleep {
        until: Until::Moment(moment),
        state: State::Fresh,
    }
}

#[derive(Clone, Copy, Debug)]
enum Until {
    After(Duration),
    Moment(Instant),
}

enum State {
    Fresh,
    /// It was due when it began, so it only lets the others run.
    Yields,
    Set(Rc<Inner>, TimerKey),
    Over,
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// # Panics
///
/// When it is not polled by an [`Executor`](super::Executor), or by another one than at its first
/// poll.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep {
    until: Until,
    state: State,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &self.state {
            State::Fresh => self.start(context),
            State::Set(inner, key) => {
                assert!(
                    inner.is_current(),
                    "this sleep belongs to another executor, which does not run on this thread now"
                );
                if self.moment(inner) > inner.now() {
                    inner.move_timer(*key, context);
                    return Poll::Pending;
                }
                self.cancel();
                Poll::Ready(())
            }
            State::Yields | State::Over => {
                self.state = State::Over;
                Poll::Ready(())
            }
        }
    }
}

impl Sleep {
    fn start(&mut self, context: &Context<'_>) -> Poll<()> {
        let inner = Inner::current();
        let moment = self.moment(&inner);
        self.until = Until::Moment(moment);
        self.state = if moment <= inner.now() {
            context.waker().wake_by_ref();
            State::Yields
        } else {
            let key = inner.add_timer(moment, context);
            State::Set(inner, key)
        };
        Poll::Pending
    }

    fn moment(&self, inner: &Inner) -> Instant {
        match self.until {
            Until::Moment(moment) => moment,
            Until::After(time) => after(inner.now(), time),
        }
    }

    fn cancel(&mut self) {
        if let State::Set(inner, key) = std::mem::replace(&mut self.state, State::Over) {
            inner.cancel_timer(key);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl std::fmt::Debug for Sleep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sleep({:?})", self.until)
    }
}
