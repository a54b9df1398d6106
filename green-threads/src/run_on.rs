//! Uses several cores: one hub on each of several threads, and one port for all of them.

use std::any::Any;
use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

use event_loop::{DEFAULT_BACKLOG, listen_tcp, net as mio};

use crate::hub;
use crate::net::{TcpListener, ToSocketAddrs};
use crate::remote::{Arrival, Ticket};
use crate::task::{Raise, Task};

/// Calls `serve` on several threads at once; this thread is one of them. Each has a hub of its own
/// and a listener at the same address. Returns what the calls returned. The system divides the
/// connections among the hubs as they come.
///
/// It begins when all hubs are ready. If `serve` fails or panics on one thread, it unwinds on the
/// others from the point where it waits, as if its green thread were killed. It does not wait for
/// green threads that `serve` has spawned and left.
///
/// Green threads never move to another thread. What they share across hubs must be `Sync`.
///
/// # Errors
///
/// When it cannot listen at the address, or start a thread or a hub; then `serve` was not called at
/// all. Otherwise the first error of `serve`.
///
/// # Panics
///
/// When `serve` panics, after the other threads have ended.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let ports = green_threads::run_on(2, "127.0.0.1:0", |listener| {
///     listener.local_addr().map(|address| address.port())
/// })?;
/// assert_eq!(ports[0], ports[1]);
/// # Ok(()) }
/// ```
pub fn run_on<T, E>(
    hubs: usize,
    addresses: impl ToSocketAddrs,
    serve: impl Fn(TcpListener) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E>
where
    T: Send,
    E: From<io::Error> + Send,
{
    let mut address: SocketAddr = addresses
        .to_socket_addrs()?
        .next()
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut listeners = Vec::new();
    for _ in 0..hubs {
        // With port 0, all listeners use the port that the first one got.
        let listener = listen_tcp(address, DEFAULT_BACKLOG, true)?;
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    let (shared, serve) = (&Shared::<E>::default(), &serve);
    let mut listeners = listeners.into_iter().enumerate();
    let Some((_, own)) = listeners.next() else {
        return Ok(Vec::new());
    };
    let results = thread::scope(|scope| -> io::Result<Vec<Option<T>>> {
        let (mut threads, mut starts) = (Vec::new(), Vec::new());
        for (number, listener) in listeners {
            let (prepared, is_prepared) = mpsc::channel();
            let (start, may_start) = mpsc::channel::<()>();
            let thread = thread::Builder::new().name(format!("hub-{number}"));
            threads.push(thread.spawn_scoped(scope, move || {
                let hub = match Prepared::new(listener, shared) {
                    Ok(hub) => hub,
                    Err(error) => {
                        let _ = prepared.send(Err(error));
                        return None;
                    }
                };
                let _ = prepared.send(Ok(()));
                // It fails when another hub could not be prepared.
                may_start.recv().ok()?;
                hub.call(serve)
            })?);
            // On an error from here on, `starts` is dropped, so that the waiting threads end.
            starts.push(start);
            is_prepared.recv().map_err(io::Error::other)??;
        }
        let own = Prepared::new(own, shared)?;
        for start in starts {
            // Its thread waits for this.
            let _ = start.send(());
        }
        let mut results = vec![own.call(serve)];
        results.extend(
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or(None)),
        );
        Ok(results)
    })?;
    match lock(&shared.failure).take() {
        None => Ok(results.into_iter().flatten().collect()),
        Some(Failure::Error(error)) => Err(error),
        Some(Failure::Panic(payload)) => resume_unwind(payload),
    }
}

/// Why a hub ended.
enum Failure<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

/// State that the hubs share.
struct Shared<E> {
    /// The first failure.
    failure: Mutex<Option<Failure<E>>>,
    /// Each ticket stops a hub when it is dropped.
    tickets: Mutex<Vec<Ticket>>,
}

impl<E> Default for Shared<E> {
    fn default() -> Self {
        Shared {
            failure: Mutex::default(),
            tickets: Mutex::default(),
        }
    }
}

impl<E> Shared<E> {
    /// Keeps the first failure, and stops all hubs.
    fn fail(&self, failure: Failure<E>) {
        lock(&self.failure).get_or_insert(failure);
        let tickets = std::mem::take(&mut *lock(&self.tickets));
        drop(tickets);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds this lock.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A hub that is ready to begin.
struct Prepared<'a, E> {
    listener: TcpListener,
    stop: Rc<Stop>,
    shared: &'a Shared<E>,
}

impl<'a, E> Prepared<'a, E> {
    fn new(listener: mio::TcpListener, shared: &'a Shared<E>) -> io::Result<Self> {
        let listener = TcpListener::of_unregistered(listener)?;
        hub::fallible(|hub| {
            let stop = Rc::new(Stop {
                task: hub.current(),
                ended: Cell::new(false),
            });
            let arrival: Rc<dyn Arrival> = Rc::<Stop>::clone(&stop);
            lock(&shared.tickets).push(hub.remotes.background_ticket(arrival));
            Ok(Prepared {
                listener,
                stop,
                shared,
            })
        })
    }

    /// Calls `serve` and returns its value; `None` if it failed, panicked or was stopped.
    fn call<T>(self, serve: impl FnOnce(TcpListener) -> Result<T, E>) -> Option<T> {
        let called = catch_unwind(AssertUnwindSafe(|| serve(self.listener)));
        self.stop.ended.set(true);
        self.stop.task.unraise(Raise::Stop);
        match called {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => self.shared.fail(Failure::Error(error)),
            Err(payload) if payload.downcast_ref() == Some(&Raise::Stop) => {}
            Err(payload) => self.shared.fail(Failure::Panic(payload)),
        }
        None
    }
}

/// Makes the green thread that runs `serve` unwind, while `serve` runs.
struct Stop {
    task: Rc<Task>,
    ended: Cell<bool>,
}

impl Arrival for Stop {
    fn arrived(self: Rc<Self>) {
        if !self.ended.get() {
            hub::with(|hub| hub.raise(&self.task, Raise::Stop));
        }
    }
}
