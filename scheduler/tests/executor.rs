//! The executor and what tasks wait for, from outside: the waker's contract, cancelling, deadlocks,
//! sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use event_loop::FakeClock;
use futures_util::stream::{FuturesUnordered, StreamExt};
use protocols::conversation;
use scheduler::chat_server::Server;
use scheduler::executor::{
    Either, Executor, JoinError, JoinHandle, Scope, TaskLocal, current_task, gather, scope, select,
    sleep, sleep_until, spawn, timeout, yield_now,
};
use scheduler::io::{Line, Lines, TcpListener, TcpStream};
use scheduler::sync::{Event, Lock, Semaphore, channel};

fn executor() -> Executor {
    Executor::new().unwrap()
}

fn with_clock() -> (Executor, FakeClock) {
    let clock = FakeClock::new();
    (Executor::with_clock(clock.clone()).unwrap(), clock)
}

const SECOND: Duration = Duration::from_secs(1);

/// A future that counts its polls, keeps its waker where the test finds it, and is ready when it
/// is told so.
#[derive(Clone, Default)]
struct Probe {
    polls: Rc<Cell<u32>>,
    waker: Rc<RefCell<Option<Waker>>>,
    ready: Rc<Cell<bool>>,
}

impl Future for Probe {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.polls.set(self.polls.get() + 1);
        self.waker.replace(Some(context.waker().clone()));
        if self.ready.get() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Probe {
    fn wake(&self) {
        self.waker.borrow().as_ref().unwrap().wake_by_ref();
    }
}

/// Counts those that have been dropped.
#[derive(Clone, Default)]
struct Dropped(Rc<Cell<usize>>);

struct CountDrop(Dropped);

impl Dropped {
    fn guard(&self) -> CountDrop {
        CountDrop(self.clone())
    }

    fn count(&self) -> usize {
        self.0.get()
    }
}

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get() + 1);
    }
}

mod wakers {
    use super::*;

    #[test]
    fn a_task_is_polled_once_for_any_number_of_wake_ups() {
        let executor = executor();
        let probe = Probe::default();
        let task = executor.spawn(probe.clone());
        executor.run_pending();
        executor.run_pending();
        assert_eq!(probe.polls.get(), 1, "nobody woke it");
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
                        // Some come home to be dropped, some are dropped here.
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
}

mod tasks {
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
        // An output that nobody wants.
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
                // No executor runs any more: a spawn would panic, and that is its own.
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
}

mod time {
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
        // The timer that was not needed is gone: nothing is left to wait for.
        let stuck = executor.try_block_on(pending::<()>()).unwrap_err();
        assert_eq!(
            stuck.to_string(),
            "deadlock: task 4 waits for nothing: nobody has its waker"
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
}

mod combinators {
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
            "nobody's value is left behind"
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
}

mod sync {
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
        // The second leaves the queue; the first has been handed the permit when it is aborted.
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
}

mod sockets {
    use super::*;

    const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

    #[test]
    fn more_goes_through_than_the_system_holds() {
        const BYTES: usize = 8 << 20;
        let received = executor().block_on(async {
            let listener = TcpListener::bind(HERE.into()).unwrap();
            let address = listener.local_addr().unwrap();
            let sending = spawn(async move {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(&vec![7; BYTES]).await.unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                stream.read(&mut [0]).await.unwrap()
            });
            let (stream, _) = listener.accept().await.unwrap();
            let (mut received, mut buffer) = (0, vec![0; 10_000]);
            loop {
                match stream.read(&mut buffer).await.unwrap() {
                    0 => break,
                    length => received += length,
                }
            }
            drop(stream);
            assert_eq!(sending.await.unwrap(), 0);
            received
        });
        assert_eq!(received, BYTES);
    }

    #[test]
    fn a_socket_that_is_always_ready_lets_others_run() {
        let others = executor().block_on(async {
            let listener = TcpListener::bind(HERE.into()).unwrap();
            let near = TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let (far, _) = listener.accept().await.unwrap();
            far.write_all(&[1; 1000]).await.unwrap();
            let turns = Rc::new(Cell::new(0));
            let counted = Rc::clone(&turns);
            let counting = spawn(async move {
                loop {
                    counted.set(counted.get() + 1);
                    yield_now().await;
                }
            });
            let mut byte = [0];
            for _ in 0..1000 {
                near.read(&mut byte).await.unwrap();
            }
            counting.abort();
            turns.get()
        });
        assert!(others >= 1000 / 64 - 1, "{others}");
    }

    #[test]
    fn nobody_listening_is_an_error() {
        executor().block_on(async {
            let listener = TcpListener::bind(HERE.into()).unwrap();
            let address = listener.local_addr().unwrap();
            assert!(TcpListener::bind(address).is_err(), "in use");
            drop(listener);
            assert!(TcpStream::connect(address).await.is_err());
        });
    }

    #[test]
    fn lines_are_cut_however_they_come() {
        executor().block_on(async {
            let listener = TcpListener::bind(HERE.into()).unwrap();
            let far = TcpStream::connect(listener.local_addr().unwrap())
                .await
                .unwrap();
            let (near, _) = listener.accept().await.unwrap();
            let sending = spawn(async move {
                for byte in b"one\r\ntw" {
                    far.write_all(&[*byte]).await.unwrap();
                    yield_now().await;
                }
                let long = [b"o\n\n1234567890\r\n12345678901\n", &[b'x'; 20_000][..]].concat();
                far.write_all(&long).await.unwrap();
                far.write_all(b"\nlast\nnever ended").await.unwrap();
            });
            let mut lines = Lines::new(&near, 10);
            for expected in [
                Line::Text(b"one"),
                Line::Text(b"two"),
                Line::Text(b""),
                Line::Text(b"1234567890"),
                Line::TooLong,
                Line::TooLong,
                Line::Text(b"last"),
            ] {
                assert_eq!(lines.next().await.unwrap(), Some(expected));
            }
            assert_eq!(lines.next().await.unwrap(), None);
            sending.await.unwrap();
        });
    }

    #[test]
    fn the_chat_server_passes_the_conversation() {
        executor().block_on(async {
            let server = Server::new();
            let listener = TcpListener::bind(HERE.into()).unwrap();
            let address = listener.local_addr().unwrap();
            let serving = spawn({
                let server = server.clone();
                async move { server.serve(listener).await }
            });
            let (done, result) = futures_channel::oneshot::channel();
            thread::spawn(move || done.send(conversation::all(address)));
            result.await.unwrap().unwrap();
            server.end();
            serving.await.unwrap();
        });
    }

    #[test]
    fn beyond_the_limit_connections_wait_to_be_accepted() {
        executor().block_on(async {
            let server = Server::with_max_connections(1);
            let listener = TcpListener::bind(HERE.into()).unwrap();
            let address = listener.local_addr().unwrap();
            drop(spawn({
                let server = server.clone();
                async move { server.serve(listener).await }
            }));
            let first = TcpStream::connect(address).await.unwrap();
            first.readable().await.unwrap();
            let second = TcpStream::connect(address).await.unwrap();
            let welcome = spawn(async move {
                second.readable().await.unwrap();
            });
            // Whole conversations go on meanwhile, and nobody welcomes the second.
            for n in 0..100 {
                first.write_all(format!("{n}\n").as_bytes()).await.unwrap();
                first.readable().await.unwrap();
                first.read(&mut [0; 4096]).await.unwrap();
            }
            assert!(!welcome.is_finished());
            drop(first);
            welcome.await.unwrap();
        });
    }
}
