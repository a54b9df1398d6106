//! What Twisted's own tests mean to say, said of this reactor. The name of the test in Twisted
//! (24.11, `twisted/internet/test` and `twisted/test`) stands above each.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use reactor::{
    Deferred, Error, LineHandler, LineReceiver, LoopingCall, Protocol, Reason, Resolver, Transport,
    testing,
};

const SECOND: Duration = Duration::from_secs(1);

fn counter() -> (Rc<Cell<u64>>, Rc<Cell<u64>>) {
    let count = Rc::new(Cell::new(0));
    (Rc::clone(&count), count)
}

// callLater

/// test_time.TimeTestsBuilder.test_delayedCallStopsReactor, and the order of test_internet's
/// InterfaceTests.test_callLaterOrder (delayed calls of one moment).
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

/// test_internet.CallFromThreadTests / libuv#1068: the delay counts from the call.
#[test]
fn a_delay_counts_from_the_call_not_from_the_turn() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (count, counter) = counter();
    let advancing = clock.clone();
    reactor.call_later(Duration::ZERO, move |reactor| {
        // It computes for ten seconds.
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

/// test_base.DelayedCallTests and test_internet.InterfaceTests.test_callLaterReset, _delay,
/// _cancelDelayedCall, _active.
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
    // One that is due can be cancelled by one that is due with it.
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

// LoopingCall

/// test_task.LoopTests.test_basicFunction and .test_clockBehaviour: three of the same interval.
#[test]
fn looping_calls_of_the_same_interval_do_not_take_each_others_turns() {
    let (reactor, clock) = testing::reactor().unwrap();
    let counts: Vec<_> = (0..3).map(|_| counter()).collect();
    let calls: Vec<_> = counts
        .iter()
        .map(|(_, counter)| {
            let counter = Rc::clone(counter);
            LoopingCall::start(&reactor, Duration::from_millis(20), move |_| {
                counter.set(counter.get() + 1);
                Ok(())
            })
        })
        .collect();
    for _ in 0..25 {
        clock.advance(Duration::from_millis(20));
        reactor.run_pending().unwrap();
    }
    for (count, _) in &counts {
        assert_eq!(count.get(), 25);
    }
    drop(calls);
}

/// test_task.LoopTests.test_stopAtOnceLater, .testStopAtOnce, and reactor.getDelayedCalls() of
/// testBadDelay: nothing is left.
#[test]
fn stopping_cancels_what_waits_and_fires_the_deferred() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (count, counter) = counter();
    let (looping, over) = LoopingCall::start_now(&reactor, SECOND, move |_| {
        counter.set(counter.get() + 1);
        Ok(())
    });
    assert_eq!(count.get(), 1, "now is now");
    looping.stop();
    assert!(over.try_result().unwrap().is_ok());
    clock.advance(10 * SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 1);
}

/// test_task.DeferredTests.testDeferred-cancel (Twisted #8108): cancelling its deferred stops it.
#[test]
fn cancelling_its_deferred_stops_a_looping_call() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (count, counter) = counter();
    let (_looping, over) = LoopingCall::start(&reactor, SECOND, move |_| {
        counter.set(counter.get() + 1);
        Ok(())
    });
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    over.cancel();
    clock.advance(10 * SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 1);
}

/// test_task.LoopTests.testFailure: whoever waits for the deferred is told.
#[test]
fn a_looping_call_that_panics_ends_with_an_error() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (count, counter) = counter();
    let (_looping, over) = LoopingCall::start(&reactor, SECOND, move |_| {
        counter.set(counter.get() + 1);
        assert!(counter.get() < 2, "the second call");
        Ok(())
    });
    for _ in 0..5 {
        clock.advance(SECOND);
        reactor.run_pending().unwrap();
    }
    assert_eq!(count.get(), 2);
    let error = over.try_result().unwrap().unwrap_err();
    assert!(matches!(error, Error::Panicked(text) if text.contains("the second call")));
}

/// test_task.LoopTests.test_withCount, .test_withCountJitteryTime, .test_reset.
#[test]
fn a_looping_call_counts_intervals_and_can_be_reset() {
    let (reactor, clock) = testing::reactor().unwrap();
    let counts: Rc<RefCell<Vec<u64>>> = Rc::default();
    let log = Rc::clone(&counts);
    let (looping, _over) = LoopingCall::with_count(&reactor, SECOND, move |_, count| {
        log.borrow_mut().push(count);
        Ok(())
    });
    for millis in [1000, 1000, 3500, 500, 1000] {
        clock.advance(Duration::from_millis(millis));
        reactor.run_pending().unwrap();
    }
    assert_eq!(*counts.borrow(), [1, 1, 3, 1, 1]);
    // 400 ms later it starts anew: the next call comes a second after that.
    clock.advance(Duration::from_millis(400));
    looping.reset();
    clock.advance(Duration::from_millis(999));
    reactor.run_pending().unwrap();
    assert_eq!(counts.borrow().len(), 5);
    clock.advance(Duration::from_millis(1));
    reactor.run_pending().unwrap();
    assert_eq!(*counts.borrow(), [1, 1, 3, 1, 1, 1]);
}

