use super::*;

#[test]
fn sleepers_wake_in_the_order_of_their_time() {
    let (executor, clock) = with_clock();
    let order = Rc::new(RefCell::new(Vec::new()));
    for n in [3, 1, 2] {
        let order = Rc::clone(&order);
        drop(executor.spawn(async move {
            sleep(n * SECOND).await;
            order.borrow_mut().push(n);
        }));
    }
    executor.run_pending();
    for n in 1..=3 {
        assert_eq!(order.borrow().len(), n - 1);
        clock.advance(SECOND);
        executor.run_pending();
    }
    assert_eq!(*order.borrow(), [1, 2, 3]);
}

#[test]
fn a_timeout_drops_what_is_late_and_its_timer_when_it_is_not() {
    let (executor, clock) = with_clock();
    let dropped = Dropped::default();
    let guard = dropped.guard();
    let late = executor.spawn(timeout(SECOND, async move {
        let _guard = guard;
        pending::<()>().await;
    }));
    let in_time = executor.spawn(timeout(2 * SECOND, sleep(SECOND)));
    executor.run_pending();
    clock.advance(SECOND);
    executor.run_pending();
    assert_eq!(dropped.count(), 1);
    let error = executor.block_on(late).unwrap().unwrap_err();
    assert_eq!(error.to_string(), "nothing came within 1s");
    assert!(executor.block_on(in_time).unwrap().is_ok());
    // The unused timer was removed: nothing is left to wait for.
    let stuck = executor.try_block_on(pending::<()>()).unwrap_err();
    assert_eq!(
        stuck.to_string(),
        "deadlock: task 4 waits for nothing: its waker was dropped"
    );
}

#[test]
fn a_sleep_that_moves_to_another_task_wakes_that_one() {
    let (executor, clock) = with_clock();
    let mut hour = Box::pin(sleep(3600 * SECOND));
    assert!(executor.block_on(select(async {}, &mut hour)) == Either::Left(()));
    let first = executor.block_on(select(&mut hour, yield_now()));
    assert_eq!(first, Either::Right(()));
    let moved = executor.spawn(async move { hour.as_mut().await });
    executor.run_pending();
    clock.advance(3600 * SECOND);
    executor.run_pending();
    assert!(moved.is_finished());
    executor.block_on(sleep_until(std::time::Instant::now() - Duration::ZERO));
}

#[test]
fn a_sleep_of_another_executor_is_refused_with_a_reason() {
    let (one, other) = (executor(), executor());
    let mut hour = Box::pin(sleep(3600 * SECOND));
    assert_eq!(
        one.block_on(select(&mut hour, yield_now())),
        Either::Right(())
    );
    let moved = AssertUnwindSafe(|| other.block_on(hour));
    let panic = catch_unwind(moved).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    assert!(message.contains("belongs to another executor"), "{message}");
}
