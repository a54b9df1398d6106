//! Green threads: spawn them, wait for them, kill them.

#![allow(
    unsafe_code,
    reason = "the caller ensures that a body that borrows ends in time"
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

/// The place where a green thread leaves its outcome.
struct Packet<T> {
    outcome: OnceCell<Outcome<T>>,
    /// Set if it panicked and no other green thread joins it.
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

/// A green thread with its return type. Dropping this lets the green thread run on.
pub struct GreenThread<T> {
    handle: Handle,
    packet: Rc<Packet<T>>,
}

/// A handle of a green thread, without its return type.
#[derive(Clone)]
pub struct Handle {
    task: Rc<Task>,
}

/// Options for spawning a green thread.
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

    /// Sets its name, for lists and messages.
    pub fn name(self, name: impl Into<String>) -> Builder {
        let name = Some(name.into().into_boxed_str());
        Builder { name, ..self }
    }

    /// Sets the size of its stack in bytes. The size is limited to
    /// [`MIN_STACK_SIZE`](crate::MIN_STACK_SIZE) to [`MAX_STACK_SIZE`](crate::MAX_STACK_SIZE), and
    /// rounded up to whole pages.
    pub fn stack_size(self, bytes: usize) -> Builder {
        let stack_size = Some(bytes);
        Builder { stack_size, ..self }
    }

    /// Spawns it. It runs when the present one waits.
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
    /// Everything that `f` and its value borrow must live until the green thread has ended.
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
            // SAFETY: the caller promises it. The body owns its own parts.
            unsafe { task.prepare(stack, move || run(f, delay, slot)) };
            hub.adopt(&task);
            let handle = Handle { task };
            Ok(GreenThread { handle, packet })
        })
    }
}

/// The body of a green thread, from its first switch to its last.
fn run<T>(f: impl FnOnce() -> T, delay: Option<Duration>, packet: Rc<Packet<T>>) {
    let task = hub::current();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        if task.has_raise() {
            // If it was killed before its first turn, `f` is dropped here, where dropping may wait.
            hub::with(|hub| hub.unwind_if_raised());
        }
        if let Some(delay) = delay {
            crate::sleep(delay);
        }
        f()
    }));
    let outcome = ended.map_err(JoinError::of);
    // From here on a kill has no effect.
    task.close();
    let left = catch_unwind(AssertUnwindSafe(|| {
        let _ = packet.outcome.set(outcome);
        drop(task.take_locals());
        // If no other green thread joins this one, its value is dropped here.
        drop(packet);
    }));
    if let Err(payload) = left {
        // Its destructor could panic again.
        std::mem::forget(payload);
    }
}

/// Spawns a green thread. It runs when the present one waits.
///
/// # Panics
///
/// When the system has no memory left for its stack. [`Builder::spawn`] returns an error instead.
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

/// Spawns a green thread that begins after `delay`. If it is killed before, it never begins.
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

/// The green thread that runs. On the thread's own stack it is a handle of the root, which has
/// number 0 and cannot be killed.
pub fn current() -> Handle {
    Handle {
        task: hub::current(),
    }
}

/// Waits until all have ended, or for the time-out. Returns how many have ended.
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
    /// Why there is no value: it panicked, was killed, or timed out. A panic does not reach this
    /// green thread.
    pub fn join(self) -> Result<T, JoinError> {
        self.handle.wait();
        self.outcome()
    }

    /// The outcome of a green thread that has ended, without waiting, so that no other runs
    /// meanwhile.
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

    /// Its error, if it has ended with one.
    pub fn error(&self) -> Option<&JoinError> {
        self.packet.outcome.get()?.as_ref().err()
    }

    /// A handle without the return type.
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
    /// Its number. No two green threads of a thread have the same.
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

    /// Waits for its end. If it panicked, this does not panic.
    ///
    /// # Panics
    ///
    /// When a green thread waits for itself.
    pub fn wait(&self) {
        self.wait_until(None);
    }

    /// Waits for its end, or for the time-out. Returns whether it has ended.
    ///
    /// # Panics
    ///
    /// As [`wait`](Handle::wait).
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_until(Some(hub::after(timeout)))
    }

    /// Whether both are handles of the same green thread.
    pub(crate) fn is(&self, other: &Handle) -> bool {
        Rc::ptr_eq(&self.task, &other.task)
    }

    pub(crate) fn wait_until(&self, deadline: Option<Instant>) -> bool {
        hub::with(|hub| hub.spend());
        self.wait_as(Wait::new("end of a green thread").until(deadline))
    }

    /// Waits for its end. With a [`told`](Wait::told) wait it does not unwind.
    pub(crate) fn wait_as(&self, wait: Wait) -> bool {
        if self.ready() {
            return true;
        }
        let own = Rc::ptr_eq(&self.task, &hub::current());
        assert!(!own, "a green thread cannot wait for its own end");
        self.task.ended().wait(wait);
        self.ready()
    }

    /// Kills it, and waits until it has ended: it unwinds from the point where it waits, so that
    /// the destructors on its stack run. If it has not begun, it never begins.
    ///
    /// Killing is a panic of a kind that the panic hook does not report. It is put off in two
    /// cases: if the wait is already over (then it unwinds at its next wait, so that no wake-up is
    /// lost), and while it unwinds for another reason. If it waits for the green threads of a
    /// [`scope`](crate::scope), these are killed first. A green thread that kills itself unwinds at
    /// once.
    ///
    /// It stays killed. Code that catches every panic ([`std::panic::catch_unwind`]) runs only
    /// until its next wait, and unwinds from there. Work that must be done at the end, even work
    /// that waits, belongs in destructors.
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
