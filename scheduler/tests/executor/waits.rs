//! Dropped waits leave no waker behind.

use super::*;
use event_loop::Signal;
use scheduler::io::{UnixStream, signal};
use std::sync::Arc;
use std::task::Wake;

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}
}

/// Polls a future once, drops it, and counts the wakers that are kept.
fn kept_by<F: Future>(future: F) -> usize {
    let counted = Arc::new(Nothing);
    let waker = Waker::from(Arc::clone(&counted));
    let mut future = Box::pin(future);
    let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    assert!(Arc::strong_count(&counted) > 2, "it waits");
    drop((future, waker));
    Arc::strong_count(&counted) - 1
}

#[test]
fn a_wait_that_is_dropped_keeps_no_waker() {
    executor().block_on(async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let (near, _far) = UnixStream::pair().unwrap();
        let mut byte = [0];
        assert_eq!(kept_by(listener.accept()), 0);
        assert_eq!(kept_by(near.read(&mut byte)), 0);
        assert_eq!(kept_by(signal(&[Signal::new(28)])), 0);
        assert_eq!(kept_by(sleep(SECOND)), 0);
        assert_eq!(kept_by(Event::new().wait()), 0);
        let (_sender, receiver) = channel::<()>(1);
        assert_eq!(kept_by(receiver.recv()), 0);
        let mut task = spawn(pending::<()>());
        assert_eq!(
            kept_by(poll_fn(|context| Pin::new(&mut task).poll(context))),
            1
        );
        drop(task);
    });
}

#[test]
fn waits_leave_from_anywhere_and_the_order_of_the_others_stays() {
    let executor = executor();
    let semaphore = Semaphore::new(1);
    let held = executor.block_on(semaphore.acquire(1));
    let order = Rc::new(RefCell::new(Vec::new()));
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let (semaphore, order) = (semaphore.clone(), Rc::clone(&order));
            executor.spawn(async move {
                let _permit = semaphore.acquire(1).await;
                order.borrow_mut().push(n);
            })
        })
        .collect();
    executor.run_pending();
    // First and last, neighbours, every third.
    let left = |n: usize| n != 0 && n != 99 && n != 50 && n != 51 && n % 3 != 0;
    for (n, task) in tasks.iter().enumerate() {
        if !left(n) {
            task.abort();
        }
    }
    drop(held);
    executor.run_pending();
    assert!(
        order
            .borrow()
            .iter()
            .copied()
            .eq((0..100).filter(|&n| left(n)))
    );
    assert_eq!(semaphore.free(), 1);
}
