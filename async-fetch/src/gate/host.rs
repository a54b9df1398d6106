//! One host: how many requests at once, and when.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::hosts::Remembered;
use super::lock;
use crate::alarm::after;
use crate::pace::Pace;

/// A host: a scheme, a name and a port.
#[derive(Debug)]
pub(crate) struct Host {
    name: Box<str>,
    places: Semaphore,
    /// How many places there are, those in use included.
    size: AtomicUsize,
    /// Places in use that are removed when they are given back.
    debt: AtomicUsize,
    /// Its pace is slower than at first. (Otherwise the lock on the state is not needed.)
    slowed: AtomicBool,
    answers: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    times: Times,
    pace: Pace,
}

/// When a host may get a request.
#[derive(Debug)]
struct Times {
    /// The time from one start to the next.
    delay: Duration,
    /// The last start, if there is a delay.
    last: Option<Instant>,
    /// The host asked for a pause until then.
    paused: Option<Instant>,
    /// It has a delay of its own, which must not be forgotten.
    set: bool,
}

/// A host that gets fewer requests, because it refused some.
#[derive(Clone, Debug, PartialEq)]
pub struct Slowed {
    /// The scheme, the name and the port.
    pub host: String,
    /// Requests that may be in flight at once.
    pub at_once: usize,
    /// Requests a second, if they are limited.
    pub a_second: Option<f64>,
    /// The pause that it asked for.
    pub paused: Option<Duration>,
    /// How many requests it refused.
    pub refusals: u64,
}

impl Host {
    pub(super) fn new(name: &str, places: usize, delay: Duration) -> Host {
        Host {
            name: name.into(),
            places: Semaphore::new(places),
            size: AtomicUsize::new(places),
            debt: AtomicUsize::new(0),
            slowed: AtomicBool::new(false),
            answers: AtomicU64::new(0),
            state: Mutex::new(State {
                times: Times {
                    delay,
                    last: None,
                    paused: None,
                    set: false,
                },
                pace: Pace::new(places),
            }),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Requests that may be in flight at once, now.
    pub(crate) fn at_once(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// How many requests it has answered without refusing them.
    pub(crate) fn answers(&self) -> u64 {
        self.answers.load(Ordering::Relaxed)
    }

    /// Takes a place; `wait` is called if there is none yet.
    pub(super) async fn take_place(&self, wait: &mut impl FnMut()) {
        let place = match self.places.try_acquire() {
            Ok(place) => Ok(place),
            Err(_) => {
                wait();
                self.places.acquire().await
            }
        };
        // It is never closed.
        if let Ok(place) = place {
            place.forget();
        }
    }

    pub(super) fn give_back(&self) {
        let owed = self
            .debt
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |debt| {
                debt.checked_sub(1)
            });
        if owed.is_err() {
            self.places.add_permits(1);
        }
    }

    /// Records an answer.
    pub(crate) fn answered(&self) {
        let before = self.answers.fetch_add(1, Ordering::Relaxed);
        if before == 0 || self.slowed.load(Ordering::Relaxed) {
            let mut state = lock(&self.state);
            state.pace.answered();
            self.adapt(&state.pace);
        }
    }

    /// Records that it refused a request that was sent at that time, because it is overloaded. Returns whether
    /// it gets fewer requests from now on, and has answered others before.
    pub(crate) fn refused(&self, sent: Instant) -> bool {
        let mut state = lock(&self.state);
        let slower = state
            .pace
            .refused(sent.into_std(), Instant::now().into_std());
        self.adapt(&state.pace);
        slower && state.pace.has_answered()
    }

    /// Adds or removes places, as its pace asks for.
    fn adapt(&self, pace: &Pace) {
        self.slowed.store(pace.is_slowed(), Ordering::Relaxed);
        let wanted = pace.at_once();
        // The state is locked: only one thread is here at a time.
        let mut size = self.size.load(Ordering::Relaxed);
        while size > wanted {
            if self.places.forget_permits(1) == 0 {
                self.debt.fetch_add(1, Ordering::Relaxed);
            }
            size -= 1;
        }
        while size < wanted {
            self.give_back();
            size += 1;
        }
        self.size.store(size, Ordering::Relaxed);
    }

    /// Pauses it.
    pub(crate) fn pause(&self, pause: Duration) {
        let mut state = lock(&self.state);
        let until = after(Instant::now(), pause);
        state.times.paused = state.times.paused.max(Some(until));
    }

    pub(super) fn set_delay(&self, delay: Duration, usual: Duration) {
        let mut state = lock(&self.state);
        state.times.delay = delay;
        state.times.set = delay != usual;
    }

    pub(super) fn delay(&self) -> Duration {
        lock(&self.state).times.delay
    }

    /// When to ask again; `None` if that is now.
    pub(super) fn earliest(&self) -> Option<Instant> {
        // The clock is read only if there is a reason to wait.
        let next = lock(&self.state).next()?;
        (next > Instant::now()).then_some(next)
    }

    /// Whether it is remembered while it is idle.
    pub(super) fn remembered(&self, now: Instant) -> Remembered {
        let state = lock(&self.state);
        if state.earliest(now).is_some() {
            Remembered::Always
        } else if state.times.set || state.pace.is_slowed() {
            Remembered::AsOneOfMany
        } else {
            Remembered::WhileFew
        }
    }

    /// Reserves a start at this time, if it is not too early.
    pub(super) fn start(&self, at: Instant) -> bool {
        let mut state = lock(&self.state);
        if state.earliest(at).is_some() {
            return false;
        }
        state.times.last = Some(at);
        state.times.paused = None;
        true
    }

    pub(super) fn is_paused(&self) -> bool {
        let paused = lock(&self.state).times.paused;
        paused.is_some_and(|until| until > Instant::now())
    }

    pub(super) fn slowed(&self, now: Instant) -> Option<Slowed> {
        let state = lock(&self.state);
        let paused = state.times.paused.filter(|until| *until > now);
        if !state.pace.is_slowed() && paused.is_none() {
            return None;
        }
        Some(Slowed {
            host: self.name.to_string(),
            at_once: state.pace.at_once(),
            a_second: state.pace.a_second(),
            paused: paused.map(|until| until - now),
            refusals: state.pace.refusals(),
        })
    }
}

impl State {
    /// The time of the next start, if that is not now.
    fn earliest(&self, now: Instant) -> Option<Instant> {
        self.next().filter(|until| *until > now)
    }

    /// The time of the next start, if starts were ever limited.
    fn next(&self) -> Option<Instant> {
        let delay = self.times.delay.max(self.pace.interval());
        let next = self
            .times
            .last
            .filter(|_| !delay.is_zero())
            .map(|last| after(last, delay));
        next.max(self.times.paused)
    }
}
