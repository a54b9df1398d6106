//! Deferreds, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reactor::{Deferred, Error, first, gather, testing};

/// Returns what is logged while `f` runs.
fn logged(f: impl FnOnce()) -> String {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, f);
    let bytes = log.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn values_and_errors_go_down_the_chain() {
    let (deferred, resolver) = Deferred::new();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let note = |what: &'static str| {
        let seen = Rc::clone(&seen);
        move || seen.borrow_mut().push(what)
    };
    let (a, b, c, d) = (
        note("callback"),
        note("skipped"),
        note("errback"),
        note("both"),
    );
    let end = deferred
        .add_callback(move |n: i32| {
            a();
            Err::<i32, _>(Error::other(format!("{n} is wrong")))
        })
        .add_callback(move |n| {
            b();
            Ok(n)
        })
        .add_errback(move |error| {
            c();
            assert_eq!(error.to_string(), "7 is wrong");
            Ok(8)
        })
        .add_both(move |result| {
            d();
            Ok(result? + 1)
        });
    assert!(!end.is_done());
    resolver.callback(7).unwrap();
    assert_eq!(end.try_result().unwrap().unwrap(), 9);
    assert_eq!(*seen.borrow(), ["callback", "errback", "both"]);
}

#[test]
fn a_deferred_that_a_callback_returns_is_waited_for() {
    let (inner, inner_resolver) = Deferred::new();
    let end = Deferred::done(Ok(2))
        .add_callback(move |n| inner.add_callback(move |m: i32| Ok(n * m)))
        .add_callback(|n| Ok(n + 1));
    assert!(!end.is_done());
    inner_resolver.callback(20).unwrap();
    assert_eq!(end.try_result().unwrap().unwrap(), 41);
}

#[test]
fn firing_twice_is_an_error_that_says_where() {
    let (deferred, resolver) = Deferred::new();
    resolver.callback(1).unwrap();
    let error = resolver.clone().callback(2).unwrap_err();
    assert!(error.to_string().contains("tests/deferred.rs"), "{error}");
    assert_eq!(deferred.try_result().unwrap().unwrap(), 1);
}

#[test]
fn an_error_that_nobody_handled_is_logged_with_where_it_was_made() {
    let log = logged(|| {
        let line = line!() + 1;
        let (deferred, resolver) = Deferred::<()>::new();
        assert!(line > 0);
        deferred.add_callback(|()| Ok(1)).detach();
        resolver.errback(Error::other("disk on fire")).unwrap();
    });
    assert!(
        log.contains("ERROR") && log.contains("disk on fire"),
        "{log}"
    );
    assert!(log.contains("made=reactor/tests/deferred.rs:"), "{log}");
    // The error is handled, cancelled by its owner, or there is none: nothing is logged.
    let log = logged(|| {
        let (deferred, resolver) = Deferred::<()>::new();
        deferred.add_errback(|_| Ok(())).detach();
        resolver.errback(Error::other("handled")).unwrap();
        let (deferred, _resolver) = Deferred::<()>::new();
        deferred.add_callback(|()| Ok(())).cancel();
        Deferred::done(Ok(1)).detach();
    });
    assert_eq!(log, "");
}

#[test]
fn dropping_the_last_resolver_abandons_it() {
    let (deferred, resolver) = Deferred::<()>::new();
    let other = resolver.clone();
    drop(resolver);
    assert!(!deferred.is_done());
    drop(other);
    assert!(matches!(deferred.try_result(), Some(Err(Error::Abandoned))));
}

#[test]
fn cancelling_a_chain_cancels_what_it_waits_for() {
    let cancelled = Rc::new(Cell::new(0));
    let count = |cancelled: &Rc<Cell<i32>>| {
        let cancelled = Rc::clone(cancelled);
        move || cancelled.update(|n| n + 1)
    };
    let (source, resolver) = Deferred::<i32>::with_canceller(count(&cancelled));
    let end = source
        .add_callback(|n| Ok(n + 1))
        .add_callback(|n| Ok(n + 1));
    end.cancel();
    end.cancel();
    assert_eq!(cancelled.get(), 1);
    assert!(matches!(end.try_result(), Some(Err(Error::Cancelled))));
    assert!(resolver.is_fired() && resolver.callback(1).is_ok());

    let (inner, _resolver) = Deferred::<i32>::with_canceller(count(&cancelled));
    let end = Deferred::done(Ok(())).add_callback(move |()| inner);
    end.cancel();
    assert_eq!(cancelled.get(), 2);
    // A canceller may fire it with a result of its own.
    let slot = Rc::new(RefCell::new(None));
    let (source, resolver) = Deferred::with_canceller({
        let slot: Rc<RefCell<Option<reactor::Resolver<i32>>>> = Rc::clone(&slot);
        move || slot.take().unwrap().callback(5).unwrap()
    });
    *slot.borrow_mut() = Some(resolver);
    source.cancel();
    assert_eq!(source.try_result().unwrap().unwrap(), 5);
}

