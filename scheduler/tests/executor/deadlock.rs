//! Deadlocks: reported when there is one, never when there is none. The search for one costs
//! nothing as long as there cannot be one.

use super::*;
use scheduler::executor::{TaskGroup, spawn_named};
use scheduler::monitor::Monitor;
use scheduler::sync::{Barrier, Condition, RwLock, oneshot, watch};

fn stuck<T>(future: impl Future<Output = T>) -> String {
    match executor().try_block_on(future) {
        Err(deadlock) => deadlock.to_string(),
        Ok(_) => panic!("it came to its end"),
    }
}

#[test]
fn nobody_is_looked_at_while_another_thread_may_wake_one() {
    const PARKED: usize = 1000;
    const MESSAGES: u32 = 100;
    let executor = executor();
    let event = Event::new();
    for _ in 0..PARKED {
        drop(executor.spawn(event.wait()));
    }
    let (mut sender, mut receiver) = futures_channel::mpsc::channel::<u32>(0);
    let sending = thread::spawn(move || {
        for n in 0..MESSAGES {
            while sender.try_send(n).is_err() {
                thread::yield_now();
            }
        }
    });
    let received = executor.block_on(async {
        let mut received = 0;
        while receiver.next().await.is_some() {
            received += 1;
        }
        received
    });
    sending.join().unwrap();
    assert_eq!(received, MESSAGES);
    assert_eq!(executor.deadlock_searches(), 0);
    // A waker that was cloned there and dropped here causes one search.
    assert!(executor.run().is_err());
    assert_eq!(executor.deadlock_searches(), 1);
}

#[test]
fn a_socket_that_nobody_waits_for_hides_no_deadlock() {
    let lock = Lock::named("l", ());
    let told = stuck(async {
        let _listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let _held = lock.lock().await;
        drop(lock.lock().await);
    });
    assert_eq!(
        told,
        "deadlock: task 0 waits for lock \"l\", held by task 0"
    );
}

#[test]
fn a_clock_that_nobody_moves_is_told() {
    let (executor, _clock) = with_clock();
    drop(executor.spawn_named("sleeper", sleep(SECOND)));
    assert_eq!(
        executor.run().unwrap_err().to_string(),
        "deadlock: task 0 (sleeper) waits for a time that does not come: its clock stands still"
    );
    // A task may move the clock.
    let (executor, clock) = with_clock();
    drop(executor.spawn(async move {
        yield_now().await;
        clock.advance(SECOND);
    }));
    executor.block_on(sleep(SECOND));
}

#[test]
fn a_guard_that_outlived_its_task_says_so() {
    let executor = executor();
    let lock = Lock::named("l", ());
    let guard = executor.block_on(async {
        let lock = lock.clone();
        spawn_named("long gone", async move { lock.lock().await })
            .await
            .unwrap()
    });
    drop(executor.spawn_named("waiter", lock.lock()));
    assert_eq!(
        executor.run().unwrap_err().to_string(),
        "deadlock: task 2 (waiter) waits for lock \"l\", held by task 1, which has ended"
    );
    drop(guard);
    let lock = Lock::named("l", ());
    let outside = lock.try_lock();
    let told = stuck(lock.lock());
    assert_eq!(
        told,
        "deadlock: task 0 waits for lock \"l\", held by code outside of all tasks"
    );
    drop(outside);
}

#[test]
fn a_holder_of_another_executor_is_not_taken_for_one_of_this() {
    let (one, other) = (executor(), executor());
    let lock = Lock::named("shared", ());
    let held = lock.clone();
    drop(one.spawn_named("holder", async move {
        let _held = held.lock().await;
        pending::<()>().await;
    }));
    one.run_pending();
    drop(other.spawn_named("waiter", lock.lock()));
    assert_eq!(
        other.run().unwrap_err().to_string(),
        "deadlock: task 0 (waiter) waits for lock \"shared\", held by task 0 of another executor"
    );
}

