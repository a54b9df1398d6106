//! The hub: one a thread, made when it is first needed. It runs the green threads that are ready
//! and, when none is, waits with the event loop for something to happen.
//!
//! It has no thread or stack of its own: it runs on the thread's stack, whenever the code there
//! (the *root*) waits for something. So `main` may call everything in this crate just as a green
//! thread may.

#![allow(
    unsafe_code,
    reason = "tasks are pointed to from the ready queue, and the hub from its thread"
)]

use std::cell::{Cell, RefCell};
use std::io;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use event_loop::previous::{Event, EventLoop, Events, TimerKey, Token};
use event_loop::{Clock, Interest, Readiness, Signal, Source as Watched, SystemClock};

use crate::monitor::Pulse;
use crate::overflow::{self, AlternateStack};
use crate::ready::ReadyQueue;
use crate::remote::Remotes;
use crate::stack::Stacks;
use crate::task::{Cause, Raise, Suspend, Task};
use crate::wait_queue::{Wait, WaitQueue};

/// So many switches come between two looks at the clock...
const SWITCHES: u32 = 64;

/// ...and so much time between two looks for events, while green threads are ready all the time:
/// looking costs about a microsecond.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

/// How many operations on sockets and channels may succeed at once before the green thread goes to
/// the end of the queue: who always finds something to do may not starve the others.
const BUDGET: u32 = 256;

/// With more green threads than this, the next one's stack is fetched ahead: what a thousand of them
/// need is in the second cache anyway, and fetching it would only take time.
const CROWD: usize = 4096;

/// What a timer does.
enum Alarm {
    Wake(Rc<Task>),
    Raise(Rc<Task>, Raise),
}

/// A source under its name, by the name's index.
type Registration = (Token, Rc<Source>);

/// Which green threads wait for a source.
#[derive(Default)]
pub(crate) struct Source {
    /// Whether trying may succeed: not after it would have blocked, until the next event.
    pub(crate) readable: Cell<bool>,
    pub(crate) writable: Cell<bool>,
    /// The other end has ended: a short read does not mean that nothing is left.
    pub(crate) read_closed: Cell<bool>,
    pub(crate) readers: WaitQueue,
    pub(crate) writers: WaitQueue,
}

pub(crate) struct Hub {
    ready: ReadyQueue,
    /// The one that runs; the root while no green thread does.
    current: Cell<NonNull<Task>>,
    root: Rc<Task>,
    /// Everyone that has not ended; what owns the tasks in the ready queue.
    living: RefCell<Living>,
    next_id: Cell<u64>,
    pub(crate) stacks: Stacks,
    event_loop: RefCell<EventLoop>,
    events: RefCell<Events>,
    clock: Box<dyn Clock>,
    alarms: RefCell<Vec<Option<(TimerKey, Alarm)>>>,
    sources: RefCell<Vec<Option<Registration>>>,
    /// How many wait for a source.
    waiting_for_sources: Cell<usize>,
    signals: WaitQueue<Option<Signal>>,
    pub(crate) remotes: Rc<Remotes>,
    /// More green threads live than a CPU's caches hold.
    crowded: Cell<bool>,
    /// Raises that had to be put off until nothing unwinds.
    put_off: Cell<bool>,
    switches: Cell<u32>,
    polled: Cell<Instant>,
    budget: Cell<u32>,
    pub(crate) pulse: Arc<Pulse>,
    _alternate_stack: AlternateStack,
}

#[derive(Default)]
struct Living {
    tasks: Vec<Option<Rc<Task>>>,
    free: Vec<u32>,
}

thread_local! {
    static HUB: Cell<*const Hub> = const { Cell::new(ptr::null()) };
    static OWNER: Owner = const { Owner };
}

/// Ends the hub with its thread.
struct Owner;

impl Drop for Owner {
    fn drop(&mut self) {
        let hub = HUB.replace(ptr::null());
        if hub.is_null() {
            return;
        }
        // SAFETY: it came from `Box::into_raw`, and only this takes it.
        let hub = unsafe { Box::from_raw(hub.cast_mut()) };
        hub.remotes.close();
        if hub.living.borrow().tasks.len() > hub.living.borrow().free.len() {
            // Green threads that are left are never resumed: thread locals that their stacks may
            // borrow from have been dropped. So nothing that they could reach may go either.
            std::mem::forget(hub);
        }
    }
}