// Deferred

/// test_defer.DeferredTests.test_circularChainWarning, .test_circularChainException.
#[test]
fn a_deferred_that_is_returned_from_its_own_chain_is_refused() {
    let slot: Rc<RefCell<Option<Deferred<i32>>>> = Rc::default();
    let (deferred, resolver) = Deferred::<i32>::new();
    let own = Rc::clone(&slot);
    let child = deferred.add_callback(move |_| own.take().unwrap());
    let told = Rc::new(RefCell::new(String::new()));
    let telling = Rc::clone(&told);
    // Two steps further down the same chain.
    let child = child.add_callback(Ok).add_errback(move |error| {
        *telling.borrow_mut() = error.to_string();
        Ok(0)
    });
    *slot.borrow_mut() = Some(child);
    resolver.callback(1).unwrap();
    assert!(
        told.borrow().contains("of its own chain"),
        "{}",
        told.borrow()
    );
}

/// Returned from elsewhere, a long chain is waited for as ever.
#[test]
fn a_long_chain_can_be_returned() {
    let (mut long, resolver) = Deferred::<u32>::new();
    for _ in 0..10_000 {
        long = long.add_callback(|n| Ok(n + 1));
    }
    let waits = Deferred::done(Ok(())).add_callback(move |()| long);
    assert!(!waits.is_done());
    resolver.callback(0).unwrap();
    assert_eq!(waits.try_result().unwrap().unwrap(), 10_000);
}

/// test_defer.CoroutineTests.test_failure: the failure is the task's own.
#[test]
fn a_task_that_panics_says_so_to_whoever_waits() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let failing = reactor.spawn(async {
        assert!(std::env::args().count() == 0, "boom");
        Ok(())
    });
    let waiting = reactor.spawn(failing);
    reactor.run_pending().unwrap();
    let error = waiting.try_result().unwrap().unwrap_err();
    assert!(matches!(error, Error::Panicked(text) if text.contains("boom")));
}

#[test]
fn run_until_leaves_nothing_behind() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (deferred, resolver) = Deferred::<()>::new();
    reactor.call_later(Duration::ZERO, |reactor| reactor.stop());
    let error = reactor.run_until(deferred).unwrap_err();
    assert!(matches!(error, Error::Cancelled));
    resolver.callback(()).unwrap();
    // Stopped by the old deferred, it would return before this call.
    let (count, counter) = counter();
    let advancing = clock.clone();
    reactor.call_later(Duration::ZERO, move |reactor| {
        advancing.advance(SECOND);
        reactor.call_later(Duration::ZERO, move |reactor| {
            counter.set(1);
            reactor.stop();
        });
    });
    reactor.run().unwrap();
    assert_eq!(count.get(), 1);
    // From within a callback it is refused, and does not stop the run around it.
    reactor.call_later(Duration::ZERO, |reactor| {
        let error = reactor.run_until(Deferred::done(Ok(()))).unwrap_err();
        assert!(error.to_string().contains("runs already"));
        reactor.call_later(Duration::ZERO, |reactor| reactor.stop());
    });
    reactor.run().unwrap();
}

#[test]
fn an_old_grace_cuts_nothing_of_the_next() {
    let (reactor, clock) = testing::reactor().unwrap();
    reactor.shut_down(2 * SECOND);
    reactor.run().unwrap();
    struct Stuck;
    impl Protocol for Stuck {
        fn data_received(&mut self, _: &Transport, _: &[u8]) {}
    }
    let peer = testing::connect(&reactor, Stuck);
    peer.set_room(0);
    peer.transport().write(b"unsent");
    clock.advance(SECOND);
    reactor.shut_down(10 * SECOND);
    clock.advance(9 * SECOND);
    reactor.run_pending().unwrap();
    assert!(peer.is_open(), "the first grace is over, the second is not");
    clock.advance(SECOND);
    reactor.run().unwrap();
    assert_eq!(
        (peer.lost().unwrap().as_str(), peer.was_reset()),
        ("aborted", true)
    );
}

