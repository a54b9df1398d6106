//! Calls: from callbacks, from threads, delayed, and for signals.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shared;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use reactor::event_loop::Signal;
use reactor::{CALL_LIMIT, Error, LoopingCall, Reactor, testing};

use shared::Log;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn it_can_be_run_again_and_not_from_within() {
    let reactor = Reactor::new().unwrap();
    for _ in 0..3 {
        reactor.call_later(Duration::ZERO, |reactor| {
            // However often it is tried.
            assert!(reactor.run().is_err());
            assert!(reactor.run().is_err());
            assert!(reactor.turn(None).is_err());
            assert!(reactor.run_pending().is_err());
            reactor.stop();
        });
        reactor.run().unwrap();
    }
}

/// A reactor is stopped on its own thread, so there is no thread to wake: the next run sleeps at once.
#[test]
fn a_stop_wakes_no_later_run() {
    let reactor = Reactor::new().unwrap();
    for _ in 0..3 {
        let before = reactor.waits();
        reactor.call_later(Duration::from_millis(1), Reactor::stop);
        reactor.run().unwrap();
        assert_eq!(reactor.waits() - before, 1);
    }
}

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
    // This would never end if it waited.
    drop((waiting, reactor));
    go_on.send(()).unwrap();
}

#[test]
fn a_delayed_call_is_made_once_in_time_or_not_at_all() {
    let (reactor, clock) = testing::reactor().unwrap();
    let log = Log::default();
    let note = |what: &'static str| {
        let log = log.clone();
        move |_: &Reactor| log.add(what)
    };
    reactor.call_later(2 * SECOND, note("two"));
    reactor.call_later(SECOND, note("one"));
    let never = reactor.call_later(SECOND, note("never"));
    assert!(never.cancel());
    reactor.call_later(SECOND, |_| panic!("as told"));
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(log.take(), ["one"]);
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(log.take(), ["two"]);
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

/// [`calls_for_a_signal_can_be_taken_back`] runs this again, as a process of its own.
#[test]
#[ignore = "another test runs it as a process: a signal ends it"]
fn take_back_and_raise() {
    let reactor = Reactor::new().unwrap();
    let count = Rc::new(Cell::new(0));
    let handle = || {
        let counter = Rc::clone(&count);
        let call = move |_: &Reactor, _: Signal| counter.set(counter.get() + 1);
        reactor.on_signal(Signal::TERMINATE, call).unwrap()
    };
    let (one, other) = (handle(), handle());
    let raise = || {
        signal_hook::low_level::raise(Signal::TERMINATE.number()).unwrap();
        reactor.run_pending().unwrap();
        count.take()
    };
    assert_eq!(raise(), 2);
    assert!(one.remove() && !one.remove());
    assert_eq!(raise(), 1);
    assert!(other.remove());
    raise();
    unreachable!("no handler is left");
}

/// signal(7): a signal without a handler ends the process.
#[test]
fn calls_for_a_signal_can_be_taken_back() {
    let this = std::env::current_exe().unwrap();
    let output = std::process::Command::new(this)
        .args(["take_back_and_raise", "--exact", "--ignored"])
        .output()
        .unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    assert_eq!(signal, Some(Signal::TERMINATE.number()), "{output:?}");
}
