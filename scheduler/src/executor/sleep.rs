//! Waiting for time to pass.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use event_loop::previous::TimerKey;

use super::Inner;

/// A sleep without end is a hundred years: an `Instant` cannot count much further.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

/// Waits for this long at least, counted from the first time it is polled; up to a millisecond
/// longer when nothing else happens.
pub fn sleep(time: Duration) -> Sleep {
    Sleep {
        until: Until::After(time.min(LONGEST)),
        timer: None,
    }
}

/// Waits until this moment.
pub fn sleep_until(moment: Instant) -> Sleep {
    Sleep {
        until: Until::Moment(moment),
        timer: None,
    }
}

#[derive(Clone, Copy, Debug)]
enum Until {
    After(Duration),
    Moment(Instant),
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// # Panics
///
/// When it is polled by something else than an [`Executor`](super::Executor).
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep {
    until: Until,
    timer: Option<(Rc<Inner>, TimerKey)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let inner = match &self.timer {
            Some((inner, _)) => Rc::clone(inner),
            None => Inner::current(),
        };
        let now = inner.now();
        let moment = match self.until {
            Until::Moment(moment) => moment,
            Until::After(time) => now + time,
        };
        self.until = Until::Moment(moment);
        if moment <= now {
            self.cancel();
            return Poll::Ready(());
        }
        let key = match self.timer {
            Some((_, key)) => key,
            None => inner.event_loop().borrow_mut().add_timer(moment),
        };
        let mut timers = inner.timers.borrow_mut();
        if timers.len() <= key.index() {
            timers.resize(key.index() + 1, None);
        }
        let slot = &mut timers[key.index()];
        let known = slot
            .as_ref()
            .is_some_and(|old| old.will_wake(context.waker()));
        let old = match known {
            true => None,
            false => slot.replace(context.waker().clone()),
        };
        drop(timers);
        drop(old);
        self.timer = Some((inner, key));
        Poll::Pending
    }
}

impl Sleep {
    fn cancel(&mut self) {
        if let Some((inner, key)) = self.timer.take()
            && inner.event_loop().borrow_mut().cancel_timer(key)
        {
            let waker = inner.timers.borrow_mut()[key.index()].take();
            drop(waker);
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
