use super::*;

#[test]
fn they_take_turns() {
    const TASKS: usize = 7;
    const ROUNDS: usize = 100;
    let order = Rc::new(RefCell::new(Vec::new()));
    let executor = executor();
    for task in 0..TASKS {
        let order = Rc::clone(&order);
        drop(executor.spawn(async move {
            for _ in 0..ROUNDS {
                order.borrow_mut().push(task);
                yield_now().await;
            }
        }));
    }
    executor.run().unwrap();
    let expected: Vec<usize> = (0..TASKS * ROUNDS).map(|turn| turn % TASKS).collect();
    assert_eq!(*order.borrow(), expected);
}

#[test]
fn a_panic_is_the_joiners() {
    let executor = executor();
    let bad = executor.spawn(async { panic!("expected") });
    drop(executor.spawn(async { panic!("nobody's") }));
    let error = executor.block_on(bad).unwrap_err();
    assert_eq!(error.to_string(), "the task panicked: expected");
    assert_eq!(executor.tasks(), 0);
    let root = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async { panic!("root") })
    }));
    assert_eq!(*root.unwrap_err().downcast::<&str>().unwrap(), "root");
    assert_eq!(executor.block_on(async { 1 }), 1);
}

#[test]
fn a_panic_of_a_destructor_is_one_of_the_task() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("expected");
        }
    }
    let executor = executor();
    let held = executor.spawn(async {
        let _bad = Bad;
        pending::<()>().await;
    });
    executor.run_pending();
    held.abort();
    assert!(matches!(
        executor.block_on(held),
        Err(JoinError::Panicked(_))
    ));
    // An output that is not taken.
    drop(executor.spawn(async { Bad }));
    executor.run_pending();
    assert_eq!(executor.tasks(), 0);
}

#[test]
fn a_task_may_be_aborted_at_every_await() {
    const AWAITS: usize = 5;
    for steps in 0..=AWAITS + 1 {
        let executor = executor();
        let dropped = Dropped::default();
        let guard = dropped.guard();
        let task = executor.spawn(async move {
            let _guard = guard;
            let probe = Probe::default();
            for _ in 0..AWAITS {
                probe.ready.set(!probe.ready.get());
                select(probe.clone(), yield_now()).await;
                yield_now().await;
            }
        });
        let stop = executor.block_on(async {
            for _ in 0..steps {
                yield_now().await;
            }
            task.abort();
            task.is_finished()
        });
        assert!(stop);
        assert_eq!(dropped.count(), 1, "at step {steps}");
        assert!(
            executor
                .block_on(task)
                .is_err_and(|e| matches!(e, JoinError::Cancelled))
        );
    }
}

#[test]
fn a_task_that_aborts_itself_goes_on_to_its_next_await() {
    let executor = executor();
    let handle: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
    let own = Rc::clone(&handle);
    let reached = Rc::new(Cell::new(0));
    let reach = Rc::clone(&reached);
    let task = executor.spawn(async move {
        yield_now().await;
        own.borrow().as_ref().unwrap().abort();
        reach.set(1);
        yield_now().await;
        reach.set(2);
    });
    handle.replace(Some(task));
    executor.run_pending();
    assert_eq!(reached.get(), 1);
    let task = handle.take().unwrap();
    assert!(matches!(executor.block_on(task), Err(JoinError::Cancelled)));
}

#[test]
fn nothing_leaks_from_an_executor_full_of_tasks() {
    const TASKS: usize = 1000;
    let dropped = Dropped::default();
    let executor = executor();
    let mut handles = Vec::new();
    for n in 0..TASKS {
        let guard = dropped.guard();
        let again = dropped.guard();
        let task = executor.spawn(async move {
            let _guard = guard;
            match n % 5 {
                0 => sleep(SECOND).await,
                1 => pending().await,
                2 => drop(spawn(async move { again }).await),
                3 => Event::new().wait().await,
                _ => {}
            }
        });
        // Some are detached.
        if n % 2 == 0 {
            handles.push(task);
        }
    }
    executor.run_pending();
    drop(executor);
    drop(handles);
    assert_eq!(dropped.count(), 2 * TASKS);
}

#[test]
fn what_destructors_spawn_while_the_executor_goes_is_dropped_too() {
    struct Spawns(Rc<Executor2>, Dropped);
    struct Executor2(RefCell<Option<JoinHandle<CountDrop>>>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            // No executor runs here. A spawn would panic, which is correct.
            let guard = self.1.guard();
            let spawned = catch_unwind(AssertUnwindSafe(|| spawn(async move { guard })));
            assert!(spawned.is_err());
            assert!(self.0.0.borrow().is_none());
        }
    }
    let dropped = Dropped::default();
    let executor = executor();
    let spawns = Spawns(Rc::new(Executor2(RefCell::new(None))), dropped.clone());
    drop(executor.spawn(async move {
        let _spawns = spawns;
        pending::<()>().await;
    }));
    executor.run_pending();
    drop(executor);
    assert_eq!(dropped.count(), 1);
}

#[test]
fn handles_and_outputs_outlive_the_executor() {
    let dropped = Dropped::default();
    let executor = executor();
    let guard = dropped.guard();
    let ended = executor.spawn(async move { guard });
    let left = executor.spawn(pending::<()>());
    executor.run_pending();
    drop(executor);
    assert_eq!(dropped.count(), 0, "its output is still there");
    left.abort();
    let mut context = Context::from_waker(Waker::noop());
    let (mut left, mut ended) = (left, ended);
    assert!(matches!(
        Pin::new(&mut left).poll(&mut context),
        Poll::Ready(Err(JoinError::Cancelled))
    ));
    assert!(matches!(
        Pin::new(&mut ended).poll(&mut context),
        Poll::Ready(Ok(_))
    ));
    assert_eq!(dropped.count(), 1);
}

#[test]
fn block_on_inside_a_task_is_refused() {
    let (one, other) = (executor(), executor());
    let nested = async { catch_unwind(AssertUnwindSafe(|| other.block_on(async {}))).is_err() };
    assert!(one.block_on(nested));
    other.block_on(async {});
}

#[test]
fn tasks_know_themselves() {
    assert_eq!(current_task(), None);
    executor().block_on(async {
        let task = spawn(async { current_task() });
        let id = task.id();
        assert_eq!(task.await.unwrap(), Some(id));
        assert_ne!(current_task(), Some(id));
    });
}
