//! Green threads from outside: rules that must always hold.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use event_loop::FakeClock;
use green_threads::sync::{AsyncResult, Barrier, Condvar, Event, Mutex, RwLock, Semaphore};
use green_threads::{
    Builder, Channel, GreenThread, JoinError, Listener, Pool, Select, State, StreamServer,
    TimedOut, Timeout, green_local, join_all, list, offload, scope, set_clock, sleep, spawn,
    spawn_later, stats, timeout, yield_now,
};
use rustix::io::Errno;

mod channels;
mod killing;
mod killing_groups;
mod lives;
mod pools;
mod time_outs;

const HOUR: Duration = Duration::from_secs(3600);

const MOMENT: Duration = Duration::from_millis(1);

/// Counts how often it is dropped.
struct Count(Rc<Cell<usize>>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Runs all ready green threads until they wait.
fn settle() {
    for _ in 0..10 {
        yield_now();
    }
}
