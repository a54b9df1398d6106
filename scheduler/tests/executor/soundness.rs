//! However the executor is dropped, freed memory is not touched. It runs under valgrind in CI.

use super::*;
use std::panic::panic_any;
use std::sync::Arc;
use std::task::Wake;

thread_local! {
    static LAST: RefCell<Option<Rc<Executor>>> = const { RefCell::new(None) };
}

/// Drops the last reference to the thread's executor when it is dropped, or used as a waker.
struct DropsExecutor;

impl Drop for DropsExecutor {
    fn drop(&mut self) {
        drop(LAST.take());
    }
}

impl Wake for DropsExecutor {
    fn wake(self: Arc<Self>) {
        drop(LAST.take());
    }
}

/// Makes an executor whose last reference [`DropsExecutor`] finds. Everything that the executor
/// holds is dropped with it.
fn last() -> impl Fn() -> Rc<Executor> {
    let executor = Rc::new(executor());
    drop(executor.spawn(pending::<()>()));
    executor.run_pending();
    LAST.set(Some(executor));
    || LAST.with_borrow(|last| Rc::clone(last.as_ref().unwrap()))
}

fn assert_gone() {
    assert!(LAST.with_borrow(Option::is_none), "the executor is gone");
    assert_eq!(executor().block_on(async { 1 }), 1, "and another one runs");
}

async fn holds_forever() {
    let _held = DropsExecutor;
    pending::<()>().await;
}

#[test]
fn a_future_that_is_aborted_drops_the_executor() {
    let last = last();
    let task = last().spawn(holds_forever());
    last().run_pending();
    let other = last().spawn(pending::<()>());
    task.abort();
    assert!(task.is_finished() && other.is_finished());
    assert_gone();
}

#[test]
fn a_future_that_is_aborted_before_it_ran_drops_the_executor() {
    let last = last();
    let held = DropsExecutor;
    let task = last().spawn(async move {
        let _held = held;
        unreachable!("it is dropped before it runs");
    });
    task.abort();
    assert!(matches!(
        poll_once(task),
        Poll::Ready(Err(JoinError::Cancelled))
    ));
    assert_gone();
}

fn poll_once<F: Future + Unpin>(mut future: F) -> Poll<F::Output> {
    Pin::new(&mut future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_gathering_that_is_dropped_drops_the_executor() {
    let last = last();
    let mut all = Box::pin(gather([holds_forever()]));
    last().block_on(poll_fn(|context| {
        assert!(all.as_mut().poll(context).is_pending());
        Poll::Ready(())
    }));
    last().run_pending();
    drop(all);
    assert_gone();
}

#[test]
fn a_result_drops_the_executor() {
    let last = last();
    let task = last().spawn(async { DropsExecutor });
    last().run_pending();
    drop(task);
    assert_gone();
}

#[test]
fn a_panics_payload_drops_the_executor() {
    let last = last();
    let task = last().spawn(async { panic_any(DropsExecutor) });
    last().run_pending();
    drop(task);
    assert_gone();
}

#[test]
fn a_task_local_drops_the_executor() {
    scheduler::task_local! {
        static HELD: DropsExecutor;
    }
    let last = last();
    let task = last().spawn(HELD.scope(DropsExecutor, pending::<()>()));
    last().run_pending();
    task.abort();
    assert_gone();
}

#[test]
fn a_foreign_waker_drops_the_executor() {
    let last = last();
    let mut task = last().spawn(pending::<()>());
    last().run_pending();
    let waker = Waker::from(Arc::new(DropsExecutor));
    assert!(
        Pin::new(&mut task)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    // Kept: from now on only its use drops the executor.
    std::mem::forget(waker);
    task.abort();
    assert!(task.is_finished());
    assert_gone();
}

#[test]
fn a_foreign_wakers_destructor_drops_the_executor() {
    let last = last();
    let mut task = last().spawn(pending::<()>());
    last().run_pending();
    let waker = Waker::from(Arc::new(DropsExecutor));
    assert!(
        Pin::new(&mut task)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    drop(task);
    assert_gone();
}

#[test]
fn a_destructor_that_runs_its_executor_is_not_polled_meanwhile() {
    struct Runs(Rc<Executor>);
    impl Drop for Runs {
        fn drop(&mut self) {
            self.0.run_pending();
        }
    }
    let executor = Rc::new(executor());
    for ran in [false, true] {
        let probe = Probe::default();
        let (runs, polled) = (Runs(Rc::clone(&executor)), probe.clone());
        let task = executor.spawn(async move {
            let _runs = runs;
            polled.await;
        });
        if ran {
            executor.run_pending();
            probe.wake();
        }
        // It is in the ready queue now, and its destructor runs that queue.
        task.abort();
        assert_eq!(probe.polls.get(), u32::from(ran));
        assert_eq!(Rc::strong_count(&executor), 1);
        drop(task);
        drop(probe);
    }
}

#[test]
fn a_foreign_waker_that_panics_breaks_nothing() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("expected");
        }
    }
    let waker = Waker::from(Arc::new(Panics));
    let join = |executor: &Executor| {
        let mut task = executor.spawn(yield_now());
        let pending = Pin::new(&mut task).poll(&mut Context::from_waker(&waker));
        assert!(pending.is_pending());
        task
    };
    let executor = executor();
    let run = join(&executor);
    assert!(catch_unwind(AssertUnwindSafe(|| executor.run_pending())).is_err());
    assert!(run.is_finished());
    assert_eq!(current_task(), None);
    let aborted = join(&executor);
    assert!(catch_unwind(AssertUnwindSafe(|| aborted.abort())).is_err());
    assert!(aborted.is_finished());
    let (one, other) = (join(&executor), join(&executor));
    assert!(catch_unwind(AssertUnwindSafe(move || drop(executor))).is_err());
    assert!(one.is_finished() && other.is_finished());
}

#[test]
fn a_payload_whose_destructor_panics_is_nobodys() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic_any(Bad);
        }
    }
    let executor = executor();
    drop(executor.spawn(async { panic_any(Bad) }));
    let kept = executor.spawn(async { panic_any(Bad) });
    executor.run_pending();
    drop(kept);
    assert_eq!(executor.tasks(), 0);
}

/// Wakers that are cloned on one thread and dropped on another balance: the limit of the counts is
/// never reached. The unit tests use a low limit; this test uses two real threads.
#[test]
fn wakers_made_away_and_dropped_at_home_balance() {
    let executor = executor();
    let probe = Probe::default();
    let task = executor.spawn(probe.clone());
    executor.run_pending();
    let waker = probe.waker.borrow().clone().unwrap();
    let (to_home, from_away) = mpsc::channel::<Vec<Waker>>();
    let away = thread::spawn(move || {
        for _ in 0..100 {
            to_home.send(vec![waker.clone(); 100]).unwrap();
        }
    });
    from_away.into_iter().for_each(drop);
    away.join().unwrap();
    // The thread's waker was dropped there, and this was posted. Only the probe's is left.
    executor.run_pending();
    drop(probe.waker.take());
    let stuck = executor.run().unwrap_err();
    assert_eq!(
        stuck.to_string(),
        "deadlock: task 0 waits for nothing: its waker was dropped"
    );
    drop(task);
}