/// Calls `f` with this thread's hub, which is made if there is none.
#[inline]
pub(crate) fn with<R>(f: impl FnOnce(&Hub) -> R) -> R {
    let mut hub = HUB.get();
    if hub.is_null() {
        hub = make(SystemClock).unwrap_or_else(|error| panic!("no hub for this thread: {error}"));
    }
    // SAFETY: it lives until the thread's locals are dropped; then nothing of this crate runs on
    // the thread any more, and the pointer is null.
    f(unsafe { &*hub })
}

/// As [`with`], if there is a hub.
pub(crate) fn try_with<R>(f: impl FnOnce(&Hub) -> R) -> Option<R> {
    let hub = HUB.get();
    // SAFETY: as in `with`.
    (!hub.is_null()).then(|| f(unsafe { &*hub }))
}

#[cold]
fn make(clock: impl Clock + Clone + 'static) -> io::Result<*const Hub> {
    // Also makes sure that it is dropped with the thread.
    if OWNER.try_with(|_| ()).is_err() {
        return Err(io::Error::other("the thread is ending"));
    }
    let hub = Hub::new(clock)?;
    let hub: *const Hub = Box::into_raw(Box::new(hub));
    HUB.set(hub);
    Ok(hub)
}

/// Makes this thread's hub live by another clock than the system's: with a
/// [`FakeClock`](event_loop::FakeClock), tests of time are exact and instant.
///
/// # Errors
///
/// When this thread has a hub already, or the system has no descriptors left for one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use green_threads::{set_clock, sleep, spawn};
/// use event_loop::FakeClock;
///
/// # fn main() -> std::io::Result<()> {
/// let clock = FakeClock::new();
/// set_clock(clock.clone())?;
/// let sleeper = spawn(|| sleep(Duration::from_secs(3600)));
/// green_threads::yield_now();
/// assert!(!sleeper.ready());
/// clock.advance(Duration::from_secs(3600));
/// sleeper.join().unwrap();
/// # Ok(()) }
/// ```
pub fn set_clock(clock: impl Clock + Clone + 'static) -> io::Result<()> {
    if !HUB.get().is_null() {
        return Err(io::Error::other("this thread has a hub already"));
    }
    make(clock).map(drop)
}

/// The task that runs.
pub(crate) fn current() -> Rc<Task> {
    with(Hub::current)
}

/// Wakes a task that waits; false if it does not, or no longer.
pub(crate) fn wake(task: &Rc<Task>, case: u32) -> bool {
    try_with(|hub| hub.wake(task, Cause::Woken(case))).unwrap_or(false)
}

/// Lets the other green threads that are ready run first.
///
/// # Examples
///
/// ```
/// let other = green_threads::spawn(|| ());
/// assert!(!other.ready());
/// green_threads::yield_now();
/// assert!(other.ready());
/// ```
#[inline]
pub fn yield_now() {
    with(Hub::yield_now);
}

/// Waits so long; the others run in the meantime.
///
/// # Examples
///
/// A thousand that sleep a hundredth of a second at the same time:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let sleepers: Vec<_> = (0..1000)
///     .map(|_| green_threads::spawn(|| green_threads::sleep(Duration::from_millis(10))))
///     .collect();
/// green_threads::join_all(&sleepers, None);
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// ```
pub fn sleep(duration: Duration) {
    with(|hub| {
        let deadline = hub.after(duration);
        hub.park(Wait::new("sleep").until(Some(deadline)));
    });
}

impl Hub {
    fn new(clock: impl Clock + Clone + 'static) -> io::Result<Hub> {
        let event_loop = EventLoop::with_clock(clock.clone())?;
        let root = Rc::new(Task::new(0, None, Location::caller()));
        Ok(Hub {
            ready: ReadyQueue::default(),
            current: Cell::new(NonNull::from(&*root)),
            root,
            living: RefCell::default(),
            next_id: Cell::new(1),
            stacks: Stacks::default(),
            polled: Cell::new(clock.now()),
            remotes: Rc::new(Remotes::new(event_loop.waker())),
            event_loop: RefCell::new(event_loop),
            events: RefCell::default(),
            clock: Box::new(clock),
            alarms: RefCell::default(),
            sources: RefCell::default(),
            waiting_for_sources: Cell::new(0),
            signals: WaitQueue::default(),
            crowded: Cell::new(false),
            put_off: Cell::new(false),
            switches: Cell::new(SWITCHES),
            budget: Cell::new(BUDGET),
            pulse: Arc::default(),
            _alternate_stack: overflow::watch()?,
        })
    }

