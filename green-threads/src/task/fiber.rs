//! A stack, and the coroutine that runs on it.
//!
//! `prepare` gives it a stack and a body. `resume` runs the body until it calls `suspend`.

#![allow(
    unsafe_code,
    reason = "both the hub and the running coroutine use the fiber"
)]

use std::cell::{Cell, UnsafeCell};
use std::ops::Range;
use std::ptr;

use corosensei::{Coroutine, CoroutineResult, Yielder};
use tracing::Span;

use crate::stack::Stack;

/// Why a green thread gives control back to the hub.
#[derive(Clone, Copy)]
pub(crate) enum Suspend {
    /// It goes to the end of the ready queue.
    Yield,
    /// It waits until it is woken.
    Park,
}

type Coro = Coroutine<(), Suspend, (), Stack>;

/// A coroutine with its stack, and the span that shows in a trace when it ran. It is empty for the
/// root, which runs on the thread's own stack.
pub(super) struct Fiber {
    coroutine: UnsafeCell<Option<(Coro, Span)>>,
    yielder: Cell<*const Yielder<(), Suspend>>,
    /// From its guard page to its upper end.
    stack: Cell<(usize, usize)>,
}

impl Fiber {
    pub(super) fn new() -> Fiber {
        Fiber {
            coroutine: UnsafeCell::new(None),
            yielder: Cell::new(ptr::null()),
            stack: Cell::new((0, 0)),
        }
    }

    /// Gives it a stack and a body.
    ///
    /// # Safety
    ///
    /// The fiber must not move until `body` has returned, and what `body` borrows must live as
    /// long. If it never returns: for ever.
    pub(super) unsafe fn prepare(&self, stack: Stack, span: Span, body: impl FnOnce()) {
        let fiber: *const Fiber = self;
        let range = stack.range();
        self.stack.set((range.start, range.end));
        // SAFETY: the caller promises what this function requires.
        let coroutine = unsafe {
            Coroutine::with_stack_unchecked(stack, move |yielder: &Yielder<_, _>, ()| {
                // SAFETY: the fiber has not moved, as the caller promised.
                (*fiber).yielder.set(yielder);
                body();
            })
        };
        // SAFETY: a fiber without a coroutine is not running on one.
        unsafe { *self.coroutine.get() = Some((coroutine, span)) };
    }

    /// Runs it until it suspends; `None` if it has returned.
    #[inline]
    pub(super) fn resume(&self) -> Option<Suspend> {
        // SAFETY: only the hub's loop resumes it, on the thread's own stack and never inside
        // another resume. Nothing else makes a reference to the coroutine while it runs.
        let coroutine = unsafe { &mut *self.coroutine.get() };
        let (coroutine, span) = coroutine.as_mut()?;
        let _entered = span.enter();
        match coroutine.resume(()) {
            CoroutineResult::Yield(why) => Some(why),
            CoroutineResult::Return(()) => None,
        }
    }

    /// Suspends it. Called on the fiber's own stack.
    #[inline]
    pub(super) fn suspend(&self, why: Suspend) {
        // SAFETY: the yielder is at the base of the stack that this is called on.
        unsafe { (*self.yielder.get()).suspend(why) };
    }

    /// It has returned: its stack is returned.
    pub(super) fn finish(&self) {
        // SAFETY: it has returned, so nothing runs on it, and only the hub's loop calls this.
        let coroutine = unsafe { (*self.coroutine.get()).take() };
        drop(coroutine);
    }

    /// The range of its stack, also after its end; empty for a root.
    pub(super) fn stack_range(&self) -> Range<usize> {
        let (start, end) = self.stack.get();
        start..end
    }
}

/// Prefetches the cache line at an address. The address need not be readable.
#[inline]
pub(super) fn prefetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it is only a hint: nothing is read or written.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(address as *const i8);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
