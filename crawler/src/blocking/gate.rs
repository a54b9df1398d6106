//! Decides which thread may send a request to a host now: a limit for each host, and delays.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_fetch::{Hosts, Pace, Remembered};
use url::{Position, Url};

/// A wait that only a notification ends.
const LONG: Duration = Duration::from_secs(3600);

/// The gate of one fetcher.
#[derive(Debug)]
pub(super) struct Gate {
    hosts: Mutex<Hosts<Host>>,
    per_host: usize,
    delay: Duration,
    stopped: Mutex<bool>,
    stop: Condvar,
}

/// A host: a scheme, a name and a port.
#[derive(Debug)]
pub(super) struct Host {
    state: Mutex<State>,
    /// Notified when a place is free, or the fetcher is stopped.
    free: Condvar,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// The time from one start to the next.
    delay: Duration,
    /// It has a delay of its own, which must not be forgotten.
    set: bool,
    last: Option<Instant>,
    /// The host asked for a pause until then.
    paused: Option<Instant>,
    pace: Pace,
    answers: u64,
    stopped: bool,
}

/// A permit to send a request. Its place is free again when it is dropped.
#[derive(Debug)]
pub(super) struct Permit<'a>(&'a Host);

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).in_flight -= 1;
        self.0.free.notify_one();
    }
}

impl Gate {
    pub(super) fn new(per_host: usize, delay: Duration) -> Gate {
        Gate {
            hosts: Mutex::default(),
            per_host: per_host.max(1),
            delay,
            stopped: Mutex::new(false),
            stop: Condvar::new(),
        }
    }

    /// The host of a URL.
    pub(super) fn host(&self, url: &Url) -> Arc<Host> {
        let name = &url[..Position::BeforePath];
        let make = || Host {
            state: Mutex::new(State {
                in_flight: 0,
                delay: self.delay,
                set: false,
                last: None,
                paused: None,
                pace: Pace::new(self.per_host),
                answers: 0,
                stopped: *lock(&self.stopped),
            }),
            free: Condvar::new(),
        };
        let now = Instant::now();
        lock(&self.hosts).host(name, make, |host| host.remembered(now))
    }

    /// Waits until the host may get a request; `None` if the fetcher is stopped meanwhile.
    pub(super) fn enter<'a>(&self, host: &'a Host) -> Option<Permit<'a>> {
        let mut state = lock(&host.state);
        loop {
            if state.stopped {
                return None;
            }
            let now = Instant::now();
            let wait = match state.earliest(now) {
                Some(start) => start - now,
                None if state.in_flight < state.pace.at_once() => break,
                None => LONG,
            };
            let waited = host.free.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.in_flight += 1;
        state.last = Some(Instant::now());
        state.paused = None;
        // The notification may have woken a thread that has to wait for another reason: wake the next.
        host.free.notify_one();
        Some(Permit(host))
    }

    /// Waits; `None` if the fetcher is stopped meanwhile.
    pub(super) fn sleep(&self, wait: Duration) -> Option<()> {
        let stopped = lock(&self.stopped);
        let waited = self.stop.wait_timeout_while(stopped, wait, |it| !*it);
        let stopped = *waited.unwrap_or_else(PoisonError::into_inner).0;
        (!stopped).then_some(())
    }

    pub(super) fn set_delay(&self, url: &Url, delay: Duration) {
        let host = self.host(url);
        let mut state = lock(&host.state);
        state.delay = delay;
        state.set = delay != self.delay;
    }

    pub(super) fn stop(&self) {
        *lock(&self.stopped) = true;
        self.stop.notify_all();
        let hosts: Vec<_> = lock(&self.hosts).iter().cloned().collect();
        for host in hosts {
            lock(&host.state).stopped = true;
            host.free.notify_all();
        }
    }
}

impl Host {
    pub(super) fn answers(&self) -> u64 {
        lock(&self.state).answers
    }

    /// Records an answer.
    pub(super) fn answered(&self) {
        let mut state = lock(&self.state);
        state.answers += 1;
        let before = state.pace.at_once();
        state.pace.answered();
        if state.pace.at_once() > before {
            self.free.notify_one();
        }
    }

    /// Records that it refused a request that was sent at that time, because it is overloaded. Returns whether
    /// it gets fewer requests from now on, and has answered others before.
    pub(super) fn refused(&self, sent: Instant) -> bool {
        let mut state = lock(&self.state);
        state.pace.refused(sent, Instant::now()) && state.answers > 0
    }

    /// Pauses it.
    pub(super) fn pause(&self, pause: Duration) {
        let mut state = lock(&self.state);
        state.paused = state.paused.max(Instant::now().checked_add(pause));
    }

    /// Whether it is remembered while it is idle.
    fn remembered(&self, now: Instant) -> Remembered {
        let state = lock(&self.state);
        if state.earliest(now).is_some() {
            Remembered::Always
        } else if state.set || state.pace.is_slowed() {
            Remembered::AsOneOfMany
        } else {
            Remembered::WhileFew
        }
    }
}

impl State {
    /// The time of the next start, if that is not now.
    fn earliest(&self, now: Instant) -> Option<Instant> {
        let delay = self.delay.max(self.pace.interval());
        let next = self.last.filter(|_| !delay.is_zero());
        let next = next.and_then(|last| last.checked_add(delay));
        next.max(self.paused).filter(|until| *until > now)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn a_host_has_never_more_in_flight_than_allowed_and_all_get_their_turn() {
        let gate = Gate::new(3, Duration::ZERO);
        let (now, most, done) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let host = gate.host(&url("http://a.example/x"));
                        let permit = gate.enter(&host).unwrap();
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        drop(permit);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 16 * 50);
        assert!(most.into_inner() <= 3);
    }

    #[test]
    fn a_host_that_refuses_is_asked_slower_and_one_at_a_time() {
        let gate = Gate::new(2, Duration::ZERO);
        let host = gate.host(&url("http://a.example/"));
        let first = gate.enter(&host).unwrap();
        host.answered();
        assert!(host.refused(Instant::now()));
        drop(first);
        let state = lock(&host.state);
        assert_eq!(state.pace.at_once(), 1);
        assert!(state.earliest(Instant::now()).is_some());
    }

    #[test]
    fn a_stop_ends_every_wait() {
        let gate = Gate::new(1, Duration::ZERO);
        let host = gate.host(&url("http://a.example/"));
        let _held = gate.enter(&host).unwrap();
        let paused = gate.host(&url("http://b.example/"));
        paused.pause(Duration::from_secs(3000));
        std::thread::scope(|scope| {
            let place = scope.spawn(|| gate.enter(&host).is_none());
            let pause = scope.spawn(|| gate.enter(&paused).is_none());
            let sleep = scope.spawn(|| gate.sleep(Duration::from_secs(3000)).is_none());
            gate.stop();
            assert!(place.join().unwrap() && pause.join().unwrap() && sleep.join().unwrap());
        });
        assert!(gate.enter(&gate.host(&url("http://c.example/"))).is_none());
    }

    #[test]
    fn hosts_that_nobody_asks_are_forgotten() {
        let gate = Gate::new(1, Duration::ZERO);
        let many = |gate: &Gate| {
            for number in 0..5000 {
                gate.host(&url(&format!("http://{number}.example/")));
            }
            lock(&gate.hosts).iter().count()
        };
        assert!(many(&gate) < 2000);
        gate.set_delay(&url("http://slow.example/"), Duration::from_secs(1));
        assert!(many(&gate) < 2000);
        let slow = gate.host(&url("http://slow.example/"));
        assert_eq!(lock(&slow.state).delay, Duration::from_secs(1));
    }
}
