//! Timers that are gone leave no memory behind.

#![allow(
    unsafe_code,
    reason = "an allocator that counts is unsafe to implement"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use event_loop::TimerTable;

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// This file must have only one test: others would be counted too.
#[test]
fn a_million_timers_set_and_cancelled_give_their_memory_back() {
    const MANY: u64 = 1_000_000;
    let mut timers = TimerTable::default();
    let now = Instant::now();
    let mut keys = Vec::with_capacity(MANY as usize);
    let before = HELD.load(Ordering::Relaxed);
    for n in 0..MANY {
        keys.push(timers.add(now + Duration::from_micros(n * 7919 % MANY), n));
    }
    let full = HELD.load(Ordering::Relaxed) - before;
    assert!(
        full > 1_000_000,
        "{full} bytes: the allocator does not count"
    );
    // One timer stays, anywhere in the table.
    let last = keys.swap_remove(keys.len() / 2);
    for key in keys.drain(..) {
        assert!(timers.cancel(key).is_some());
    }
    let left = HELD.load(Ordering::Relaxed) - before;
    assert!(left < 4096, "{left} bytes for one timer");
    assert!(timers.cancel(last).is_some());
}
