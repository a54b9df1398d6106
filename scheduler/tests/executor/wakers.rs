use super::*;

#[test]
fn a_task_is_polled_once_for_any_number_of_wake_ups() {
    let executor = executor();
    let probe = Probe::default();
    let task = executor.spawn(probe.clone());
    executor.run_pending();
    executor.run_pending();
    assert_eq!(probe.polls.get(), 1, "it was not woken");
    for _ in 0..3 {
        probe.wake();
    }
    executor.run_pending();
    assert_eq!(probe.polls.get(), 2);
    probe.ready.set(true);
    probe.wake();
    executor.block_on(task).unwrap();
    assert_eq!(probe.polls.get(), 3);
}

#[test]
fn a_wake_up_during_the_poll_is_a_poll_after_it() {
    let executor = executor();
    let polls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&polls);
    let task = executor.spawn(poll_fn(move |context| {
        counted.set(counted.get() + 1);
        context.waker().wake_by_ref();
        let waker = context.waker().clone();
        thread::spawn(move || waker.wake()).join().unwrap();
        if counted.get() == 3 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    executor.run_pending();
    assert!(task.is_finished());
    assert_eq!(polls.get(), 3, "and the last one is not");
}

#[test]
fn wake_ups_before_a_poll_from_here_and_from_elsewhere_are_one() {
    let executor = executor();
    let probe = Probe::default();
    drop(executor.spawn(probe.clone()));
    executor.run_pending();
    probe.wake();
    let waker = probe.waker.borrow().clone().unwrap();
    thread::spawn(move || waker.wake()).join().unwrap();
    probe.wake();
    executor.run_pending();
    assert_eq!(probe.polls.get(), 2);
}

#[test]
fn wakers_outlive_their_task_and_their_executor() {
    let executor = executor();
    let probe = Probe::default();
    let task = executor.spawn(probe.clone());
    executor.run_pending();
    task.abort();
    drop(task);
    probe.wake();
    executor.run_pending();
    assert_eq!(probe.polls.get(), 1);
    let waker = probe.waker.take().unwrap();
    let other = waker.clone();
    drop(executor);
    waker.wake();
    thread::spawn(move || {
        let third = other.clone();
        other.wake();
        drop(third);
    })
    .join()
    .unwrap();
}

#[test]
fn a_wake_up_from_another_thread_ends_the_wait() {
    let executor = executor();
    for _ in 0..200 {
        let (sender, receiver) = futures_channel::oneshot::channel();
        let waking = thread::spawn(move || sender.send(7).unwrap());
        assert_eq!(executor.block_on(receiver), Ok(7));
        waking.join().unwrap();
    }
}

#[test]
fn wakers_may_be_cloned_and_dropped_anywhere() {
    let executor = executor();
    let probes: Vec<Probe> = (0..50).map(|_| Probe::default()).collect();
    let tasks: Vec<_> = probes
        .iter()
        .cloned()
        .map(|probe| executor.spawn(probe))
        .collect();
    executor.run_pending();
    let (sender, receiver) = mpsc::channel();
    let threads: Vec<_> = probes
        .chunks(10)
        .map(|probes| {
            let wakers: Vec<Waker> = probes
                .iter()
                .map(|probe| probe.waker.borrow().clone().unwrap())
                .collect();
            let sender = sender.clone();
            thread::spawn(move || {
                for round in 0..200 {
                    let clones: Vec<Waker> = wakers.clone();
                    clones.iter().for_each(Waker::wake_by_ref);
                    // Some are sent home and dropped there, some are dropped here.
                    if round % 10 == 0 {
                        sender.send(clones).unwrap();
                    }
                }
            })
        })
        .collect();
    drop(sender);
    for clones in receiver {
        executor.run_pending();
        drop(clones);
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    executor.run_pending();
    assert!(probes.iter().all(|probe| probe.polls.get() > 1));
    probes.iter().for_each(|probe| probe.ready.set(true));
    probes.iter().for_each(Probe::wake);
    executor.run_pending();
    assert!(tasks.iter().all(JoinHandle::is_finished));
}

#[test]
fn foreign_futures_run() {
    use futures_channel::mpsc;
    use futures_util::SinkExt;
    let sum = executor().block_on(async {
        let (mut sender, receiver) = mpsc::channel(2);
        drop(spawn(async move {
            for n in 0..100 {
                sender.send(n).await.unwrap();
            }
        }));
        let sums = FuturesUnordered::new();
        sums.push(receiver.fold(0, |sum, n| async move { sum + n }));
        sums.collect::<Vec<i32>>().await
    });
    assert_eq!(sum, [4950]);
}
