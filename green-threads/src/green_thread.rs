//! Green threads: spawning them, waiting for them, ending them.

#![allow(
    unsafe_code,
    reason = "a body that borrows can be spawned by who sees to it that it ends in time"
)]

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::hub;
use crate::join_error::JoinError;
use crate::stack::usual_stack_size;
use crate::task::{Raise, Task};
use crate::wait_queue::Wait;

type Outcome<T> = Result<T, JoinError>;

/// Where a green thread leaves its outcome.
struct Packet<T> {
    outcome: OnceCell<Outcome<T>>,
    /// Told if it panicked and nobody has asked.
    panicked: Option<Rc<Cell<bool>>>,
}

impl<T> Drop for Packet<T> {
    fn drop(&mut self) {
        if let (Some(panicked), Some(Err(JoinError::Panicked(_)))) =
            (&self.panicked, self.outcome.get())
        {
            panicked.set(true);
        }
    }
}

/// A green thread, and what it will return. Dropping it lets the green thread go on alone.
pub struct GreenThread<T> {
    handle: Handle,
    packet: Rc<Packet<T>>,
}

/// A green thread, whatever it returns.
#[derive(Clone)]
pub struct Handle {
    task: Rc<Task>,
}

/// How a green thread is to be spawned.
///
/// # Examples
///
/// ```
/// use green_threads::Builder;
///
/// let crawler = Builder::new().name("crawler").stack_size(256 * 1024).spawn(|| 42)?;
/// assert_eq!(crawler.name(), Some("crawler"));
/// assert_eq!(crawler.join().unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing before `spawn`"]
pub struct Builder {
    name: Option<Box<str>>,
    stack_size: Option<usize>,
    delay: Option<Duration>,
}

impl Builder {
    /// A green thread without a name, with a stack of [the usual size](usual_stack_size).
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Its name, for lists and messages.
    pub fn name(self, name: impl Into<String>) -> Builder {
        let name = Some(name.into().into_boxed_str());
        Builder { name, ..self }
    }

    /// The size of its stack in bytes, clamped to [`MIN_STACK_SIZE`](crate::MIN_STACK_SIZE) and
    /// [`MAX_STACK_SIZE`](crate::MAX_STACK_SIZE), and rounded up to whole pages.
    pub fn stack_size(self, bytes: usize) -> Builder {
        let stack_size = Some(bytes);
        Builder { stack_size, ..self }
    }

    /// Spawns it: it runs when the one that runs now waits.
    ///
    /// # Errors
    ///
    /// When the system has no memory left for its stack.
    #[track_caller]
    pub fn spawn<T: 'static>(self, f: impl FnOnce() -> T + 'static) -> io::Result<GreenThread<T>> {
        // SAFETY: nothing is borrowed.
        unsafe { self.spawn_unchecked(f, None) }
    }

    /// As `spawn`.
    ///
    /// # Safety
    ///
    /// What `f` and its value borrow must live until the green thread has ended.
    #[track_caller]
    pub(crate) unsafe fn spawn_unchecked<T>(
        self,
        f: impl FnOnce() -> T,
        panicked: Option<Rc<Cell<bool>>>,
    ) -> io::Result<GreenThread<T>> {
        let spawned_at = Location::caller();
        hub::fallible(|hub| {
            let size = self.stack_size.unwrap_or_else(usual_stack_size);
            let stack = hub.stacks.take(size)?;
            let task = Rc::new(Task::new(hub.living.next_id(), self.name, spawned_at));
            let packet = Rc::new(Packet {
                outcome: OnceCell::new(),
                panicked,
            });
            let (slot, delay) = (Rc::clone(&packet), self.delay);
            // SAFETY: as the caller promises. The body's own pieces are owned.
            unsafe { task.prepare(stack, move || run(f, delay, slot)) };
            hub.adopt(&task);
            let handle = Handle { task };
            Ok(GreenThread { handle, packet })
        })
    }
}

/// What happens on a green thread's stack, from its first switch to its last.
fn run<T>(f: impl FnOnce() -> T, delay: Option<Duration>, packet: Rc<Packet<T>>) {
    let task = hub::current();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        if task.has_raise() {
            // Killed before its first turn. `f` is dropped here, where dropping may wait.
            hub::with(|hub| hub.unwind_if_raised());
        }
        if let Some(delay) = delay {
            crate::sleep(delay);
        }
        f()
    }));
    let outcome = ended.map_err(JoinError::of);
    // A kill that comes now comes too late.
    task.close();
    let left = catch_unwind(AssertUnwindSafe(|| {
        let _ = packet.outcome.set(outcome);
        drop(task.take_locals());
        // The value of a green thread that nobody joins is dropped here.
        drop(packet);
    }));
    if let Err(payload) = left {
        // Its destructor could panic once more.
        std::mem::forget(payload);
    }
}

/// Spawns a green thread: it runs when the one that runs now waits.
///
/// # Panics
///
/// When the system has no memory left for its stack; [`Builder::spawn`] says so instead.
///
/// # Examples
///
/// ```
/// let answer = green_threads::spawn(|| 6 * 7);
/// assert_eq!(answer.join().unwrap(), 42);
///
/// let wrong = green_threads::spawn(|| panic!("stays in it"));
/// assert!(wrong.join().unwrap_err().to_string().ends_with("panicked: stays in it"));
/// ```
#[track_caller]
pub fn spawn<T: 'static>(f: impl FnOnce() -> T + 'static) -> GreenThread<T> {
    match Builder::new().spawn(f) {
        Ok(green_thread) => green_thread,
        Err(error) => panic!("{error}"),
    }
}

