use super::*;

#[test]
fn gather_keeps_the_order_and_ends_all_with_one() {
    let (executor, clock) = with_clock();
    let all = executor.spawn(gather([2, 1, 3].map(|n| async move {
        sleep(n * SECOND).await;
        n
    })));
    executor.run_pending();
    clock.advance(3 * SECOND);
    assert_eq!(executor.block_on(all).unwrap(), [2, 1, 3]);

    let dropped = Dropped::default();
    let guards = [dropped.guard(), dropped.guard()];
    let all = executor.spawn(gather(guards.map(|guard| async move {
        yield_now().await;
        assert_eq!(guard.0.count(), 1, "the first panics");
        pending::<()>().await;
    })));
    let error = executor.block_on(all).unwrap_err();
    assert!(error.to_string().contains("the first panics"), "{error}");
    assert_eq!((dropped.count(), executor.tasks()), (2, 0));

    let given_up = executor.spawn(gather([pending::<()>(), pending()]));
    executor.run_pending();
    assert_eq!(executor.tasks(), 3);
    given_up.abort();
    assert_eq!(executor.tasks(), 0);
}

#[test]
fn select_prefers_the_left_and_drops_the_other() {
    let executor = executor();
    let dropped = Dropped::default();
    let guard = dropped.guard();
    let first = executor.block_on(select(async { 1 }, async move {
        let _guard = guard;
        2
    }));
    assert_eq!((first, dropped.count()), (Either::Left(1), 1));
}

#[test]
fn task_locals_are_each_tasks_own_and_survive_a_panic() {
    scheduler::task_local! {
        static NUMBER: u32;
    }
    fn number(local: &'static TaskLocal<u32>) -> u32 {
        local.with(|number| *number)
    }
    let executor = executor();
    let numbers = executor.block_on(gather((0..3).map(|n| {
        NUMBER.scope(n, async move {
            yield_now().await;
            let inner = NUMBER.scope(n + 10, async { number(&NUMBER) }).await;
            (inner, number(&NUMBER))
        })
    })));
    assert_eq!(numbers, [(10, 0), (11, 1), (12, 2)]);
    let bad = executor.spawn(NUMBER.scope(1, async { panic!("expected") }));
    assert!(executor.block_on(bad).is_err());
    assert!(
        catch_unwind(|| number(&NUMBER)).is_err(),
        "no value is left behind"
    );
}

#[test]
fn a_scope_ends_when_all_in_it_have() {
    let order = RefCell::new(Vec::new());
    let result = executor().block_on(scope(async |scope| {
        for n in 0..3 {
            let (order, inner) = (&order, scope.clone());
            scope.spawn(async move {
                yield_now().await;
                order.borrow_mut().push(n);
                inner.spawn(async move {
                    yield_now().await;
                    order.borrow_mut().push(10 + n);
                });
            });
        }
        "the body's"
    }));
    assert_eq!(result, "the body's");
    assert_eq!(order.into_inner(), [0, 1, 2, 10, 11, 12]);
}

async fn count_for_ever<'env>(scope: Scope<'env>, ran: &'env Cell<u32>) {
    scope.spawn(async {
        loop {
            ran.set(ran.get() + 1);
            yield_now().await;
        }
    });
    pending::<()>().await
}

#[test]
fn a_scope_that_is_dropped_or_forgotten_runs_nothing_any_more() {
    let executor = executor();
    let ran = Cell::new(0);
    assert!(matches!(
        executor.block_on(select(
            scope(async |scope| count_for_ever(scope, &ran).await),
            yield_now()
        )),
        Either::Right(())
    ));
    let before = ran.get();
    executor.block_on(async {
        let mut forgotten = Box::pin(scope(async |scope| count_for_ever(scope, &ran).await));
        select(&mut forgotten, yield_now()).await;
        std::mem::forget(forgotten);
        for _ in 0..10 {
            yield_now().await;
        }
    });
    assert_eq!(ran.get(), 2 * before);
}

#[test]
fn a_panic_in_a_scope_is_the_scopes() {
    let executor = executor();
    let run = AssertUnwindSafe(|| {
        executor.block_on(scope(async |scope| {
            scope.spawn(async { panic!("expected") });
        }));
    });
    assert!(catch_unwind(run).is_err());
}
