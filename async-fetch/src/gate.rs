//! Decides which request may be sent now: a limit in all, a limit for each host, and delays.
//!
//! A request first waits for its host, and then for one of the places of all hosts, never the other way
//! round: a request that waits for a busy host must not take a place from others.

mod host;
mod hosts;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};
use url::{Position, Url};

use crate::alarm::after;
use crate::limits::Limits;

pub(crate) use host::Host;
pub use host::Slowed;
pub use hosts::{Hosts, Remembered};

/// The gate of one fetcher.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Semaphore,
    hosts: Mutex<Known>,
    per_host: usize,
    host_delay: Duration,
    /// The time from one start to the next, of all hosts, and when the next may be.
    pace: Option<(Duration, Mutex<Instant>)>,
}

#[derive(Debug, Default)]
struct Known {
    all: Hosts<Host>,
    /// The host of the last request: mostly the next request has the same.
    last: Option<Arc<Host>>,
}

/// A permit to send a request. Its place is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    gate: Arc<Gate>,
    host: Arc<Host>,
    /// Whether it holds one of the places of all hosts, too.
    whole: bool,
}

impl Permit {
    pub(crate) fn host(&self) -> &Arc<Host> {
        &self.host
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.whole {
            self.gate.places.add_permits(1);
        }
        self.host.give_back();
    }
}

impl Gate {
    pub(crate) fn new(limits: &Limits) -> Gate {
        let pace = limits.rate.filter(|rate| *rate > 0.0).map(|rate| {
            let pause = Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX);
            (pause, Mutex::new(Instant::now()))
        });
        Gate {
            places: Semaphore::new(limits.jobs.clamp(1, Semaphore::MAX_PERMITS)),
            hosts: Mutex::default(),
            per_host: limits.per_host.clamp(1, Semaphore::MAX_PERMITS),
            host_delay: limits.host_delay,
            pace,
        }
    }

    /// Waits until a request for this host may be sent. `parked` is called, once, if it has to wait.
    pub(crate) async fn enter(
        self: &Arc<Self>,
        host: Arc<Host>,
        mut parked: impl FnMut(),
    ) -> Permit {
        let mut waited = false;
        let mut wait = || {
            if !std::mem::replace(&mut waited, true) {
                parked();
            }
        };
        host.take_place(&mut wait).await;
        // From here on the place is given back, whatever happens.
        let mut permit = Permit {
            gate: Arc::clone(self),
            host,
            whole: false,
        };
        loop {
            // It holds none of the places of all hosts meanwhile, so that others can use them.
            while let Some(until) = permit.host.earliest() {
                wait();
                sleep_until(until).await;
            }
            match self.places.try_acquire() {
                Ok(place) => place.forget(),
                Err(_) => {
                    if let Ok(place) = self.places.acquire().await {
                        place.forget();
                    }
                }
            }
            permit.whole = true;
            // Other requests for this host may have started while it waited for a place.
            if let Some(start) = self.start(&permit.host) {
                let Some(later) = start else {
                    return permit;
                };
                sleep_until(later).await;
                // Meanwhile the host may have asked for a pause.
                if !permit.host.is_paused() {
                    return permit;
                }
            }
            permit.whole = false;
            self.places.add_permits(1);
        }
    }

    /// Reserves the next start, and returns its time if that is not now; `None` if it is too early for the host.
    fn start(&self, host: &Host) -> Option<Option<Instant>> {
        let now = Instant::now();
        let Some((pause, next)) = &self.pace else {
            return host.start(now).then_some(None);
        };
        let mut next = lock(next);
        let start = (*next).max(now);
        host.start(start).then(|| {
            *next = after(start, *pause);
            (start > now).then_some(start)
        })
    }

    /// Sets the time from one start to the next for one host.
    pub(crate) fn set_delay(&self, url: &Url, delay: Duration) {
        self.host(url).set_delay(delay, self.host_delay);
    }

    /// The time from one start to the next for one host.
    pub(crate) fn delay(&self, url: &Url) -> Duration {
        self.host(url).delay()
    }

    /// The hosts that get fewer requests for now.
    pub(crate) fn slowed(&self) -> Vec<Slowed> {
        let hosts = lock(&self.hosts);
        let now = Instant::now();
        hosts
            .all
            .iter()
            .filter_map(|host| host.slowed(now))
            .collect()
    }

    pub(crate) fn host(&self, url: &Url) -> Arc<Host> {
        // If there is no port, the scheme stands for it.
        let named = url.password().is_some() || !url.username().is_empty();
        if named {
            let bare = &url[Position::BeforeHost..Position::AfterPort];
            return self.host_named(&format!("{}://{bare}", url.scheme()));
        }
        self.host_named(&url[..Position::AfterPort])
    }

    fn host_named(&self, name: &str) -> Arc<Host> {
        let mut hosts = lock(&self.hosts);
        if let Some(host) = &hosts.last
            && host.name() == name
        {
            return Arc::clone(host);
        }
        let host = hosts.all.host(
            name,
            || Host::new(name, self.per_host, self.host_delay),
            |host| host.remembered(Instant::now()),
        );
        hosts.last = Some(Arc::clone(&host));
        host
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