/// Spawns a green thread that begins so much later; killed before that, it never does.
///
/// # Panics
///
/// As [`spawn`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let late = green_threads::spawn_later(Duration::from_millis(1), || "late");
/// assert_eq!(late.join().unwrap(), "late");
/// ```
#[track_caller]
pub fn spawn_later<T: 'static>(delay: Duration, f: impl FnOnce() -> T + 'static) -> GreenThread<T> {
    let builder = Builder {
        delay: Some(delay),
        ..Builder::default()
    };
    match builder.spawn(f) {
        Ok(green_thread) => green_thread,
        Err(error) => panic!("{error}"),
    }
}

/// The green thread that runs; on the thread's own stack, a handle of the root, which has the
/// number 0 and cannot be killed.
pub fn current() -> Handle {
    Handle {
        task: hub::current(),
    }
}

/// Waits until all have ended, at most so long; how many have.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use green_threads::{join_all, sleep, spawn};
///
/// let quick = spawn(|| ());
/// let slow = spawn(|| sleep(Duration::from_secs(3600)));
/// assert_eq!(join_all([&quick, &slow], Some(Duration::from_millis(1))), 1);
/// ```
pub fn join_all<'a, T: 'a>(
    green_threads: impl IntoIterator<Item = &'a GreenThread<T>>,
    timeout: Option<Duration>,
) -> usize {
    let deadline = timeout.map(hub::after);
    let ended = green_threads
        .into_iter()
        .filter(|green_thread| green_thread.handle.wait_until(deadline));
    ended.count()
}

impl<T> GreenThread<T> {
    /// Waits for its end, and returns its value.
    ///
    /// # Errors
    ///
    /// What came instead of a value: a panic stays in its green thread and comes out here.
    pub fn join(self) -> Result<T, JoinError> {
        self.handle.wait();
        self.outcome()
    }

    /// What one that has ended has come to, without waiting: nothing can come between.
    pub(crate) fn outcome(self) -> Result<T, JoinError> {
        match Rc::into_inner(self.packet).and_then(|mut packet| packet.outcome.take()) {
            Some(outcome) => outcome,
            None => unreachable!("a green thread leaves its outcome before it ends"),
        }
    }

    /// Its value, if it has ended with one.
    pub fn value(&self) -> Option<&T> {
        self.packet.outcome.get()?.as_ref().ok()
    }

    /// Why it has no value, if it has ended without one.
    pub fn error(&self) -> Option<&JoinError> {
        self.packet.outcome.get()?.as_ref().err()
    }

    /// A handle that does not care what it returns.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl<T> std::ops::Deref for GreenThread<T> {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl<T> fmt::Debug for GreenThread<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}

impl Handle {
    /// Its number; no two of a thread have the same.
    pub fn id(&self) -> u64 {
        self.task.id()
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.task.name()
    }

    /// Where it was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.spawned_at()
    }

    /// Whether it has ended.
    pub fn ready(&self) -> bool {
        self.task.has_ended()
    }

    /// Waits for its end. A panic in it is none here.
    ///
    /// # Panics
    ///
    /// When a green thread waits for itself.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Waits for its end, at most so long; whether it has ended.
    ///
    /// # Panics
    ///
    /// As [`wait`](Handle::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(Some(hub::after(timeout)))
    }

    /// Whether both are of the same green thread.
    pub(crate) fn is(&self, other: &Handle) -> bool {
        Rc::ptr_eq(&self.task, &other.task)
    }

    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> bool {
        hub::with(|hub| hub.spend());
        self.wait_as(Wait::new("end of a green thread").until(deadline))
    }

    /// Does not unwind if `wait` is only told.
    pub(crate) fn wait_as(&self, wait: Wait) -> bool {
        if self.ready() {
            return true;
        }
        let own = Rc::ptr_eq(&self.task, &hub::current());
        assert!(!own, "a green thread cannot wait for its own end");
        self.task.ended().wait(wait);
        self.ready()
    }

    /// Ends it, and waits until it has ended: it unwinds from where it waits, running the
    /// destructors of what is on its stack. One that has not begun never does.
    ///
    /// Killing is a panic of a kind that no hook reports. It is put off while its wait is over
    /// already (it ends at its next one: no wake-up is lost), and while it unwinds for another
    /// reason. While it waits for the green threads of a [`scope`](crate::scope) these are killed
    /// first. Who kills itself unwinds at once.
    ///
    /// It stays killed: code that catches every panic ([`std::panic::catch_unwind`]) only goes on
    /// until it waits again, and unwinds from there. What must be done at the end, also with waits
    /// in it, belongs into destructors.
    pub fn kill(&self) {
        self.kill_soon();
        self.wait_until(None);
    }

    /// As [`kill`](Handle::kill), without waiting for its end.
    pub fn kill_soon(&self) {
        hub::with(|hub| {
            if Rc::ptr_eq(&self.task, hub.root()) {
                return;
            }
            hub.raise(&self.task, Raise::Kill);
            if Rc::ptr_eq(&self.task, &hub.current()) {
                hub.unwind_if_raised();
            }
        });
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}
