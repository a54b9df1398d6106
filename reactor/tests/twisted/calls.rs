//! `callLater`.

use super::*;

/// test_task.ClockTests.test_callLaterKeepsCallsOrdered, and test_time.TimeTestsBuilder's
/// test_delayedCallStopsReactor.
#[test]
fn calls_that_are_due_together_are_all_made_in_order_whatever_the_first_does() {
    let (reactor, clock) = testing::reactor().unwrap();
    let log: Rc<RefCell<Vec<u32>>> = Rc::default();
    for n in 0..100 {
        let log = Rc::clone(&log);
        reactor.call_later(SECOND, move |reactor| {
            log.borrow_mut().push(n);
            let log = Rc::clone(&log);
            reactor.call_later(SECOND, move |_| log.borrow_mut().push(1000 + n));
        });
    }
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(*log.borrow(), (0..100).collect::<Vec<_>>());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(log.borrow().len(), 200);
}

/// test_internet.TimeTests.test_callLaterUsesReactorSecondsInDelayedCall, and libuv's issue 1068: the
/// delay counts from the call.
#[test]
fn a_delay_counts_from_the_call_not_from_the_turn() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (count, counter) = counter();
    let advancing = clock.clone();
    reactor.call_later(Duration::ZERO, move |reactor| {
        // The callback computes for ten seconds.
        advancing.advance(10 * SECOND);
        reactor.call_later(SECOND, move |_| counter.set(counter.get() + 1));
    });
    reactor.run_pending().unwrap();
    clock.advance(SECOND - Duration::from_nanos(1));
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 0, "early");
    clock.advance(Duration::from_nanos(1));
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 1);
}

/// test_internet.TimeTests.test_callLaterReset, .test_cancelDelayedCall, .test_cancelCancelledDelayedCall,
/// .test_cancelCalledDelayedCallSynchronous; test_internet.DelayedTests.test_active;
/// test_task.ClockTests.testCallLaterResetLater, .testCallLaterResetSooner, .testCallLaterDelayed.
#[test]
fn a_delayed_call_can_be_reset_delayed_and_cancelled() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (count, counter) = counter();
    let call = reactor.call_later(2 * SECOND, move |_| counter.set(counter.get() + 1));
    let start = reactor.now();
    assert!(call.is_active());
    assert_eq!(call.due(), start + 2 * SECOND);
    clock.advance(SECOND);
    assert!(call.reset(5 * SECOND));
    assert_eq!(call.due(), start + 6 * SECOND);
    assert!(call.delay(SECOND));
    assert_eq!(call.due(), start + 7 * SECOND);
    assert!(call.delay(Duration::MAX) && call.reset(SECOND));
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!((count.get(), call.is_active()), (1, false));
    assert!(!call.cancel() && !call.reset(SECOND) && !call.delay(SECOND));
    // A call that is due can be cancelled by another that is due with it.
    let slot: Rc<RefCell<Option<reactor::DelayedCall>>> = Rc::default();
    let canceller = Rc::clone(&slot);
    reactor.call_later(SECOND, move |_| assert!(canceller.take().unwrap().cancel()));
    *slot.borrow_mut() = Some(reactor.call_later(SECOND, |_| panic!("it was cancelled")));
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert!(slot.borrow().is_none());
}

#[test]
fn no_time_is_too_long() {
    let (reactor, clock) = testing::reactor().unwrap();
    struct Quiet;
    impl Protocol for Quiet {
        fn data_received(&mut self, _: &Transport, _: &[u8]) {}
    }
    let peer = testing::connect(&reactor, Quiet);
    peer.transport().set_idle_timeout(Some(Duration::MAX));
    peer.transport().set_stall_timeout(Some(Duration::MAX));
    peer.set_room(0);
    peer.transport().write(b"waits");
    reactor.call_later(Duration::MAX, |_| ());
    clock.advance(100 * 365 * 24 * 3600 * SECOND);
    reactor.run_pending().unwrap();
    assert!(peer.is_open());
    reactor.shut_down(Duration::MAX);
    clock.advance(Duration::MAX);
    peer.set_room(usize::MAX);
    assert_eq!(peer.received(), b"waits");
}
