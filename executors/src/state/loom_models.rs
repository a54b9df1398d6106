//! The loom models of a future's state.

use super::*;
use loom::thread;
use std::sync::atomic::{AtomicUsize as Count, Ordering::SeqCst};

/// The worker's part: start the job, and finish it with 7 if it could be started.
fn work(shared: &State<u32>) -> bool {
    let started = shared.claim();
    if started {
        shared.finish(Ok(7));
    }
    started
}

fn cancel(shared: &State<u32>) -> bool {
    shared.refuse(Error::Cancelled, || ())
}

#[test]
fn a_sleeping_waiter_is_woken() {
    loom::model(|| {
        let shared = Arc::new(State::default());
        let worker = thread::spawn({
            let shared = Arc::clone(&shared);
            move || work(&shared)
        });
        assert!(shared.wait(None, || (), || ()));
        assert_eq!(shared.take(), Some(Ok(7)));
        assert_eq!(shared.take(), Some(Err(Error::Taken)));
        assert!(worker.join().unwrap());
    });
}

#[test]
fn a_cancel_and_a_start_race_and_one_of_them_wins() {
    loom::model(|| {
        let shared = Arc::new(State::default());
        let worker = thread::spawn({
            let shared = Arc::clone(&shared);
            move || work(&shared)
        });
        let cancelled = cancel(&shared);
        assert!(shared.wait(None, || (), || ()));
        let started = worker.join().unwrap();
        assert_ne!(cancelled, started);
        let expected = if cancelled {
            Err(Error::Cancelled)
        } else {
            Ok(7)
        };
        assert_eq!(shared.take(), Some(expected));
    });
}

#[test]
fn a_callback_runs_exactly_once_and_before_the_result_is_seen() {
    loom::model(|| {
        let shared = Arc::new(State::default());
        let calls = Arc::new(Count::new(0));
        let worker = thread::spawn({
            let shared = Arc::clone(&shared);
            move || work(&shared)
        });
        let seen = Arc::clone(&calls);
        shared.on_done(Box::new(move |result| {
            assert_eq!(result, &Ok(7));
            seen.fetch_add(1, SeqCst);
        }));
        assert!(shared.wait(None, || (), || ()));
        assert_eq!(calls.load(SeqCst), 1);
        worker.join().unwrap();
        assert_eq!(calls.load(SeqCst), 1);
        assert_eq!(shared.take(), Some(Ok(7)));
    });
}

#[test]
fn an_awaiting_task_is_woken() {
    loom::model(|| {
        let shared = Arc::new(State::default());
        let worker = thread::spawn({
            let shared = Arc::clone(&shared);
            move || work(&shared)
        });
        // A lost wake-up is a deadlock, which loom reports.
        let result = loom::future::block_on(std::future::poll_fn(|cx| shared.poll(cx)));
        assert_eq!(result, Ok(7));
        worker.join().unwrap();
    });
}

#[test]
fn an_awaiting_task_is_woken_by_a_cancel() {
    loom::model(|| {
        let shared = Arc::new(State::<u32>::default());
        let canceller = thread::spawn({
            let shared = Arc::clone(&shared);
            move || cancel(&shared)
        });
        let result = loom::future::block_on(std::future::poll_fn(|cx| shared.poll(cx)));
        assert_eq!(result, Err(Error::Cancelled));
        assert!(canceller.join().unwrap());
    });
}

#[test]
fn cancel_callback_waiter_and_worker_all_at_once() {
    let mut model = loom::model::Builder::new();
    // With three threads there are too many schedules to try all. The authors of loom found that
    // three preemptions show almost every bug.
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Arc::new(State::default());
        let calls = Arc::new(Count::new(0));
        let worker = thread::spawn({
            let shared = Arc::clone(&shared);
            move || work(&shared)
        });
        let canceller = thread::spawn({
            let shared = Arc::clone(&shared);
            move || cancel(&shared)
        });
        let seen = Arc::clone(&calls);
        shared.on_done(Box::new(move |_| {
            seen.fetch_add(1, SeqCst);
        }));
        assert!(shared.wait(None, || (), || ()));
        let result = shared.take().unwrap();
        let started = worker.join().unwrap();
        let cancelled = canceller.join().unwrap();
        assert_ne!(started, cancelled);
        assert_eq!(result.is_ok(), started);
        assert_eq!(calls.load(SeqCst), 1);
    });
}

#[test]
fn a_watcher_is_told_exactly_once() {
    loom::model(|| {
        let shared = Arc::new(State::default());
        let gate = Arc::new(Gate::default());
        let worker = thread::spawn({
            let shared = Arc::clone(&shared);
            move || work(&shared)
        });
        shared.watch(3, &gate);
        let arrival = gate.next(None).unwrap();
        assert_eq!((arrival.index, arrival.failed), (3, false));
        worker.join().unwrap();
        assert!(gate.is_empty());
    });
}