    /// The task that runs.
    pub(crate) fn current(&self) -> Rc<Task> {
        let task = self.current.get().as_ptr().cast_const();
        // SAFETY: what runs is owned by the table of the living (or is the root, which the hub
        // owns), and all tasks are made by `Rc::new`.
        unsafe {
            Rc::increment_strong_count(task);
            Rc::from_raw(task)
        }
    }

    #[inline]
    fn current_ref(&self) -> &Task {
        // SAFETY: as in `current`; and whoever runs does not end before it returns from here.
        unsafe { &*self.current.get().as_ptr() }
    }

    /// Calls `f` with what runs, without counting: fit for a signal handler.
    pub(crate) fn with_running<R>(&self, f: impl FnOnce(&Task) -> R) -> R {
        f(self.current_ref())
    }

    #[inline]
    pub(crate) fn in_root(&self) -> bool {
        ptr::eq(self.current.get().as_ptr(), Rc::as_ptr(&self.root))
    }

    pub(crate) fn is_root(&self, task: &Rc<Task>) -> bool {
        Rc::ptr_eq(task, &self.root)
    }

    /// Now, by this hub's clock.
    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// So long from now; a century at most.
    pub(crate) fn after(&self, delay: Duration) -> Instant {
        const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
        self.now() + delay.min(LONGEST)
    }

    pub(crate) fn next_id(&self) -> u64 {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        id
    }

    /// Takes a new task among the living, and into the ready queue.
    pub(crate) fn adopt(&self, task: &Rc<Task>) {
        let mut living = self.living.borrow_mut();
        let entry = Some(Rc::clone(task));
        let place = match living.free.pop() {
            Some(place) => {
                living.tasks[place as usize] = entry;
                place
            }
            None => {
                living.tasks.push(entry);
                (living.tasks.len() - 1) as u32
            }
        };
        task.place.set(place);
        self.crowded
            .set(living.tasks.len() - living.free.len() > CROWD);
        drop(living);
        if let Some(name) = task.name() {
            self.pulse.name(task.id(), Some(name));
        }
        // SAFETY: it is new, and now owned by the table until it ends.
        unsafe { self.ready.push(NonNull::from(&**task)) };
    }

    /// Everyone that has not ended, in no order.
    pub(crate) fn living(&self) -> Vec<Rc<Task>> {
        let living = self.living.borrow();
        living.tasks.iter().flatten().cloned().collect()
    }

    #[inline]
    pub(crate) fn yield_now(&self) {
        if self.in_root() {
            let root = NonNull::from(&*self.root);
            // SAFETY: the hub owns it, and what runs is in no queue.
            unsafe { self.ready.push(root) };
            self.run();
        } else {
            self.current_ref().suspend(Suspend::Yield);
        }
        let task = self.current_ref();
        if task.has_raise() {
            task.unwind_if_raised();
        }
    }

    /// Counts an operation that did not have to wait; after many the others have their turn.
    #[inline]
    pub(crate) fn spend(&self) {
        let left = self.budget.get() - 1;
        self.budget.set(left);
        if left == 0 {
            self.budget.set(BUDGET);
            self.yield_now();
        }
    }

    /// Waits to be claimed. Unwinds if it is killed meanwhile, unless the wait is shielded.
    pub(crate) fn park(&self, wait: Wait) -> Cause {
        let task = self.current_ref();
        if task.has_raise() && !wait.shielded {
            task.unwind_if_raised();
        }
        let alarm = wait
            .deadline
            .map(|deadline| self.set_alarm(deadline, Alarm::Wake(self.current())));
        task.park(wait.what, wait.shielded);
        if self.in_root() {
            self.run();
        } else {
            task.suspend(Suspend::Park);
        }
        if let Some(alarm) = alarm {
            self.cancel_alarm(alarm);
        }
        let cause = task.cause();
        if cause == Cause::Raised {
            task.unwind_if_raised();
        }
        cause
    }

    /// Ends a task's wait; false if it does not wait, or no longer.
    #[inline]
    pub(crate) fn wake(&self, task: &Rc<Task>, cause: Cause) -> bool {
        let claimed = task.claim(cause);
        if claimed {
            // SAFETY: what waits is alive, so the table (or the hub) owns it; it was in no queue.
            unsafe { self.ready.push(NonNull::from(&**task)) };
        }
        claimed
    }

