//! Finds green threads that keep the thread to themselves: all others wait for them.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::hub;

/// What a hub shows to its monitor: written at each switch, so by plain stores.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Counts the switches.
    beats: AtomicU64,
    /// Who runs; 0 while no green thread does.
    running: AtomicU64,
    spawned_at: AtomicPtr<Location<'static>>,
    names: Mutex<HashMap<u64, String>>,
}

/// What a monitor sees at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beat {
    beats: u64,
    running: u64,
    spawned_at: Option<&'static Location<'static>>,
}

impl Pulse {
    #[inline]
    pub(crate) fn beat(&self, id: u64, spawned_at: &'static Location<'static>) {
        // Only this thread writes.
        let beats = self.beats.load(Ordering::Relaxed);
        self.running.store(id, Ordering::Relaxed);
        self.spawned_at
            .store(ptr::from_ref(spawned_at).cast_mut(), Ordering::Relaxed);
        self.beats.store(beats + 1, Ordering::Release);
    }

    #[inline]
    pub(crate) fn rest(&self) {
        self.running.store(0, Ordering::Relaxed);
    }

    /// Keeps the name of one who has a name, from when it is spawned until it ends.
    pub(crate) fn name(&self, id: u64, name: Option<&str>) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            Some(name) => names.insert(id, name.to_owned()),
            None => names.remove(&id),
        };
    }

    #[allow(unsafe_code, reason = "a location is kept in an atomic pointer")]
    fn look(&self) -> Beat {
        let spawned_at = self.spawned_at.load(Ordering::Relaxed);
        Beat {
            beats: self.beats.load(Ordering::Acquire),
            running: self.running.load(Ordering::Relaxed),
            // SAFETY: null, or from a reference that lives as long as the program.
            spawned_at: unsafe { spawned_at.as_ref() },
        }
    }
}

/// A green thread that has run for too long without waiting or yielding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Blocked {
    /// Its number.
    pub id: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// For how long it has run, at least.
    pub ran_for: Duration,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "green thread {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " \"{name}\"")?;
        }
        write!(
            f,
            ", spawned at {}, has run for {:?} without letting the others run",
            self.spawned_at, self.ran_for
        )
    }
}

/// Watches this thread's hub from a thread of its own, until it is dropped.
pub struct Monitor {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Has `report` called, on the monitor's thread, with each green thread that runs longer than
    /// `limit` without waiting or yielding: once, while it still runs, after at most one and a half
    /// times the limit.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use green_threads::{Builder, Monitor};
    ///
    /// let (sender, blocked) = mpsc::channel();
    /// let _monitor = Monitor::start(Duration::from_millis(10), move |blocked| {
    ///     let _ = sender.send(blocked.to_string());
    /// })?;
    /// // It waits for something else than green threads do.
    /// let rude = Builder::new().name("rude").spawn(move || blocked.recv().unwrap())?;
    /// assert!(rude.join().unwrap().starts_with("green thread 1 \"rude\", spawned at"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn start(
        limit: Duration,
        mut report: impl FnMut(&Blocked) + Send + 'static,
    ) -> io::Result<Monitor> {
        let pulse = hub::with(|hub| Arc::clone(&hub.pulse));
        let ended = Arc::new((Mutex::new(false), Condvar::new()));
        let end = Arc::clone(&ended);
        let interval = (limit / 2).max(Duration::from_millis(1));
        let thread = thread::Builder::new()
            .name("monitor".to_owned())
            .spawn(move || {
                let mut watch = Watch::new(limit);
                let (flag, bell) = &*end;
                let mut ended = flag.lock().unwrap_or_else(PoisonError::into_inner);
                while !*ended {
                    let waited = bell.wait_timeout(ended, interval);
                    ended = waited.unwrap_or_else(PoisonError::into_inner).0;
                    if let Some((beat, ran_for)) = watch.look(pulse.look(), Instant::now())
                        && let Some(spawned_at) = beat.spawned_at
                    {
                        let names = pulse.names.lock().unwrap_or_else(PoisonError::into_inner);
                        let name = names.get(&beat.running).cloned();
                        drop(names);
                        report(&Blocked {
                            id: beat.running,
                            name,
                            spawned_at,
                            ran_for,
                        });
                    }
                }
            })?;
        Ok(Monitor {
            ended,
            thread: Some(thread),
        })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ended.1.notify_all();
        if let Some(thread) = self.thread.take() {
            // If `report` panicked, that has been told.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitor")
    }
}

/// Compares what it sees with what it saw.
struct Watch {
    limit: Duration,
    seen: Option<(Beat, Instant)>,
    reported: bool,
}

impl Watch {
    fn new(limit: Duration) -> Watch {
        Watch {
            limit,
            seen: None,
            reported: false,
        }
    }

    /// For how long what runs has run, when that is to be reported.
    fn look(&mut self, beat: Beat, now: Instant) -> Option<(Beat, Duration)> {
        match self.seen {
            Some((seen, since)) if seen == beat => {
                let ran_for = now.saturating_duration_since(since);
                if beat.running == 0 || self.reported || ran_for < self.limit {
                    return None;
                }
                self.reported = true;
                Some((beat, ran_for))
            }
            _ => {
                self.seen = Some((beat, now));
                self.reported = false;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_runs_too_long_is_reported_once_and_who_rests_never() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let beat = |beats, running| Beat {
            beats,
            running,
            spawned_at: None,
        };
        let mut watch = Watch::new(Duration::from_millis(10));
        assert_eq!(watch.look(beat(1, 7), at(0)), None);
        assert_eq!(watch.look(beat(1, 7), at(9)), None);
        let ten = Duration::from_millis(10);
        assert_eq!(watch.look(beat(1, 7), at(10)), Some((beat(1, 7), ten)));
        assert_eq!(watch.look(beat(1, 7), at(20)), None, "it has been");
        // The same one, but it has let others run.
        assert_eq!(watch.look(beat(3, 7), at(21)), None);
        assert_eq!(watch.look(beat(3, 7), at(30)), None);
        assert!(watch.look(beat(3, 7), at(31)).is_some());
        assert_eq!(watch.look(beat(3, 0), at(40)), None);
        assert_eq!(watch.look(beat(3, 0), at(90)), None, "nobody runs");
    }
}
