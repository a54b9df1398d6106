//! Groups of tasks: one that fails ends the others.

use super::*;
use scheduler::executor::{TaskGroup, try_gather, try_scope};

#[test]
fn gather_tells_the_first_failure_at_once_whichever_it_is() {
    for bad in 0..3 {
        let dropped = Dropped::default();
        let executor = executor();
        let guards: Vec<_> = (0..3).map(|_| dropped.guard()).collect();
        let all = gather(guards.into_iter().enumerate().map(|(n, guard)| async move {
            let _guard = guard;
            assert_ne!(n, bad, "expected");
            pending::<()>().await;
        }));
        // The others never end: if the group waited for them, this would be a deadlock.
        let run = AssertUnwindSafe(|| executor.try_block_on(all).map(drop));
        assert!(catch_unwind(run).is_err(), "the panic of task {bad}");
        assert_eq!((dropped.count(), executor.tasks()), (3, 0));
    }
    let failed = executor().block_on(try_gather([0, 1, 2].map(|n| async move {
        match n {
            1 => Err("expected"),
            _ => pending().await,
        }
    })));
    assert_eq!(
        failed.map(|outputs: Vec<()>| outputs.len()),
        Err("expected")
    );
}

#[test]
fn a_group_gives_results_as_they_come_and_aborts_what_is_left() {
    let (executor, clock) = with_clock();
    let dropped = Dropped::default();
    let guard = dropped.guard();
    let group = executor.spawn(async move {
        let mut group = TaskGroup::new();
        for n in [2, 1] {
            group.spawn(async move {
                sleep(n * SECOND).await;
                n
            });
        }
        let aborted = group.spawn(pending());
        group.spawn(async { panic!("expected") });
        group.spawn(async move {
            let _guard = guard;
            pending().await
        });
        aborted.abort();
        let mut results = Vec::new();
        for _ in 0..4 {
            let (_, result) = group.next_done().await.unwrap();
            results.push(result.map_err(|error| error.to_string()));
        }
        assert_eq!(group.len(), 1);
        results
    });
    executor.run_pending();
    clock.advance(SECOND);
    executor.run_pending();
    clock.advance(SECOND);
    let results = executor.block_on(group).unwrap();
    assert_eq!(
        results,
        [
            Err("the task was cancelled".to_owned()),
            Err("the task panicked: expected".to_owned()),
            Ok(1),
            Ok(2)
        ]
    );
    assert_eq!((dropped.count(), executor.tasks()), (1, 0));
}

#[test]
fn a_scope_whose_body_fails_cancels_the_rest() {
    let dropped = Dropped::default();
    let failed: Result<(), &str> = executor().block_on(try_scope(async |scope| {
        let guard = dropped.guard();
        let endless = scope.spawn(async move {
            let _guard = guard;
            pending::<Result<(), &str>>().await
        });
        scope.spawn(async { Err("expected") }).await?;
        endless.await
    }));
    assert_eq!((failed, dropped.count()), (Err("expected"), 1));
}

#[test]
fn one_task_of_a_scope_is_aborted_and_awaiting_it_tells() {
    let dropped = Dropped::default();
    let executor = executor();
    executor.block_on(scope(async |scope| {
        for ran in [false, true] {
            let before = dropped.count();
            let guard = dropped.guard();
            let endless = scope.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
            if ran {
                yield_now().await;
            }
            endless.abort();
            assert_eq!(endless.unless_cancelled().await, None);
            assert_eq!(dropped.count(), before + 1);
        }
    }));
    let awaited = AssertUnwindSafe(|| {
        executor.block_on(scope(async |scope| {
            let aborted = scope.spawn(pending::<()>());
            aborted.abort();
            aborted.await;
        }));
    });
    let panic = catch_unwind(awaited).unwrap_err();
    assert_eq!(
        panic.downcast_ref(),
        Some(&"this task of the scope was cancelled")
    );
}

#[test]
fn a_scoped_task_awaited_twice_panics_with_a_reason() {
    let twice = AssertUnwindSafe(|| {
        executor().block_on(scope(async |scope| {
            let mut task = scope.spawn(async { 7 });
            assert_eq!((&mut task).await, 7);
            (&mut task).await
        }))
    });
    let panic = catch_unwind(twice).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("has given its result before"), "{message}");
}

#[test]
fn what_is_spawned_into_a_scope_that_has_ended_is_dropped() {
    let dropped = Dropped::default();
    let escaped = RefCell::new(None);
    let executor = executor();
    executor.block_on(scope(async |scope| {
        escaped.replace(Some(scope));
    }));
    let guard = dropped.guard();
    let late = escaped.borrow().as_ref().unwrap().spawn(async move {
        let _guard = guard;
    });
    assert_eq!(dropped.count(), 1);
    assert_eq!(executor.block_on(late.unless_cancelled()), None);
}

#[test]
fn task_locals_are_there_in_destructors() {
    scheduler::task_local! {
        static NUMBER: u32;
    }
    struct Looks(Rc<Cell<u32>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            self.0.set(NUMBER.with(|number| *number));
        }
    }
    let executor = executor();
    for aborted in [false, true] {
        let seen = Rc::new(Cell::new(0));
        let looks = Looks(Rc::clone(&seen));
        let task = executor.spawn(NUMBER.scope(5, async move {
            let _looks = looks;
            if aborted {
                pending::<()>().await;
            }
        }));
        executor.run_pending();
        task.abort();
        assert_eq!(seen.get(), 5);
        let outside = catch_unwind(|| NUMBER.with(|number| *number));
        assert!(outside.is_err(), "its result was dropped");
    }
}

#[test]
fn a_scope_that_is_cancelled_drops_its_tasks_and_goes_on() {
    let dropped = Dropped::default();
    let (cancelled, later) = executor().block_on(scope(async |scope| {
        // This task is running when it cancels all tasks, itself included.
        let (handle, guard) = (scope.clone(), dropped.guard());
        let canceller = scope.spawn(async move {
            let _guard = guard;
            handle.cancel();
            pending::<()>().await;
        });
        let guard = dropped.guard();
        drop(scope.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        }));
        let cancelled = canceller.unless_cancelled().await;
        (cancelled, scope.spawn(async { 1 }).await)
    }));
    assert_eq!((cancelled, later, dropped.count()), (None, 1, 2));
}

/// moonbitlang/async#32: a task that was cancelled before it had begun was never reported as done,
/// and its group waited for ever.
#[test]
fn a_task_that_is_aborted_before_it_began_is_told_as_done() {
    executor().block_on(async {
        let mut group = TaskGroup::new();
        group.spawn(async { 1 }).abort();
        let (_, result) = group.next_done().await.unwrap();
        assert!(matches!(result, Err(JoinError::Cancelled)));
        assert!(group.next_done().await.is_none());
        let ended = scope(async |scope| {
            let task = scope.spawn(async { 1 });
            task.abort();
            task.unless_cancelled().await
        });
        assert_eq!(ended.await, None);
    });
}