// Connections in memory: StringTransport, MemoryReactor, task.Clock

struct Waker(Option<Resolver<()>>);

impl Protocol for Waker {
    fn data_received(&mut self, transport: &Transport, _: &[u8]) {
        if let Some(resolver) = self.0.take() {
            resolver.callback(()).unwrap();
        }
        let reactor = transport.reactor().unwrap();
        let transport = transport.clone();
        reactor.call_later(Duration::ZERO, move |_| transport.write(b"later"));
    }
}

#[test]
fn what_data_leads_to_is_done_when_send_returns() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let (woken, resolver) = Deferred::new();
    let (count, counter) = counter();
    reactor
        .spawn(async move {
            woken.await?;
            counter.set(1);
            Ok(())
        })
        .detach();
    let peer = testing::connect(&reactor, Waker(Some(resolver)));
    peer.send(b"x");
    assert_eq!((count.get(), peer.received()), (1, b"later".to_vec()));
}

#[test]
fn what_has_no_end_is_an_error_of_run_pending() {
    fn again(reactor: &reactor::Reactor) {
        reactor.call_later(Duration::ZERO, again);
    }
    let (reactor, _clock) = testing::reactor().unwrap();
    again(&reactor);
    assert!(reactor.run_pending().is_err());
}

struct Lost(Rc<RefCell<Vec<String>>>);

impl Protocol for Lost {
    fn data_received(&mut self, _: &Transport, _: &[u8]) {}

    fn connection_lost(&mut self, reason: &Reason) {
        self.0.borrow_mut().push(reason.to_string());
    }
}

#[test]
fn memory_connections_end_with_shut_down_and_with_the_reactor() {
    let lost: Rc<RefCell<Vec<String>>> = Rc::default();
    let (reactor, _clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Lost(Rc::clone(&lost)));
    reactor.shut_down(SECOND);
    reactor.run().unwrap();
    assert!(!peer.is_open());
    assert_eq!(
        (lost.take(), reactor.connections()),
        (vec!["closed".to_owned()], 0)
    );
    let last = testing::connect(&reactor, Lost(Rc::clone(&lost)));
    // Each of them has the reactor.
    drop((peer, last, reactor));
    assert_eq!(lost.take(), ["the reactor is gone"]);
}

// Half-close: test_tcp's and test_tcp.HalfCloseTests

struct Answers;

impl LineHandler for Answers {
    fn line_received(&mut self, transport: &Transport, _: &[u8]) {
        let reactor = transport.reactor().unwrap();
        let transport = transport.clone();
        reactor.call_later(SECOND, move |_| {
            transport.write(b"answer\n");
            transport.close();
        });
    }

    fn end_received(&mut self, _: &Transport) {}
}

/// test_tcp.HalfClose2Tests.testNoNotification and .testWriteCloseNotification.
#[test]
fn an_answer_may_come_after_the_other_end_has_ended() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, LineReceiver::new(Answers));
    peer.send(b"GET a\n");
    peer.end();
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.received(), b"answer\n");
    assert_eq!(peer.lost().unwrap(), "closed");
}

struct HalfOpen;

impl Protocol for HalfOpen {
    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        if data == b"end" {
            transport.close_write();
        }
    }

    fn end_received(&mut self, _: &Transport) {}
}

#[test]
fn a_half_open_connection_does_not_last_for_ever() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, HalfOpen);
    peer.end();
    clock.advance(reactor::HALF_OPEN_TIMEOUT - SECOND);
    reactor.run_pending().unwrap();
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.lost().unwrap(), "idle for 300s");
    // Both halves: over at once.
    let peer = testing::connect(&reactor, HalfOpen);
    peer.send(b"end");
    assert!(peer.has_ended() && peer.is_open());
    peer.end();
    assert_eq!(peer.lost().unwrap(), "closed by the other end");
}

// Idle

/// A protocol that computes for longer than the time-out is not idle, and bytes that wait are read
/// before anybody is called idle.
#[test]
fn who_is_slow_is_not_idle() {
    struct Slow(event_loop::FakeClock);
    impl Protocol for Slow {
        fn connection_made(&mut self, transport: &Transport) {
            transport.set_idle_timeout(Some(SECOND));
        }
        fn data_received(&mut self, _: &Transport, _: &[u8]) {
            self.0.advance(2 * SECOND);
        }
    }
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, Slow(clock.clone()));
    peer.send(&vec![0; 3_000_000]);
    assert!(peer.is_open());
    clock.advance(SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(peer.lost().unwrap(), "idle for 1s");
}
