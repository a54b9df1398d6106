//! Tasks that are always ready let the others run: tasks, timers, signals.

use super::*;
use event_loop::Signal;
use rustix::process::{Signal as Raise, getpid, kill_process};
use scheduler::io::signal;

/// Moves the clock after the others had their turns.
fn advance_later(executor: &Executor, clock: &FakeClock) {
    let clock = clock.clone();
    drop(executor.spawn(async move {
        for _ in 0..3 {
            yield_now().await;
        }
        clock.advance(SECOND);
    }));
}

async fn for_ever<F: Future>(operation: impl Fn() -> F) {
    loop {
        operation().await;
    }
}

#[test]
fn a_time_out_ends_a_loop_whose_waits_are_always_ready() {
    let lock = Lock::new(());
    let semaphore = Semaphore::new(1);
    let event = Event::new();
    event.set();
    let (sender, receiver) = channel(4);
    let names = scheduler::sync::RwLock::new(());
    type Endless<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
    let endless: [Endless<'_>; 5] = [
        Box::pin(for_ever(|| lock.lock())),
        Box::pin(for_ever(|| semaphore.acquire(1))),
        Box::pin(for_ever(|| event.wait())),
        Box::pin(for_ever(|| names.read())),
        Box::pin(for_ever(|| async {
            sender.send(1).await.unwrap();
            receiver.recv().await;
        })),
    ];
    for endless in endless {
        let (executor, clock) = with_clock();
        advance_later(&executor, &clock);
        assert!(executor.block_on(timeout(SECOND, endless)).is_err());
    }
}

/// Timers, and a socket that is read in tiny pieces. Timers are late by the number of system calls
/// between two looks at the clock.
#[test]
fn operations_of_sockets_count_as_polls_do() {
    const BYTES: u64 = 10_000;
    let executor = executor();
    let before = executor.block_on(async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
        let mut far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, _) = listener.accept().await.unwrap();
        std::io::Write::write_all(&mut far, &[1; BYTES as usize]).unwrap();
        let before = executor.turns();
        for _ in 0..BYTES {
            near.read(&mut [0]).await.unwrap();
        }
        before
    });
    let turns = executor.turns() - before;
    let least = BYTES / u64::from(scheduler::executor::POLLS_A_TURN);
    assert!(turns >= least, "{turns} turns, at least {least} expected");
}

#[test]
fn a_sleep_that_is_over_when_it_begins_lets_the_others_run() {
    let past = std::time::Instant::now();
    for until in [None, Some(past)] {
        let executor = executor();
        let order = Rc::new(RefCell::new(Vec::new()));
        for task in 0..2 {
            let order = Rc::clone(&order);
            drop(executor.spawn(async move {
                for turn in 0..3 {
                    order.borrow_mut().push((task, turn));
                    match until {
                        None => sleep(Duration::ZERO).await,
                        Some(past) => sleep_until(past).await,
                    }
                }
            }));
        }
        executor.run().unwrap();
        assert_eq!(
            *order.borrow(),
            [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]
        );
    }
}

#[test]
fn a_signal_reaches_a_program_whose_tasks_are_always_ready() {
    executor().block_on(async {
        drop(spawn(for_ever(yield_now)));
        let waiting = signal(&[Signal::new(Raise::USR1.as_raw())]);
        kill_process(getpid(), Raise::USR1).unwrap();
        assert_eq!(waiting.await.unwrap().number(), Raise::USR1.as_raw());
    });
}

#[test]
fn all_who_wait_for_a_signal_are_told_and_none_is_lost() {
    let usr2 = [Signal::new(Raise::USR2.as_raw())];
    let raise = || kill_process(getpid(), Raise::USR2).unwrap();
    executor().block_on(async {
        let both = [spawn(signal(&usr2)), spawn(signal(&usr2))];
        raise();
        for waiting in both {
            waiting.await.unwrap().unwrap();
        }
        // No task waits for this signal, and a wait that is then dropped had it.
        raise();
        signal(&usr2).await.unwrap();
        let given_up = signal(&usr2);
        raise();
        for _ in 0..1000 {
            yield_now().await;
        }
        drop(given_up);
        signal(&usr2).await.unwrap();
        // Each comes once: none is left.
        let late = select(signal(&usr2), yield_now()).await;
        assert!(matches!(late, Either::Right(())));
    });
}