#[test]
fn a_timeout_is_told_from_a_cancel_and_leaves_no_timer() {
    let (reactor, clock) = testing::reactor().unwrap();
    let second = Duration::from_secs(1);
    let (deferred, _resolver) = Deferred::<()>::new();
    let late = deferred.with_timeout(&reactor, second);
    let (deferred, resolver) = Deferred::new();
    let in_time = deferred.with_timeout(&reactor, second);
    resolver.callback(3).unwrap();
    clock.advance(second);
    reactor.run_pending().unwrap();
    assert!(matches!(late.try_result(), Some(Err(Error::TimedOut(limit))) if limit == second));
    assert_eq!(in_time.try_result().unwrap().unwrap(), 3);
}

#[test]
fn gather_keeps_the_order_and_cancels_the_rest_on_an_error() {
    let (a, fire_a) = Deferred::new();
    let (b, fire_b) = Deferred::new();
    let all = gather([a, b]);
    fire_b.callback(2).unwrap();
    assert!(!all.is_done());
    fire_a.callback(1).unwrap();
    assert_eq!(all.try_result().unwrap().unwrap(), [1, 2]);
    assert!(gather::<i32>([]).is_done());

    let cancelled = Rc::new(Cell::new(false));
    let flag = Rc::clone(&cancelled);
    let (a, _never) = Deferred::<i32>::with_canceller(move || flag.set(true));
    let all = gather([a, Deferred::done(Err(Error::other("no")))]);
    assert_eq!(all.try_result().unwrap().unwrap_err().to_string(), "no");
    assert!(cancelled.get());
}

#[test]
fn first_takes_the_first_value_and_the_last_error() {
    let (slow, fire_slow) = Deferred::new();
    let (fast, fire_fast) = Deferred::new();
    let won = first([slow, fast, Deferred::done(Err(Error::other("lost")))]);
    assert!(!won.is_done());
    fire_fast.callback("hare").unwrap();
    assert_eq!(won.try_result().unwrap().unwrap(), (1, "hare"));
    assert!(fire_slow.is_fired(), "it is cancelled");
    let none = first((0..3).map(|n| Deferred::<()>::done(Err(Error::other(n.to_string())))));
    assert_eq!(none.try_result().unwrap().unwrap_err().to_string(), "2");
}

#[test]
fn a_panic_in_a_callback_is_an_error_further_down() {
    let end = Deferred::done(Ok(1))
        .add_callback(|n: i32| -> Result<i32, Error> { panic!("{n} is too many") });
    let error = end.try_result().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "panicked: 1 is too many");
}

#[test]
fn a_chain_may_be_a_hundred_thousand_long() {
    const LONG: usize = 100_000;
    let long = |mut deferred: Deferred<usize>| {
        for _ in 0..LONG {
            deferred = deferred.add_callback(|n| Ok(n + 1));
        }
        deferred
    };
    let (deferred, resolver) = Deferred::new();
    let end = long(deferred);
    resolver.callback(0).unwrap();
    assert_eq!(end.try_result().unwrap().unwrap(), LONG);
    // Dropping one that was never fired must not overflow the stack either.
    let (deferred, resolver) = Deferred::new();
    let end = long(deferred);
    drop(resolver);
    assert!(matches!(end.try_result(), Some(Err(Error::Abandoned))));
    let (deferred, resolver) = Deferred::new();
    let end = long(deferred);
    end.cancel();
    assert!(matches!(end.try_result(), Some(Err(Error::Cancelled))));
    assert!(resolver.is_fired());
}

#[test]
fn deferreds_and_futures_are_made_of_each_other() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let (deferred, resolver) = Deferred::new();
    let future = reactor.spawn(async move {
        let n: i32 = deferred.await?;
        Ok(n + 1)
    });
    let end = future.add_callback(|n| Ok(n * 2));
    reactor.run_pending().unwrap();
    assert!(!end.is_done());
    resolver.callback(20).unwrap();
    reactor.run_pending().unwrap();
    assert_eq!(end.try_result().unwrap().unwrap(), 42);
}

#[test]
fn cancelling_a_task_drops_its_future() {
    struct Dropped(Rc<Cell<bool>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let (reactor, _clock) = testing::reactor().unwrap();
    let flag = Rc::new(Cell::new(false));
    let guard = Dropped(Rc::clone(&flag));
    let (never, _resolver) = Deferred::<()>::new();
    let task = reactor.spawn(async move {
        let _guard = guard;
        never.await
    });
    reactor.run_pending().unwrap();
    assert!(!flag.get());
    task.cancel();
    assert!(flag.get());
    assert!(matches!(task.try_result(), Some(Err(Error::Cancelled))));
    // Its slot is used again.
    let next = reactor.spawn(async { Ok(1) });
    reactor.run_pending().unwrap();
    assert_eq!(next.try_result().unwrap().unwrap(), 1);
}

#[test]
fn a_task_that_panics_fails_its_deferred() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let task = reactor.spawn(async { if true { panic!("oh") } else { Ok(()) } });
    reactor.run_pending().unwrap();
    assert!(matches!(task.try_result(), Some(Err(Error::Panicked(_)))));
}

#[test]
fn threads_hand_their_results_back() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let here = std::thread::current().id();
    let there = reactor.defer_to_thread(|| std::thread::current().id());
    assert_ne!(reactor.run_until(there).unwrap(), here);
    let panics = reactor.defer_to_thread(|| {
        if true {
            panic!("in a thread")
        }
    });
    let error = reactor.run_until(panics).unwrap_err();
    assert!(error.to_string().contains("in a thread"), "{error}");
}
