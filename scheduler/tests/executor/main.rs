//! The executor and its synchronization from outside: the waker's contract, cancelling, deadlocks,
//! sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use event_loop::FakeClock;
use futures_util::stream::{FuturesUnordered, StreamExt};
use protocols::conversation;
use scheduler::chat_server::Server;
use scheduler::executor::{
    Either, Executor, JoinError, JoinHandle, Scope, TaskLocal, current_task, gather, scope, select,
    sleep, sleep_until, spawn, timeout, yield_now,
};
use scheduler::io::{Line, Lines, TcpListener, TcpStream};
use scheduler::sync::{Event, Lock, Semaphore, channel};

mod combinators;
mod deadlock;
mod fairness;
mod groups;
mod nested;
mod reports;
mod soak;
mod sockets;
mod soundness;
mod sync;
mod tasks;
mod threads;
mod time;
mod waits;
mod wakers;

fn executor() -> Executor {
    Executor::new().unwrap()
}

fn with_clock() -> (Executor, FakeClock) {
    let clock = FakeClock::new();
    (Executor::with_clock(clock.clone()).unwrap(), clock)
}

const SECOND: Duration = Duration::from_secs(1);

/// A future that counts its polls, keeps its waker where the test finds it, and is ready when the
/// test says so.
#[derive(Clone, Default)]
struct Probe {
    polls: Rc<Cell<u32>>,
    waker: Rc<RefCell<Option<Waker>>>,
    ready: Rc<Cell<bool>>,
}

impl Future for Probe {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.polls.set(self.polls.get() + 1);
        self.waker.replace(Some(context.waker().clone()));
        if self.ready.get() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Probe {
    fn wake(&self) {
        self.waker.borrow().as_ref().unwrap().wake_by_ref();
    }
}

/// Counts how many of its guards were dropped.
#[derive(Clone, Default)]
struct Dropped(Rc<Cell<usize>>);

struct CountDrop(Dropped);

impl Dropped {
    fn guard(&self) -> CountDrop {
        CountDrop(self.clone())
    }

    fn count(&self) -> usize {
        self.0.get()
    }
}

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get() + 1);
    }
}
