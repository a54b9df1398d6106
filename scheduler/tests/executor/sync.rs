use super::*;

#[test]
fn a_lock_goes_round_in_the_order_of_asking() {
    let executor = executor();
    let log = Lock::new(Vec::new());
    for n in 0..5 {
        let log = log.clone();
        drop(executor.spawn(async move {
            for _ in 0..2 {
                let mut log = log.lock().await;
                log.push(n);
                yield_now().await;
            }
        }));
    }
    executor.run().unwrap();
    let order = log.try_lock().unwrap();
    assert_eq!(*order, [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    assert!(log.try_lock().is_none());
}

#[test]
fn a_wait_that_is_given_up_passes_on_what_it_was_handed() {
    let executor = executor();
    let semaphore = Semaphore::new(1);
    let held = executor.block_on(semaphore.acquire(1));
    let waiting: Vec<_> = (0..3)
        .map(|_| executor.spawn(semaphore.acquire(1)))
        .collect();
    executor.run_pending();
    // The second leaves the queue. The first has already got the permit when it is aborted.
    waiting[1].abort();
    drop(held);
    waiting[0].abort();
    assert_eq!(semaphore.free(), 0, "it went to the third");
    executor.run_pending();
    assert!(waiting[2].is_finished());
    drop(waiting);
    assert_eq!(semaphore.free(), 1);
}

#[test]
fn one_who_wants_many_is_not_passed_over() {
    let executor = executor();
    let semaphore = Semaphore::new(2);
    let held = executor.block_on(semaphore.acquire(1));
    let both = executor.spawn(semaphore.acquire(2));
    executor.run_pending();
    assert!(semaphore.try_acquire(1).is_none(), "somebody waits");
    let one = executor.spawn(semaphore.acquire(1));
    executor.run_pending();
    assert!(!one.is_finished());
    drop(held);
    executor.run_pending();
    assert!(both.is_finished() && !one.is_finished());
    drop(executor.block_on(both).unwrap());
    drop(executor.block_on(one).unwrap());
}

#[test]
fn an_event_lets_all_go_who_wait_even_if_it_is_cleared_at_once() {
    let executor = executor();
    let event = Event::new();
    let waiting: Vec<_> = (0..3).map(|_| executor.spawn(event.wait())).collect();
    executor.run_pending();
    event.set();
    event.clear();
    executor.run_pending();
    assert!(waiting.iter().all(JoinHandle::is_finished));
    let late = executor.spawn(event.wait());
    executor.run_pending();
    assert!(!late.is_finished());
}

#[test]
fn a_channel_keeps_the_order_and_never_more_than_its_capacity() {
    let executor = executor();
    let (sender, receiver) = channel(3);
    let ahead = Rc::new(Cell::new(0_i32));
    let sent = Rc::clone(&ahead);
    drop(executor.spawn(async move {
        for n in 0..100 {
            sender.send(n).await.unwrap();
            sent.set(sent.get() + 1);
            assert!(sent.get() <= 3);
        }
    }));
    let received = executor.block_on(async {
        let mut received = Vec::new();
        while let Some(n) = receiver.recv().await {
            ahead.set(ahead.get() - 1);
            received.push(n);
            yield_now().await;
        }
        received
    });
    assert!(received.into_iter().eq(0..100));
}

#[test]
fn a_channel_ends_on_either_side() {
    let executor = executor();
    let (sender, receiver) = channel(1);
    executor.block_on(sender.send(Rc::new(1))).unwrap();
    let value = Rc::new(2);
    assert!(sender.try_send(Rc::clone(&value)).is_err());
    let blocked = executor.spawn({
        let value = Rc::clone(&value);
        async move { sender.send(value).await }
    });
    executor.run_pending();
    drop(receiver);
    let back = executor.block_on(blocked).unwrap().unwrap_err();
    assert_eq!((*back.0, Rc::strong_count(&value)), (2, 2));
    let (sender, receiver) = channel::<()>(1);
    let waiting = executor.spawn(async move { receiver.recv().await });
    executor.run_pending();
    drop(sender);
    assert_eq!(executor.block_on(waiting).unwrap(), None);
}

#[test]
fn philosophers_are_told_who_has_which_fork() {
    const PHILOSOPHERS: usize = 5;
    let executor = executor();
    let forks: Vec<_> = (0..PHILOSOPHERS)
        .map(|n| Lock::named(format!("fork {n}"), ()))
        .collect();
    for n in 0..PHILOSOPHERS {
        let (left, right) = (forks[n].clone(), forks[(n + 1) % PHILOSOPHERS].clone());
        drop(
            executor.spawn_named(format!("philosopher {n}"), async move {
                let _left = left.lock().await;
                yield_now().await;
                let _right = right.lock().await;
            }),
        );
    }
    let deadlock = executor.run().unwrap_err();
    let waits: Vec<String> = deadlock.waits.iter().map(ToString::to_string).collect();
    assert_eq!(waits.len(), PHILOSOPHERS);
    assert_eq!(
        waits[4],
        "task 4 (philosopher 4) waits for lock \"fork 0\", held by task 0 (philosopher 0)"
    );
}

#[test]
fn joins_events_and_channels_are_told_too() {
    let executor = executor();
    let event = Event::named("start");
    let (_sender, receiver) = scheduler::sync::channel_named::<()>("work", 1);
    let deadlock = executor
        .try_block_on(async {
            let runner = scheduler::executor::spawn_named("runner", async move {
                event.wait().await;
            });
            let reading = spawn(async move { receiver.recv().await });
            runner.await.unwrap();
            reading.await.unwrap();
        })
        .unwrap_err();
    assert_eq!(
        deadlock.to_string(),
        "deadlock: task 0 waits for the end of task 1 (runner); \
         task 1 (runner) waits for event \"start\"; \
         task 2 waits for a value from channel \"work\""
    );
}

#[test]
fn no_deadlock_is_told_while_another_thread_has_a_waker() {
    let executor = executor();
    let (go, gone) = mpsc::channel::<()>();
    let (sender, receiver) = futures_channel::oneshot::channel::<()>();
    let event = Event::new();
    let stuck = executor.spawn({
        let event = event.clone();
        async move { event.wait().await }
    });
    let helper = thread::spawn(move || {
        gone.recv().unwrap();
        sender.send(()).unwrap();
    });
    executor.block_on(async {
        go.send(()).unwrap();
        receiver.await.unwrap();
        event.set();
        stuck.await.unwrap();
    });
    helper.join().unwrap();
}