#[test]
fn a_report_fits_a_screen() {
    const TASKS: usize = 20_000;
    let executor = executor();
    let (event, semaphore) = (Event::named("go"), Semaphore::named("places", TASKS));
    for n in 0..TASKS {
        let (event, semaphore) = (event.clone(), semaphore.clone());
        drop(executor.spawn(async move {
            let _place = semaphore.acquire(1).await;
            yield_now().await;
            if n % 2 == 0 {
                event.wait().await;
            } else {
                drop(semaphore.acquire(TASKS).await);
            }
        }));
    }
    let deadlock = executor.run().unwrap_err();
    assert_eq!(deadlock.waits.len(), TASKS);
    let told = deadlock.to_string();
    assert!(
        told.contains("task 0, task 2, task 4 and 9997 more wait for event \"go\""),
        "{told}"
    );
    assert!(
        told.contains("held by task 0, task 1, task 2 and 19997 more"),
        "{told}"
    );
    assert!(told.len() < 80 * 24, "{} characters", told.len());
}

#[test]
fn combinators_and_the_monitor_hide_no_deadlock() {
    let lock = Lock::named("l", ());
    let twice = || {
        let lock = lock.clone();
        async move {
            let _once = lock.lock().await;
            drop(lock.lock().await);
        }
    };
    let held = "waits for lock \"l\", held by task";
    assert!(stuck(Monitor::new().watch("watched", twice())).contains(held));
    assert!(stuck(select(twice(), pending::<()>())).contains(held));
    let gathered = stuck(gather([twice()]));
    assert!(gathered.contains(held), "{gathered}");
    assert!(
        gathered.contains("task 0 waits for the end of its group's last task"),
        "{gathered}"
    );
    let grouped = stuck(async {
        let mut group = TaskGroup::new();
        group.spawn(pending::<()>());
        group.spawn(pending::<()>());
        group.next_done().await
    });
    assert!(
        grouped.contains("the end of one of its group's 2 tasks"),
        "{grouped}"
    );
}

#[test]
fn a_scope_that_waits_tells_no_deadlock() {
    // As its documentation says: otherwise it would report a deadlock and not wait for the thread.
    let event = Event::new();
    executor().block_on(scope(async |scope| {
        let (sender, receiver) = futures_channel::oneshot::channel::<()>();
        let waits = scope.spawn(event.wait());
        let waking = thread::spawn(move || sender.send(()).unwrap());
        receiver.await.unwrap();
        event.set();
        waits.await;
        waking.join().unwrap();
    }));
}

#[test]
fn whatever_can_be_waited_for_is_told() {
    let told = stuck(async {
        let (_sender, receiver) = oneshot::<()>();
        assert!(receiver.await.is_ok());
    });
    assert!(
        told.contains("waits for the value of one-shot channel made at "),
        "{told}"
    );
    let told = stuck(async {
        let (_sender, mut receiver) = watch(());
        assert!(receiver.changed().await.is_ok());
    });
    assert!(
        told.contains("waits for a change of watch made at "),
        "{told}"
    );
    let told = stuck(Barrier::named("start", 2).wait());
    assert!(
        told.ends_with("task 0 waits for barrier \"start\""),
        "{told}"
    );
    let told = stuck(async {
        let (lock, condition) = (Lock::new(()), Condition::named("full"));
        drop(condition.wait(lock.lock().await).await);
    });
    assert!(
        told.ends_with("task 0 waits for condition \"full\""),
        "{told}"
    );
    let told = stuck(async {
        let lock = RwLock::named("names", ());
        let _read = lock.read().await;
        drop(lock.write().await);
    });
    assert!(
        told.ends_with("waits for read-write lock \"names\", held by task 0"),
        "{told}"
    );
}

#[test]
fn a_spawner_may_bring_something_and_its_end_is_told() {
    let executor = executor();
    let event = Event::named("never");
    drop(executor.spawn(event.wait()));
    let spawner = executor.spawner();
    let other = thread::spawn(move || {
        let task = spawner.spawn(|| async { 1 }).unwrap();
        let one = task.join().unwrap();
        drop(spawner);
        one
    });
    // Reported only after the spawner was dropped, which ends the wait.
    assert!(executor.run().is_err());
    assert_eq!(other.join().unwrap(), 1);
}
