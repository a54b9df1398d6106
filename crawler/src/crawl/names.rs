//! Look-ups of names, for both fetchers. A name is looked up once at a time, whatever the number of requests that
//! wait for it. A failure is remembered for a while: so a thousand links to a host that does not exist cost a few
//! look-ups.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_fetch::Error as Failure;

use super::addresses::Lookup;

/// The result of a look-up.
pub(crate) type Found = io::Result<Vec<IpAddr>>;

/// A callback for the result of a look-up.
pub(crate) type Waiter = Box<dyn FnOnce(Found) + Send>;

/// How long the first failure of a name is remembered. It doubles with each further one: the name may only be
/// missing for a moment.
const FIRST: Duration = Duration::from_secs(1);

/// How long a failure is remembered, at most.
const LONGEST: Duration = Duration::from_secs(64);

/// Failures that are remembered, at most: about 16 MiB. At that number all are forgotten.
const REMEMBERED: usize = 1 << 16;

/// See the module.
pub(crate) struct Names {
    lookup: Lookup,
    known: Mutex<HashMap<String, Name>>,
}

enum Name {
    /// It is being looked up.
    Asked { waiters: Vec<Waiter>, failures: u32 },
    /// It was not found.
    Failed {
        error: io::Error,
        failures: u32,
        until: Instant,
    },
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

impl Names {
    /// `lookup` replaces the system's look-up.
    pub(crate) fn new(lookup: Option<Lookup>) -> Arc<Names> {
        Arc::new(Names {
            lookup: lookup.unwrap_or_else(|| Arc::new(system)),
            known: Mutex::default(),
        })
    }

    /// Looks a name up. The result goes to `waiter`.
    ///
    /// Each look-up has a thread of its own, because the system's can't be interrupted: who no longer wants the
    /// result leaves, and the end of the program does not wait.
    pub(crate) fn ask(self: &Arc<Self>, name: &str, waiter: Waiter) {
        self.ask_at(name, waiter, Instant::now());
    }

    /// Looks a name up. The result comes through a channel.
    pub(crate) fn receive(self: &Arc<Self>, name: &str) -> Receiver<Found> {
        let (sender, found) = channel();
        // The receiver may have left.
        self.ask(name, Box::new(move |it| drop(sender.send(it))));
        found
    }

    fn ask_at(self: &Arc<Self>, name: &str, waiter: Waiter, now: Instant) {
        let mut known = self.lock();
        let failures = match known.get_mut(name) {
            Some(Name::Asked { waiters, .. }) => return waiters.push(waiter),
            Some(Name::Failed { error, until, .. }) if now < *until => {
                let error = copy(error);
                drop(known);
                return waiter(Err(error));
            }
            Some(Name::Failed { failures, .. }) => *failures,
            None => 0,
        };
        if known.len() >= REMEMBERED {
            known.retain(|_, it| matches!(it, Name::Asked { .. }));
        }
        let waiters = vec![waiter];
        known.insert(name.to_owned(), Name::Asked { waiters, failures });
        drop(known);
        let (names, host) = (Arc::clone(self), name.to_owned());
        let thread = std::thread::Builder::new().name("look-up".to_owned());
        let look_up = move || names.answer(&host, (names.lookup)(&host), Instant::now());
        if let Err(error) = thread.spawn(look_up) {
            self.answer(name, Err(error), now);
        }
    }

    fn answer(&self, name: &str, found: Found, now: Instant) {
        let mut known = self.lock();
        let Some(Name::Asked { waiters, failures }) = known.remove(name) else {
            return;
        };
        if let Err(error) = &found
            && !is_shortage(error)
        {
            let remembered = FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST);
            let failed = Name::Failed {
                error: copy(error),
                failures: failures + 1,
                until: now + remembered,
            };
            known.insert(name.to_owned(), failed);
        }
        drop(known);
        for waiter in waiters {
            waiter(match &found {
                Ok(addresses) => Ok(addresses.clone()),
                Err(error) => Err(copy(error)),
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Name>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The system's look-up.
fn system(name: &str) -> Found {
    let found = (name, 0).to_socket_addrs()?;
    Ok(found.map(|address| address.ip()).collect())
}

/// Whether this process has too few descriptors or threads: that says nothing about the name.
fn is_shortage(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || matches!(Failure::of_cause(error), Some(Failure::Descriptors))
}

fn copy(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(number) => io::Error::from_raw_os_error(number),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Look-ups that fail with this error, and their number.
    fn failing(error: fn() -> io::Error) -> (Arc<Names>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let lookup: Lookup = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            Err(error())
        });
        (Names::new(Some(lookup)), count)
    }

    fn not_found() -> io::Error {
        io::Error::other("Name or service not known")
    }

    #[test]
    fn requests_that_wait_for_a_name_share_its_look_up() {
        let (go, gate) = channel::<()>();
        let (gate, count) = (Mutex::new(gate), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&count);
        let lookup: Lookup = Arc::new(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
            gate.lock().unwrap().recv().unwrap();
            Ok(vec![IpAddr::from([192, 0, 2, 1])])
        });
        let names = Names::new(Some(lookup));
        let waiting: Vec<_> = (0..100).map(|_| names.receive("a.example")).collect();
        go.send(()).unwrap();
        for found in waiting {
            assert_eq!(found.recv().unwrap().unwrap().len(), 1);
        }
        assert_eq!(count.load(Ordering::SeqCst), 1);
        // An address is not remembered: the next connection may need another one.
        go.send(()).unwrap();
        assert!(names.receive("a.example").recv().unwrap().is_ok());
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_failure_is_remembered_for_longer_each_time() {
        let (names, count) = failing(not_found);
        let start = Instant::now();
        let ask = |seconds: u64| {
            let (sender, found) = channel();
            let waiter = Box::new(move |it| drop(sender.send(it)));
            names.ask_at("a.example", waiter, start + Duration::from_secs(seconds));
            let error = found.recv().unwrap().unwrap_err();
            assert_eq!(error.to_string(), "Name or service not known");
            count.load(Ordering::SeqCst)
        };
        assert_eq!((ask(0), ask(0)), (1, 1));
        let mut known = names.lock();
        let Some(Name::Failed { until, .. }) = known.get_mut("a.example") else {
            panic!("it is remembered")
        };
        assert!(*until >= start + FIRST);
        drop(known);
        // Each failure is a real one, and its end is counted from now. So go far ahead each time.
        for failures in 2..20 {
            assert_eq!(ask(failures * 1000), failures as usize);
        }
        let known = names.lock();
        let Some(Name::Failed { until, .. }) = known.get("a.example") else {
            panic!("it is remembered")
        };
        assert!(*until >= start + LONGEST && *until <= Instant::now() + LONGEST);
    }

    #[test]
    fn too_few_descriptors_are_no_failure_of_the_name() {
        // EMFILE.
        let (names, count) = failing(|| io::Error::from_raw_os_error(24));
        for _ in 0..3 {
            let error = names.receive("a.example").recv().unwrap().unwrap_err();
            assert_eq!(error.raw_os_error(), Some(24));
        }
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn the_memory_of_failures_is_bounded() {
        let (names, _) = failing(not_found);
        let (now, error) = (Instant::now(), not_found());
        for number in 0..REMEMBERED {
            let failed = Name::Failed {
                error: copy(&error),
                failures: 1,
                until: now + LONGEST,
            };
            names.lock().insert(number.to_string(), failed);
        }
        assert!(names.receive("a.example").recv().unwrap().is_err());
        assert_eq!(names.lock().len(), 1);
    }
}