    /// Makes a task unwind, now if it waits, else at its next suspension.
    pub(crate) fn raise(&self, task: &Rc<Task>, raise: Raise) {
        if task.has_ended() {
            return;
        }
        task.raise(raise);
        if task.may_be_raised() {
            self.wake(task, Cause::Raised);
        } else if task.is_parked() {
            self.put_off.set(true);
        }
    }

    /// Runs what is ready until the root is.
    fn run(&self) {
        let root = NonNull::from(&*self.root);
        loop {
            let Some(task) = self.ready.pop() else {
                self.wait_for_events();
                continue;
            };
            let left = self.switches.get() - 1;
            self.switches.set(left);
            if left == 0 {
                self.look_for_events();
            }
            self.current.set(task);
            // SAFETY: the table of the living owns it, or the hub.
            let task_ref = unsafe { task.as_ref() };
            self.budget.set(BUDGET);
            if task == root {
                self.pulse.rest();
                return;
            }
            if self.crowded.get()
                && let Some(next) = self.ready.first()
            {
                // SAFETY: what is in the queue is alive.
                unsafe { next.as_ref() }.prefetch();
            }
            self.pulse.beat(task_ref.id(), task_ref.spawned_at());
            match task_ref.resume() {
                // SAFETY: it is alive and was running, so it is in no queue.
                Some(Suspend::Yield) => unsafe { self.ready.push(task) },
                Some(Suspend::Park) => {}
                None => self.bury(task_ref),
            }
            self.current.set(root);
        }
    }

    /// A task has ended.
    fn bury(&self, task: &Task) {
        task.finish();
        task.wake_joiners();
        let mut living = self.living.borrow_mut();
        let place = task.place.get();
        let entry = living.tasks[place as usize].take();
        living.free.push(place);
        self.crowded
            .set(living.tasks.len() - living.free.len() > CROWD);
        if living.free.len() == living.tasks.len() && living.tasks.len() > 1024 {
            // A crowd has gone; its room goes with it.
            *living = Living::default();
        }
        drop(living);
        if task.name().is_some() {
            self.pulse.name(task.id(), None);
        }
        drop(entry);
    }

    /// Green threads are ready; once in a while, sees what else has happened.
    #[cold]
    fn look_for_events(&self) {
        self.switches.set(SWITCHES);
        let now = Instant::now();
        if now.saturating_duration_since(self.polled.get()) >= POLL_INTERVAL {
            self.poll(Some(Duration::ZERO));
        }
    }

    /// Nothing is ready.
    #[cold]
    fn wait_for_events(&self) {
        self.pulse.rest();
        if self.put_off.get() && !thread::panicking() {
            self.put_off.set(false);
            for task in self.living() {
                if task.may_be_raised() {
                    self.wake(&task, Cause::Raised);
                }
            }
            if !self.ready.is_empty() {
                return;
            }
        }
        let nothing_can_happen = self.event_loop.borrow().timers() == 0
            && self.waiting_for_sources.get() == 0
            && self.remotes.expected() == 0
            && self.signals.waiters() == 0;
        if nothing_can_happen {
            self.stuck();
        }
        self.poll(None);
    }

    /// Every green thread waits for another: the root's wait ends in a panic, which says so.
    #[cold]
    fn stuck(&self) {
        self.current.set(NonNull::from(&*self.root));
        let living = self.living();
        let mut list = String::new();
        for task in living.iter().take(10) {
            let (what, place) = (task.waits_for(), task.spawned_at());
            list.push_str(&format!("\n  {task:?} spawned at {place} waits: {what}"));
        }
        if living.len() > 10 {
            list.push_str(&format!("\n  and {} more", living.len() - 10));
        }
        // What it waited for will find that nobody waits.
        self.root.claim(Cause::Woken(0));
        panic!(
            "deadlock: the thread waits ({}) and nothing is left that could end that{list}",
            self.root.waits_for()
        );
    }

    fn poll(&self, timeout: Option<Duration>) {
        let mut events = self.events.borrow_mut();
        let polled = self.event_loop.borrow_mut().run_once(timeout, &mut events);
        if let Err(error) = polled {
            panic!("the event loop is broken: {error}");
        }
        self.polled.set(Instant::now());
        self.switches.set(SWITCHES);
        for event in events.iter() {
            match event {
                Event::Ready(token, readiness) => self.source_ready(token, readiness),
                Event::Timer(key) => self.ring(key),
                Event::Woken => self.remotes.deliver(),
                Event::Signal(signal) => {
                    while self.signals.wake_one_with(|slot| *slot = Some(signal)) {}
                }
                _ => {}
            }
        }
    }

