//! What the hub knows of a green thread: its control block.

#![allow(
    unsafe_code,
    reason = "a stack's coroutine is resumed by the hub and suspended from within"
)]

use std::cell::{Cell, OnceCell, UnsafeCell};
use std::fmt;
use std::ops::Range;
use std::panic::{Location, resume_unwind};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::local::Locals;
use crate::stack::Stack;
use crate::wait_queue::WaitQueue;

/// Why a green thread hands the thread back to the hub.
#[derive(Clone, Copy)]
pub(crate) enum Suspend {
    /// It goes to the end of the ready queue.
    Yield,
    /// Somebody will wake it.
    Park,
}

type Coro = Coroutine<(), Suspend, (), Stack>;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Somebody woke it; a select knows by the number which of its cases.
    Woken(u32),
    /// Its time was up.
    TimedOut,
    /// It is to unwind.
    Raised,
}

/// What a green thread is made to unwind with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Raise {
    Kill,
    /// The time-out of this number, which was so long.
    Timeout(u64, Duration),
}

/// How a wait takes being killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shield {
    /// It ends.
    None,
    /// The wait began while something on this thread was unwinding, perhaps this green thread: a
    /// second panic would abort. It ends when nothing unwinds any more.
    Unwinding,
    /// It goes on; what others borrow from this stack depends on it.
    Explicit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Running, or in the ready queue.
    Runnable,
    /// Until somebody claims it.
    Parked,
    Ended,
}

/// A green thread, or the thread's own stack, which the hub calls its root.
pub(crate) struct Task {
    id: u64,
    name: Option<Box<str>>,
    spawned_at: &'static Location<'static>,
    state: Cell<State>,
    shield: Cell<Shield>,
    cause: Cell<Cause>,
    waits_for: Cell<&'static str>,
    /// The next one in the ready queue.
    pub(crate) next: Cell<Option<NonNull<Task>>>,
    coroutine: UnsafeCell<Option<Coro>>,
    yielder: Cell<*const Yielder<(), Suspend>>,
    stack: Cell<(usize, usize)>,
    /// Where it is in the hub's table of the living.
    pub(crate) place: Cell<u32>,
    has_raise: Cell<bool>,
    /// It has its outcome, and only tidies up.
    closing: Cell<bool>,
    raises: Cell<Vec<Raise>>,
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
            state: Cell::new(State::Runnable),
            shield: Cell::new(Shield::None),
            cause: Cell::new(Cause::Woken(0)),
            waits_for: Cell::new(""),
            next: Cell::new(None),
            coroutine: UnsafeCell::new(None),
            yielder: Cell::new(ptr::null()),
            stack: Cell::new((0, 0)),
            place: Cell::new(u32::MAX),
            has_raise: Cell::new(false),
            closing: Cell::new(false),
            raises: Cell::default(),
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

    pub(crate) fn has_ended(&self) -> bool {
        self.state.get() == State::Ended
    }

    pub(crate) fn is_parked(&self) -> bool {
        self.state.get() == State::Parked
    }

