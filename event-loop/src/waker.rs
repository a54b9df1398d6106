//! Wakes a loop from another thread. It makes a system call only if the loop sleeps.

use std::fmt;
use std::sync::Arc;

/// Wakes an event loop, from any thread: its wait ends with [`Event::Woken`](crate::Event::Woken).
///
/// Several wake-ups before the loop looks become one event. None is lost: after `Woken` the loop
/// sees everything that was written before the [`wake`](Waker::wake).
///
/// # Examples
///
/// ```
/// use event_loop::{Event, EventLoop};
///
/// # fn main() -> std::io::Result<()> {
/// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
/// let waker = event_loop.waker();
/// std::thread::spawn(move || waker.wake());
/// event_loop.wait(None)?;
/// assert_eq!(event_loop.next_event(), Some(Event::Woken));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Waker {
    shared: Arc<Shared>,
}

struct Shared {
    state: State,
    poll: mio::Waker,
}

impl Waker {
    pub(crate) fn new(poll: mio::Waker) -> Waker {
        let state = State::default();
        Waker {
            shared: Arc::new(Shared { state, poll }),
        }
    }

    /// Wakes the loop. If the loop does not sleep, this takes no system call.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop = EventLoop::new()?;
    /// let waker = event_loop.waker();
    /// // It may be called many times: that makes one event.
    /// waker.wake();
    /// waker.wake();
    /// event_loop.wait(None)?;
    /// assert_eq!(event_loop.next_event(), Some(Event::Woken));
    /// assert_eq!(event_loop.next_event(), None);
    /// # Ok(()) }
    /// ```
    pub fn wake(&self) {
        if self.shared.state.notify()
            && let Err(error) = self.shared.poll.wake()
        {
            // Only a broken eventfd can refuse. The loop will see the state at its next turn.
            tracing::error!(%error, "an event loop could not be woken");
        }
    }

    /// Calls `wait`, which gets a flag whether it may sleep. Returns whether there was a wake-up,
    /// and what `wait` returned.
    pub(crate) fn around<R>(&self, patient: bool, wait: impl FnOnce(bool) -> R) -> (bool, R) {
        self.shared.state.around(patient, wait)
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waker")
    }
}

#[cfg(loom)]
use loom::sync::atomic::{AtomicU8, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU8, Ordering};

const AWAKE: u8 = 0;
const ASLEEP: u8 = 1;
const NOTIFIED: u8 = 2;

/// The state that the sleeping thread and the wakers share.
struct State(AtomicU8);

impl Default for State {
    fn default() -> Self {
        State(AtomicU8::new(AWAKE))
    }
}

impl State {
    /// Notes a wake-up. True if the loop sleeps and must be woken.
    fn notify(&self) -> bool {
        // Release what this thread has done to the thread that is woken. It is always a swap, even
        // if a wake-up is noted already: the loop must see what was done before each wake-up.
        self.0.swap(NOTIFIED, Ordering::AcqRel) == ASLEEP
    }

    fn around<R>(&self, patient: bool, wait: impl FnOnce(bool) -> R) -> (bool, R) {
        // A wake-up after this line is either seen by `fall_asleep` or ends the wait.
        let result = wait(patient && self.fall_asleep());
        (self.wake_up(), result)
    }

    /// False if there was a wake-up: then the loop must not wait.
    fn fall_asleep(&self) -> bool {
        self.0
            .compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Whether there was a wake-up.
    fn wake_up(&self) -> bool {
        self.0.swap(AWAKE, Ordering::AcqRel) == NOTIFIED
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_a_sleeper_is_shaken_and_only_once() {
        let state = State::default();
        assert!(!state.notify(), "it is awake");
        assert!(!state.fall_asleep(), "it was woken");
        assert!(state.wake_up());
        assert!(state.fall_asleep());
        assert!(state.notify() && !state.notify());
        assert!(state.wake_up() && !state.wake_up());
    }
}

/// `RUSTFLAGS="--cfg loom" cargo test -p event-loop --release --lib --target-dir target/loom loom`
#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::atomic::AtomicUsize;
    use loom::sync::{Condvar, Mutex};
    use loom::thread;

    /// The eventfd.
    #[derive(Default)]
    struct Bell {
        rung: Mutex<bool>,
        ring: Condvar,
    }

    /// Two threads leave work and wake the loop. `turns` gives the loop's first turns: true sleeps
    /// until something happens, false only looks. After these it always sleeps.
    fn no_wake_up_is_lost(turns: &'static [bool]) {
        loom::model(move || {
            let shared =
                loom::sync::Arc::new((State::default(), Bell::default(), AtomicUsize::new(0)));
            let wakers: Vec<_> = (0..2)
                .map(|_| {
                    let shared = shared.clone();
                    thread::spawn(move || {
                        let (state, bell, work) = &*shared;
                        work.fetch_add(1, Ordering::Relaxed);
                        if state.notify() {
                            *bell.rung.lock().unwrap() = true;
                            bell.ring.notify_one();
                        }
                    })
                })
                .collect();
            let (state, bell, work) = &*shared;
            let mut turns = turns.iter().copied().chain(std::iter::repeat(true));
            // This would never end if a wake-up were lost: loom would report a deadlock.
            let mut seen = 0;
            while seen < 2 {
                let (woken, ()) = state.around(turns.next().unwrap(), |sleep| {
                    let mut rung = bell.rung.lock().unwrap();
                    while sleep && !*rung {
                        rung = bell.ring.wait(rung).unwrap();
                    }
                    *rung = false;
                });
                if woken {
                    seen = work.load(Ordering::Relaxed);
                }
            }
            for waker in wakers {
                waker.join().unwrap();
            }
        });
    }

    #[test]
    fn loom_no_wake_up_is_lost() {
        no_wake_up_is_lost(&[]);
    }

    #[test]
    fn loom_no_wake_up_is_lost_by_a_turn_that_does_not_wait() {
        no_wake_up_is_lost(&[false]);
        no_wake_up_is_lost(&[true, false]);
    }
}