    fn source_ready(&self, token: Token, readiness: Readiness) {
        let sources = self.sources.borrow();
        let Some(Some((known, source))) = sources.get(token.index()) else {
            return;
        };
        if *known != token {
            return;
        }
        if readiness.read_closed() || readiness.error() {
            source.read_closed.set(true);
        }
        if readiness.readable() || readiness.read_closed() || readiness.error() {
            source.readable.set(true);
            source.readers.wake_all();
        }
        if readiness.writable() || readiness.write_closed() || readiness.error() {
            source.writable.set(true);
            source.writers.wake_all();
        }
    }

    fn ring(&self, key: TimerKey) {
        let mut alarms = self.alarms.borrow_mut();
        let Some(entry) = alarms.get_mut(key.index()) else {
            return;
        };
        if entry.as_ref().is_some_and(|(known, _)| *known == key)
            && let Some((_, alarm)) = entry.take()
        {
            drop(alarms);
            match alarm {
                Alarm::Wake(task) => drop(self.wake(&task, Cause::TimedOut)),
                Alarm::Raise(task, raise) => self.raise(&task, raise),
            }
        }
    }

    fn set_alarm(&self, at: Instant, alarm: Alarm) -> TimerKey {
        let key = self.event_loop.borrow_mut().add_timer(at);
        let mut alarms = self.alarms.borrow_mut();
        if alarms.len() <= key.index() {
            alarms.resize_with(key.index() + 1, || None);
        }
        alarms[key.index()] = Some((key, alarm));
        key
    }

    pub(crate) fn cancel_alarm(&self, key: TimerKey) {
        if self.event_loop.borrow_mut().cancel_timer(key) {
            let alarm = self.alarms.borrow_mut()[key.index()].take();
            drop(alarm);
        }
    }

    /// Has the current task unwind at a time.
    pub(crate) fn set_raise_alarm(&self, at: Instant, raise: Raise) -> TimerKey {
        self.set_alarm(at, Alarm::Raise(self.current(), raise))
    }

    /// Watches a source for reading and writing.
    pub(crate) fn register<S: Watched + ?Sized>(
        &self,
        watched: &mut S,
        interest: Interest,
    ) -> io::Result<(Token, Rc<Source>)> {
        let token = self.event_loop.borrow_mut().register(watched, interest)?;
        let source = Rc::new(Source::default());
        source.readable.set(true);
        source.writable.set(true);
        let mut sources = self.sources.borrow_mut();
        if sources.len() <= token.index() {
            sources.resize_with(token.index() + 1, || None);
        }
        sources[token.index()] = Some((token, Rc::clone(&source)));
        Ok((token, source))
    }

    /// Watches it no longer; to be called before it is closed.
    pub(crate) fn deregister<S: Watched + ?Sized>(&self, watched: &mut S, token: Token) {
        let source = self.sources.borrow_mut()[token.index()].take();
        drop(source);
        if let Err(error) = self.event_loop.borrow_mut().deregister(watched, token) {
            tracing::error!(%error, "a source could not be deregistered");
        }
    }

    /// How many sources are registered.
    pub(crate) fn sources(&self) -> usize {
        self.event_loop.borrow().sources()
    }

    /// How many timers are set.
    pub(crate) fn timers(&self) -> usize {
        self.event_loop.borrow().timers()
    }

    /// Waits for a source; false if the time was up first.
    pub(crate) fn wait_for_source(&self, queue: &WaitQueue, wait: Wait) -> bool {
        struct Count<'a>(&'a Cell<usize>);
        impl Drop for Count<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.waiting_for_sources
            .set(self.waiting_for_sources.get() + 1);
        let _count = Count(&self.waiting_for_sources);
        queue.wait(wait)
    }

    pub(crate) fn handle_signals(&self, signals: &[Signal]) -> io::Result<()> {
        self.event_loop.borrow_mut().handle_signals(signals)
    }

    /// Waits for any of the signals that are handled.
    pub(crate) fn wait_for_signal(&self) -> Signal {
        loop {
            if let (_, Some(Some(signal))) = self.signals.wait_with(None, Wait::new("signal")) {
                return signal;
            }
        }
    }
}
