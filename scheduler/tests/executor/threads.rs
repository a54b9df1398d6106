//! Tasks from other threads, and calls on them.

use super::*;
use scheduler::executor::SpawnError;

#[test]
fn another_thread_spawns_what_it_could_not_send() {
    let executor = executor();
    let spawner = executor.spawner();
    let asking = thread::spawn(move || {
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let made = spawner.spawn(move || async move {
                    let local = Rc::new(n);
                    yield_now().await;
                    *local
                });
                made.unwrap()
            })
            .collect();
        let panicking = spawner.spawn(|| async { panic!("expected") }).unwrap();
        let sum: u32 = tasks.into_iter().map(|task| task.join().unwrap()).sum();
        (sum, panicking.join().unwrap_err().to_string())
    });
    executor.block_on(async {
        let (done, ended) = futures_channel::oneshot::channel();
        thread::spawn(move || done.send(asking.join().unwrap()).unwrap());
        let (sum, panic) = ended.await.unwrap();
        assert_eq!((sum, &*panic), (4950, "the task panicked: expected"));
    });
}

#[test]
fn a_spawner_outlives_its_executor() {
    let first = executor();
    let spawner = first.spawner();
    let waiting = spawner.spawn(|| async {}).unwrap();
    drop(first);
    assert!(matches!(waiting.join(), Err(JoinError::Cancelled)));
    assert_eq!(
        spawner.clone().spawn(|| async {}).unwrap_err(),
        SpawnError::Gone
    );
}

#[test]
fn what_waits_to_be_spawned_is_bounded() {
    let executor = executor();
    let spawner = executor.spawner();
    let made = (0..)
        .map_while(|_| spawner.spawn(|| async {}).ok().map(drop))
        .count();
    assert_eq!(made, scheduler::executor::SPAWN_LIMIT);
    assert_eq!(spawner.spawn(|| async {}).unwrap_err(), SpawnError::Full);
    executor.run_pending();
    assert!(spawner.spawn(|| async {}).is_ok());
}

#[cfg(feature = "threads")]
#[test]
fn a_call_on_a_thread_lets_the_others_run() {
    use scheduler::executor::{ThreadError, to_thread};
    let executor = executor();
    let (go, gone) = mpsc::channel();
    drop(executor.spawn(async move { go.send(7).unwrap() }));
    // It blocks until the other task has run.
    assert_eq!(
        executor.block_on(to_thread(move || gone.recv().unwrap())),
        Ok(7)
    );
    let panicked = executor.block_on(to_thread(|| panic!("expected")));
    assert!(
        matches!(panicked, Err::<(), _>(ThreadError::Panicked { .. })),
        "{panicked:?}"
    );
}
