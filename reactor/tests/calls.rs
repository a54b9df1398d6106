//! Calls: from threads, and by the clock.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use reactor::{CALL_LIMIT, Error, LoopingCall, Reactor, testing};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn calls_from_threads_come_in_order_and_have_a_limit() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let remote = reactor.remote();
    let (sender, receiver) = std::sync::mpsc::channel();
    let refused = std::thread::spawn(move || {
        for n in 0..CALL_LIMIT {
            let sender = sender.clone();
            remote
                .call_from_thread(move |_| sender.send(n).unwrap())
                .unwrap();
        }
        (remote.call_from_thread(|_| ()), remote)
    });
    let (refused, remote) = refused.join().unwrap();
    assert!(matches!(
        refused,
        Err(Error::Full {
            limit: CALL_LIMIT,
            ..
        })
    ));
    reactor.run_pending().unwrap();
    assert!(receiver.iter().eq(0..CALL_LIMIT));
    drop(reactor);
    assert!(matches!(
        remote.call_from_thread(|_| ()),
        Err(Error::ReactorGone)
    ));
}

#[test]
fn a_reactor_is_dropped_without_waiting_for_its_threads() {
    let reactor = Reactor::new().unwrap();
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let (started, start) = std::sync::mpsc::channel();
    let waiting = reactor.defer_to_thread(move || {
        started.send(()).unwrap();
        wait.recv().is_ok()
    });
    start.recv().unwrap();
    // Would never end if it waited.
    drop((waiting, reactor));
    go_on.send(()).unwrap();
}

#[test]
fn a_looping_call_leaves_out_what_it_has_missed_and_ends_with_an_error() {
    let (reactor, clock) = testing::reactor().unwrap();
    let count = Rc::new(Cell::new(0));
    let counter = Rc::clone(&count);
    let (_looping, over) = LoopingCall::start(&reactor, SECOND, move |_| {
        counter.update(|count| count + 1);
        match counter.get() {
            3 => Err(Error::other("enough")),
            _ => Ok(()),
        }
    });
    clock.advance(SECOND * 7 / 2);
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 1);
    clock.advance(SECOND / 2);
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 2, "in step with its start");
    clock.advance(10 * SECOND);
    reactor.run_pending().unwrap();
    clock.advance(10 * SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 3);
    assert_eq!(
        over.try_result().unwrap().unwrap_err().to_string(),
        "enough"
    );
}
