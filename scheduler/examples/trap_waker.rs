//! A trap: a future that returns `Pending` and does not keep the waker. It is never polled again:
//! it waits for ever, although its value is there. Look for: "never woken". The cure is one line.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs the future. Gives up if it is not woken for a while.
fn block_on<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let (mut context, start) = (Context::from_waker(&waker), Instant::now());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return Some(result);
        }
        thread::park_timeout(Duration::from_millis(500));
        if start.elapsed() >= Duration::from_millis(500) {
            return None;
        }
    }
}

type Slot = Arc<Mutex<(Option<u32>, Option<Waker>)>>;

/// A value that another thread sets after 20 ms.
fn value(keeps_waker: bool) -> Option<u32> {
    let slot = Slot::default();
    let theirs = Arc::clone(&slot);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        let mut slot = theirs.lock().expect("no panic");
        slot.0 = Some(42);
        slot.1.take().into_iter().for_each(Waker::wake);
    });
    block_on(poll_fn(|context| {
        let mut slot = slot.lock().expect("no panic");
        if keeps_waker {
            slot.1 = Some(context.waker().clone()); // The cure.
        }
        slot.0.map_or(Poll::Pending, Poll::Ready)
    }))
}

fn main() {
    println!("without the waker: {:?}", value(false).ok_or("never woken"));
    println!("with the waker: {:?}", value(true).ok_or("never woken"));
}
