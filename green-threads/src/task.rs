//! What the hub knows of a green thread: its control block.

#![allow(
    unsafe_code,
    reason = "a body that borrows is handed on by who sees to it that it ends in time"
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
    /// The next one in the ready queue.
    pub(crate) next: Cell<Option<NonNull<Task>>>,
    /// Where it is in the hub's table of the living.
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

    /// The green thread that waits for its end.
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
    /// Gives it a stack and what to do on it.
    ///
    /// # Safety
    ///
    /// What `body` borrows must live until the task has ended; for a task that never ends, forever.
    pub(crate) unsafe fn prepare(self: &Rc<Self>, stack: Stack, body: impl FnOnce()) {
        // SAFETY: the task is in its `Rc`, and runs only by `resume`, whose caller holds it.
        unsafe { self.fiber.prepare(stack, body) };
    }

    /// Runs it until it suspends; `None` if it has returned.
    #[inline]
    pub(crate) fn resume(&self) -> Option<Suspend> {
        self.fiber.resume()
    }

    /// Suspends; called on the task's own stack.
    #[inline]
    pub(crate) fn suspend(&self, why: Suspend) {
        self.fiber.suspend(why);
    }

    /// It has returned: its stack goes back, and those that wait for its end are woken.
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

    /// Where its stack is, or was; empty for a root.
    pub(crate) fn stack_range(&self) -> Range<usize> {
        self.fiber.stack_range()
    }

    /// Has the CPU fetch what resuming this task, and looking at the one behind it, will need: by
    /// the time it is their turn, it has come. With many green threads that is most of a switch.
    #[inline]
    pub(crate) fn prefetch(&self) {
        /// How much of a stack's upper end; a green thread that waits has little more.
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
    /// Says that it is going to wait; false if it cannot be made to unwind from this wait before
    /// nothing on this thread unwinds any more. With `told`, it never unwinds from it.
    pub(crate) fn park(&self, what: &'static str, told: bool) -> bool {
        self.parking.park(what, told)
    }

    /// Ends its wait, if it is waiting and nobody else has ended it.
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

    /// What it waits for; meaningful while it is parked.
    pub(crate) fn waits_for(&self) -> &'static str {
        self.parking.waits_for()
    }
}

/// Unwinding.
impl Task {
    /// Notes what it is to unwind with.
    pub(crate) fn raise(&self, raise: Raise) {
        self.raises.add(raise);
    }

    /// Takes back what it was to unwind with.
    pub(crate) fn unraise(&self, which: Raise) {
        self.raises.take_back(which);
    }

    #[inline]
    pub(crate) fn has_raise(&self) -> bool {
        self.raises.any()
    }

    /// Whether one was raised before, and caught.
    pub(crate) fn was_raised(&self) -> bool {
        self.raises.raised()
    }

    /// What it is to unwind with now.
    pub(crate) fn next_raise(&self) -> Option<Raise> {
        self.raises.next()
    }

    /// Whether its wait may be ended by what it is to unwind with.
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
