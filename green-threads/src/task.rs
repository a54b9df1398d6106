//! A task: the hub's data of a green thread.

#![allow(
    unsafe_code,
    reason = "the caller ensures that a body that borrows ends in time"
)]

mod fiber;
mod parking;
mod raises;

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::ops::Range;
use std::panic::Location;
use std::ptr::NonNull;
use std::rc::Rc;

use crate::local::Locals;
use crate::stack::Stack;
use crate::wait_queue::WaitQueue;

use fiber::Fiber;
pub(crate) use fiber::Suspend;
pub(crate) use parking::Cause;
use parking::Parking;
pub(crate) use raises::Raise;
use raises::Raises;

/// A green thread, or the thread's own stack, which the hub calls its root.
pub(crate) struct Task {
    id: u64,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
    /// The next task in the ready queue.
    pub(crate) next: Cell<Option<NonNull<Task>>>,
    /// Its place in the hub's table of living green threads.
    pub(crate) place: Cell<u32>,
    parking: Parking,
    fiber: Fiber,
    raises: Raises,
    ended: OnceCell<Box<WaitQueue>>,
    locals: Cell<Option<Box<Locals>>>,
}

impl Task {
    pub(crate) fn new(
        id: u64,
        name: Option<Box<str>>,
        spawned_at: &'static Location<'static>,
    ) -> Task {
        Task {
            id,
            name,
            spawned_at,
            next: Cell::new(None),
            place: Cell::new(u32::MAX),
            parking: Parking::new(),
            fiber: Fiber::new(),
            raises: Raises::default(),
            ended: OnceCell::new(),
            locals: Cell::new(None),
        }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// The queue of the green threads that wait for its end.
    pub(crate) fn ended(&self) -> &WaitQueue {
        self.ended.get_or_init(Box::default)
    }

    pub(crate) fn take_locals(&self) -> Option<Box<Locals>> {
        self.locals.take()
    }

    pub(crate) fn set_locals(&self, locals: Option<Box<Locals>>) {
        self.locals.set(locals);
    }
}

/// Running.
impl Task {
    /// Gives it a stack and a body.
    ///
    /// # Safety
    ///
    /// What `body` borrows must live until the task has ended. If it never ends: for ever.
    pub(crate) unsafe fn prepare(self: &Rc<Self>, stack: Stack, body: impl FnOnce()) {
        // SAFETY: the task is in its `Rc`, and runs only in `resume`, whose caller holds it.
        unsafe { self.fiber.prepare(stack, self.span(), body) };
    }

    /// Its lane in a trace: it lives until the body has returned.
    fn span(&self) -> tracing::Span {
        tracing::info_span!(parent: None, "green thread", id = self.id, name = self.name())
    }

    /// Runs it until it suspends; `None` if it has returned.
    #[inline]
    pub(crate) fn resume(&self) -> Option<Suspend> {
        self.fiber.resume()
    }

    /// Suspends it. Called on the task's own stack.
    #[inline]
    pub(crate) fn suspend(&self, why: Suspend) {
        self.fiber.suspend(why);
    }

    /// The task has returned: its stack is returned, and those that wait for its end are woken.
    pub(crate) fn finish(&self) {
        self.parking.end();
        self.fiber.finish();
        if let Some(joiners) = self.ended.get() {
            joiners.wake_all();
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.parking.has_ended()
    }

    /// The range of its stack, also after its end; empty for a root.
    pub(crate) fn stack_range(&self) -> Range<usize> {
        self.fiber.stack_range()
    }

    /// Prefetches the memory that resuming this task, and looking at the next one, will need. So it
    /// is in the cache when they run. With many green threads this memory access is most of a
    /// switch.
    #[inline]
    pub(crate) fn prefetch(&self) {
        /// How many lines at a stack's upper end. A waiting green thread uses few more.
        const LINES: usize = 12;
        const LINE: usize = 64;
        let end = self.stack_range().end;
        if end != 0 {
            for line in 1..=LINES {
                fiber::prefetch(end - line * LINE);
            }
        }
        if let Some(next) = self.next.get() {
            for line in 0..size_of::<Task>().div_ceil(LINE) {
                fiber::prefetch(next.as_ptr() as usize + line * LINE);
            }
        }
    }
}

/// Waiting.
impl Task {
    /// Begins a wait. Returns false if it must not unwind from this wait until nothing on this
    /// thread unwinds. With `told` it never unwinds from it.
    pub(crate) fn park(&self, what: &'static str, told: bool) -> bool {
        self.parking.park(what, told)
    }

    /// Ends its wait. Returns false if it does not wait, or another has ended the wait.
    #[inline]
    pub(crate) fn claim(&self, cause: Cause) -> bool {
        self.parking.claim(cause)
    }

    /// Why its last wait ended.
    pub(crate) fn cause(&self) -> Cause {
        self.parking.cause()
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.parking.is_parked()
    }

    /// What it waits for. This is valid while it is parked.
    pub(crate) fn waits_for(&self) -> &'static str {
        self.parking.waits_for()
    }
}

/// Unwinding.
impl Task {
    /// Adds a reason to unwind.
    pub(crate) fn raise(&self, raise: Raise) {
        self.raises.add(raise);
    }

    /// Removes a reason to unwind.
    pub(crate) fn unraise(&self, which: Raise) {
        self.raises.take_back(which);
    }

    #[inline]
    pub(crate) fn has_raise(&self) -> bool {
        self.raises.any()
    }

    /// Whether it has unwound before and the panic was caught.
    pub(crate) fn was_raised(&self) -> bool {
        self.raises.raised()
    }

    /// The reason to unwind now, if there is one.
    pub(crate) fn next_raise(&self) -> Option<Raise> {
        self.raises.next()
    }

    /// Whether its wait may be ended to make it unwind.
    pub(crate) fn may_be_raised(&self) -> bool {
        self.raises.any() && self.parking.may_be_raised()
    }

    /// From here on it cannot be made to unwind.
    pub(crate) fn close(&self) {
        self.raises.close();
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "green thread {} \"{name}\"", self.id),
            None => write!(f, "green thread {}", self.id),
        }
    }
}
