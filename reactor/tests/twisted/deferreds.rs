//! `Deferred`, tasks, and running until a deferred has its result.

use super::*;

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

/// A long chain that is returned from another chain is waited for as usual.
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

/// test_defer_await.AwaitTests.test_exception: the failure becomes the task's result.
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

/// test_inlinecb.CancellationTests.test_CascadeCancellingOnCancelNotStacked: cancelling a task also
/// cancels the deferred that it waits for, and no unhandled error is logged.
#[test]
fn cancelling_a_task_cancels_what_it_awaits() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let (cancelled, canceller) = counter();
    let (inner, resolver) =
        Deferred::<()>::with_canceller(move || canceller.set(canceller.get() + 1));
    let waits = inner.add_callback(Ok);
    let task = reactor.spawn(waits);
    reactor.run_pending().unwrap();
    assert_eq!(cancelled.get(), 0);
    task.cancel();
    assert_eq!(cancelled.get(), 1);
    assert!(matches!(task.try_result(), Some(Err(Error::Cancelled))));
    assert!(resolver.is_fired());
}

#[test]
fn run_until_leaves_nothing_behind() {
    let (reactor, clock) = testing::reactor().unwrap();
    let (deferred, resolver) = Deferred::<()>::new();
    reactor.call_later(Duration::ZERO, |reactor| reactor.stop());
    let error = reactor.run_until(deferred).unwrap_err();
    assert!(matches!(error, Error::Cancelled));
    resolver.callback(()).unwrap();
    // If the old deferred stopped it, it would return before this call.
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
    // Inside a callback it is refused, and does not stop the run around it.
    let (turns, counter) = self::counter();
    reactor.call_later(Duration::ZERO, move |reactor| {
        let error = reactor.run_until(Deferred::done(Ok(()))).unwrap_err();
        assert!(error.to_string().contains("runs already"));
        reactor.call_later(Duration::ZERO, move |reactor| {
            counter.set(1);
            reactor.stop();
        });
    });
    reactor.run().unwrap();
    assert_eq!(turns.get(), 1);
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

/// Shutting down twice: the new grace counts, not the old one.
#[test]
fn a_new_grace_takes_the_place_of_the_old_one() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, reactor::echo::Echo);
    peer.set_room(0);
    peer.transport().write(b"unsent");
    reactor.shut_down(SECOND);
    reactor.shut_down(10 * SECOND);
    clock.advance(9 * SECOND);
    reactor.run_pending().unwrap();
    assert!(peer.is_open());
    peer.set_room(usize::MAX);
    reactor.run().unwrap();
    assert_eq!(
        (peer.received(), peer.was_reset()),
        (b"unsent".to_vec(), false)
    );
}

/// The loop is busy for the whole grace. A connection with nothing left to send is closed in good
/// order.
#[test]
fn a_grace_that_nobody_saw_cuts_nothing_that_could_be_sent() {
    let (reactor, clock) = testing::reactor().unwrap();
    let peer = testing::connect(&reactor, reactor::echo::Echo);
    peer.transport().write(b"last words");
    reactor.shut_down(SECOND);
    clock.advance(2 * SECOND);
    reactor.run().unwrap();
    assert_eq!(peer.received(), b"last words");
    assert_eq!(peer.lost().unwrap(), "closed");
    assert!(!peer.was_reset());
}
