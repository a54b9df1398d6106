//! `LoopingCall`.

use super::*;

/// test_task.LoopTests.testBasicFunction, of three with the same interval.
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

/// test_task.LoopTests.testStopAtOnce, test_task.ReactorLoopTests.testStopAtOnceLater: no call is
/// left waiting.
#[test]
fn stopping_cancels_what_waits_and_fires_the_deferred() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (count, counter) = counter();
    let (looping, over) = LoopingCall::start_now(&reactor, SECOND, move |_| {
        counter.set(counter.get() + 1);
        Ok(())
    });
    assert_eq!(count.get(), 1, "the first call is made at once");
    looping.stop();
    assert!(over.try_result().unwrap().is_ok());
    clock.advance(10 * SECOND);
    reactor.run_pending().unwrap();
    assert_eq!(count.get(), 1);
}

/// What test_task.DeferLaterTests.test_cancel says of `deferLater`, applied to a looping call. In
/// Twisted a looping call's deferred cannot be cancelled.
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

/// test_task.ReactorLoopTests.testFailure, .testFailurePropagation: the deferred gets the error.
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

/// test_task.LoopTests.test_reactorTimeCountSkips, .test_countLengthyIntervalCounts, .test_reset.
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
    // After 400 ms it is reset: the next call comes a second after that.
    clock.advance(Duration::from_millis(400));
    looping.reset();
    clock.advance(Duration::from_millis(999));
    reactor.run_pending().unwrap();
    assert_eq!(counts.borrow().len(), 5);
    clock.advance(Duration::from_millis(1));
    reactor.run_pending().unwrap();
    assert_eq!(*counts.borrow(), [1, 1, 3, 1, 1, 1]);
}
