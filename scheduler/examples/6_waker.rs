//! A waker: an object that says "poll this future again". Until then, the code that runs the future
//! sleeps. Here the future leaves its waker in a slot, and another thread calls it. Meanwhile the
//! main thread is parked.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// Waking it unparks the thread that runs the future.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    for polls in 1.. {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            println!("polled {polls} times");
            return result;
        }
        thread::park(); // Until `wake`. If that was called already, it returns at once.
    }
    unreachable!("the loop has no end")
}

/// A value that comes later, and the waker of the task that waits for it.
type Slot = Arc<Mutex<(Option<u32>, Option<Waker>)>>;

fn main() {
    let slot = Slot::default();
    let theirs = Arc::clone(&slot);
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        let mut slot = theirs.lock().expect("no panic");
        slot.0 = Some(42);
        if let Some(waker) = slot.1.take() {
            waker.wake();
        }
    });
    let value = block_on(poll_fn(|context| {
        let mut slot = slot.lock().expect("no panic");
        slot.1 = Some(context.waker().clone());
        slot.0.map_or(Poll::Pending, Poll::Ready)
    }));
    println!("the value is {value}");
}