    /// What it waits for; meaningful while it is parked.
    pub(crate) fn waits_for(&self) -> &'static str {
        self.waits_for.get()
    }

    /// Who waits for its end.
    pub(crate) fn ended(&self) -> &WaitQueue {
        self.ended.get_or_init(Box::default)
    }

    pub(crate) fn wake_joiners(&self) {
        if let Some(joiners) = self.ended.get() {
            joiners.wake_all();
        }
    }

    pub(crate) fn take_locals(&self) -> Option<Box<Locals>> {
        self.locals.take()
    }

    pub(crate) fn set_locals(&self, locals: Option<Box<Locals>>) {
        self.locals.set(locals);
    }

    /// Gives it a stack and what to do on it.
    ///
    /// # Safety
    ///
    /// What `body` borrows must live until the task has ended; for a task that never ends, forever.
    pub(crate) unsafe fn prepare(self: &Rc<Self>, stack: Stack, body: impl FnOnce()) {
        let task: *const Task = Rc::as_ptr(self);
        let range = stack.range();
        self.stack.set((range.start, range.end));
        // SAFETY: the caller's promise is the one that is asked for.
        let coroutine = unsafe {
            Coroutine::with_stack_unchecked(stack, move |yielder: &Yielder<_, _>, ()| {
                // SAFETY: it runs only by `resume`, whose caller holds the task.
                let task = &*task;
                task.yielder.set(yielder);
                body();
            })
        };
        // SAFETY: a task without a coroutine is not running on one.
        unsafe { *self.coroutine.get() = Some(coroutine) };
    }

    /// Runs it until it suspends; `None` if it has returned.
    #[inline]
    pub(crate) fn resume(&self) -> Option<Suspend> {
        // SAFETY: only the hub's loop resumes, on the thread's own stack and never within a
        // resume; nothing else makes a reference to the coroutine while it runs.
        let coroutine = unsafe { &mut *self.coroutine.get() };
        match coroutine.as_mut()?.resume(()) {
            CoroutineResult::Yield(why) => Some(why),
            CoroutineResult::Return(()) => None,
        }
    }

    /// Suspends; called on the task's own stack.
    #[inline]
    pub(crate) fn suspend(&self, why: Suspend) {
        // SAFETY: the yielder is at the base of the stack that this is called on.
        unsafe { (*self.yielder.get()).suspend(why) };
    }

    /// It has returned: its stack goes back.
    pub(crate) fn finish(&self) {
        self.state.set(State::Ended);
        // SAFETY: it has returned, so nothing runs on it, and the hub's loop is who calls this.
        let coroutine = unsafe { (*self.coroutine.get()).take() };
        drop(coroutine);
    }

    /// Where its stack is, or was; empty for a root.
    pub(crate) fn stack_range(&self) -> Range<usize> {
        let (start, end) = self.stack.get();
        start..end
    }

    /// Has the CPU fetch what resuming this task, and looking at the one behind it, will need: by
    /// the time it is their turn, it has come. With many green threads that is most of a switch.
    #[inline]
    pub(crate) fn prefetch(&self) {
        /// How much of a stack's upper end; a green thread that waits has little more.
        const LINES: usize = 12;
        const LINE: usize = 64;
        let end = self.stack.get().1;
        if end != 0 {
            for line in 1..=LINES {
                prefetch(end - line * LINE);
            }
        }
        if let Some(next) = self.next.get() {
            for line in 0..size_of::<Task>().div_ceil(LINE) {
                prefetch(next.as_ptr() as usize + line * LINE);
            }
        }
    }

    /// Says that it is going to wait.
    pub(crate) fn park(&self, what: &'static str, shielded: bool) {
        self.waits_for.set(what);
        self.shield.set(match shielded {
            true => Shield::Explicit,
            false if thread::panicking() => Shield::Unwinding,
            false => Shield::None,
        });
        self.state.set(State::Parked);
    }

    /// Ends its wait, if it is waiting and nobody else has ended it: a wake-up goes to one who
    /// takes it, or is not used up.
    pub(crate) fn claim(&self, cause: Cause) -> bool {
        if self.state.get() != State::Parked {
            return false;
        }
        self.state.set(State::Runnable);
        self.cause.set(cause);
        true
    }

    pub(crate) fn cause(&self) -> Cause {
        self.cause.get()
    }

    /// From here on it cannot be made to unwind.
    pub(crate) fn close(&self) {
        self.closing.set(true);
        self.has_raise.set(false);
        self.raises.take();
    }

    /// Notes what it is to unwind with.
    pub(crate) fn raise(&self, raise: Raise) {
        if self.closing.get() {
            return;
        }
        let mut raises = self.raises.take();
        raises.push(raise);
        self.raises.set(raises);
        self.has_raise.set(true);
    }

    /// Whether its wait may be ended by what it is to unwind with.
    pub(crate) fn may_be_raised(&self) -> bool {
        self.has_raise.get()
            && self.is_parked()
            && match self.shield.get() {
                Shield::None => true,
                Shield::Unwinding => !thread::panicking(),
                Shield::Explicit => false,
            }
    }

    /// Takes back what it was to unwind with.
    pub(crate) fn unraise(&self, which: Raise) {
        let mut raises = self.raises.take();
        raises.retain(|raise| *raise != which);
        self.has_raise.set(!raises.is_empty());
        self.raises.set(raises);
    }

    #[inline]
    pub(crate) fn has_raise(&self) -> bool {
        self.has_raise.get()
    }

    pub(crate) fn take_raise(&self) -> Option<Raise> {
        let mut raises = self.raises.take();
        let first = (!raises.is_empty()).then(|| raises.remove(0));
        self.has_raise.set(!raises.is_empty());
        self.raises.set(raises);
        first
    }

    /// Unwinds, if that is asked for and possible.
    #[cold]
    pub(crate) fn unwind_if_raised(&self) {
        if !thread::panicking()
            && let Some(raise) = self.take_raise()
        {
            // Without the panic hook: nothing has gone wrong.
            resume_unwind(Box::new(raise));
        }
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

/// A hint; an address that cannot be read does no harm.
#[inline]
fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: nothing is read or written.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address as *const i8);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
