//! A monitor: it finds green threads that run for long without a wait, so that all others must
//! wait.

mod blocking;
mod pulse;

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::hub;

pub use blocking::Blocking;
use blocking::ThreadId;
pub(crate) use pulse::Pulse;
use pulse::{Beat, ROOT};

/// A green thread that has run for too long without waiting or yielding.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Blocked {
    /// Its number; 0 for the thread's own stack, on which `main` runs.
    pub id: u64,
    /// Its name, if it has one. For the thread's own stack: the name of the thread.
    pub name: Option<String>,
    /// Where it was spawned. For the thread's own stack: where the monitor was started.
    pub spawned_at: &'static Location<'static>,
    /// It has run at least this long.
    pub ran_for: Duration,
    /// What it waits for in the system, if it does not compute (Linux only).
    pub blocking: Option<Blocking>,
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let began = match self.id {
            ROOT => {
                write!(f, "the thread's own stack")?;
                "watched from"
            }
            id => {
                write!(f, "green thread {id}")?;
                "spawned at"
            }
        };
        if let Some(name) = &self.name {
            write!(f, " \"{name}\"")?;
        }
        write!(
            f,
            ", {began} {}, has run for {:?} without letting the others run",
            self.spawned_at, self.ran_for
        )?;
        match self.blocking {
            Some(blocking) => write!(f, ": {blocking}"),
            None => Ok(()),
        }
    }
}

/// Watches this thread's hub from another thread, until it is dropped.
///
/// It also reports the thread's own stack, on which `main` runs, if that does not let the green
/// threads run.
pub struct Monitor {
    ended: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Monitor {
    /// Starts a monitor. It calls `report`, on its own thread, with each green thread that runs
    /// longer than `limit` without waiting or yielding. It reports each case once, while the green
    /// thread still runs, at the latest after one and a half times the limit.
    ///
    /// # Errors
    ///
    /// When no thread can be started, or this thread cannot have a hub.
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
    /// // It waits outside of the hub.
    /// let rude = Builder::new().name("rude").spawn(move || blocked.recv().unwrap())?;
    /// assert!(rude.join().unwrap().starts_with("green thread 1 \"rude\", spawned at"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn start(
        limit: Duration,
        mut report: impl FnMut(&Blocked) + Send + 'static,
    ) -> io::Result<Monitor> {
        let started_at = Location::caller();
        let pulse = hub::fallible(|hub| Ok(Arc::clone(&hub.pulse)))?;
        let (watched, root) = (ThreadId::of_this_thread(), thread::current());
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
                    if let Some((id, spawned_at, ran_for)) =
                        watch.look(pulse.look(), Instant::now())
                    {
                        report(&Blocked {
                            id,
                            name: match id {
                                ROOT => root.name().map(str::to_owned),
                                id => pulse.name_of(id),
                            },
                            spawned_at: spawned_at.unwrap_or(started_at),
                            ran_for,
                            blocking: watched.blocking(),
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
            // If `report` panicked, the panic hook has reported it.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Monitor")
    }
}

/// Compares two looks at the hub.
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

    /// Returns the running green thread when it is to be reported: its place of spawning and
    /// running time.
    fn look(&mut self, beat: Beat, now: Instant) -> Option<Report> {
        match self.seen {
            Some((seen, since)) if seen == beat => {
                let ran_for = now.saturating_duration_since(since);
                if self.reported || ran_for < self.limit {
                    return None;
                }
                let id = beat.running?;
                self.reported = true;
                let spawned_at = beat.spawned_at.filter(|_| id != ROOT);
                Some((id, spawned_at, ran_for))
            }
            _ => {
                self.seen = Some((beat, now));
                self.reported = false;
                None
            }
        }
    }
}

type Report = (u64, Option<&'static Location<'static>>, Duration);

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
        let seven = |beats| beat(beats, Some(7));
        let mut watch = Watch::new(Duration::from_millis(10));
        assert_eq!(watch.look(seven(1), at(0)), None);
        assert_eq!(watch.look(seven(1), at(9)), None);
        let ten = Duration::from_millis(10);
        assert_eq!(watch.look(seven(1), at(10)), Some((7, None, ten)));
        assert_eq!(watch.look(seven(1), at(20)), None, "it has been");
        // The same one, but it has let others run.
        assert_eq!(watch.look(seven(3), at(21)), None);
        assert_eq!(watch.look(seven(3), at(30)), None);
        assert!(watch.look(seven(3), at(31)).is_some());
        assert_eq!(watch.look(beat(3, None), at(40)), None);
        assert_eq!(
            watch.look(beat(3, None), at(90)),
            None,
            "no green thread runs"
        );
    }
}
