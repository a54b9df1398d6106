//! Spawning, joining, time-outs, and what they wait for: what must hold whatever happens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use event_loop::FakeClock;
use green_threads::sync::{AsyncResult, Event, RwLock};
use green_threads::{
    Builder, Channel, GreenThread, JoinError, Listener, Pool, Select, State, StreamServer,
    TimedOut, Timeout, green_local, join_all, list, offload, set_clock, sleep, spawn, spawn_later,
    stats, timeout, yield_now,
};
use rustix::io::Errno;

const HOUR: Duration = Duration::from_secs(3600);

const MOMENT: Duration = Duration::from_millis(1);

/// Counts how often it is dropped.
struct Count(Rc<Cell<usize>>);

impl Drop for Count {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Lets all that can run do so, until they wait.
fn settle() {
    for _ in 0..10 {
        yield_now();
    }
}

#[test]
fn time_outs_within_time_outs_each_catch_their_own() {
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let advance = |seconds| {
        settle();
        clock.advance(Duration::from_secs(seconds));
        settle();
        sleep(Duration::ZERO);
        settle();
    };
    let seconds = Duration::from_secs;
    type Nested = Result<Result<&'static str, TimedOut>, TimedOut>;
    let nested = |outer, inner, nap| -> GreenThread<Nested> {
        spawn(move || {
            timeout(seconds(outer), || {
                timeout(seconds(inner), || {
                    sleep(seconds(nap));
                    "slept"
                })
            })
        })
    };
    let cases = [
        nested(10, 5, 7),
        nested(5, 10, 7),
        nested(10, 10, 2),
        nested(5, 5, 7),
    ];
    advance(3);
    advance(3);
    advance(5);
    let late = |after| TimedOut {
        after: seconds(after),
    };
    let results = cases.map(|case| case.join().unwrap());
    assert_eq!(results[0], Ok(Err(late(5))));
    assert_eq!(results[1], Err(late(5)));
    assert_eq!(results[2], Ok(Ok("slept")));
    assert!(results[3] == Err(late(5)) || results[3] == Ok(Err(late(5))));
    // One that is over in time raises nothing later.
    let calm = spawn(move || {
        timeout(seconds(5), || ()).unwrap();
        sleep(seconds(10));
        "calm"
    });
    advance(6);
    advance(6);
    assert_eq!(calm.join().unwrap(), "calm");
    // A guard that nothing catches ends its green thread.
    let ended = spawn(move || {
        let _guard = Timeout::start(seconds(1));
        sleep(seconds(10));
    });
    advance(2);
    assert!(matches!(ended.join(), Err(JoinError::TimedOut(after)) if after == seconds(1)));
    // One that comes while destructors wait is put off, and then of no use.
    struct Nap;
    impl Drop for Nap {
        fn drop(&mut self) {
            sleep(Duration::from_secs(5));
        }
    }
    let unwinding = spawn(move || {
        timeout(seconds(3), || {
            timeout(seconds(1), || {
                let _nap = Nap;
                sleep(HOUR);
            })
        })
    });
    advance(2);
    advance(2);
    assert!(!unwinding.ready(), "its destructor sleeps");
    advance(5);
    assert_eq!(unwinding.join().unwrap(), Ok(Err(late(1))));
    assert_eq!(stats().timers, 0);
}

#[test]
fn the_roots_time_outs_work_as_well() {
    let late = timeout(MOMENT, || Event::new().wait());
    assert!(late.is_err());
    let (_sender, receiver) = Channel::bounded::<()>(1);
    assert!(receiver.recv_timeout(MOMENT).is_err());
}

#[test]
fn a_panic_stays_in_its_green_thread_and_comes_out_at_join() {
    let wrong = spawn(|| {
        yield_now();
        panic!("number {}", 7)
    });
    let odd = spawn(|| std::panic::resume_unwind(Box::new(7_u8)));
    let fine = spawn(|| "fine");
    let Err(JoinError::Panicked(panic)) = wrong.join() else {
        panic!("it panicked");
    };
    assert_eq!(panic.to_string(), "number 7");
    let Err(JoinError::Panicked(panic)) = odd.join() else {
        panic!("it panicked");
    };
    assert!(panic.into_payload().is::<u8>());
    assert_eq!(fine.join().unwrap(), "fine");
}

#[test]
fn a_deadlock_is_a_panic_that_names_who_waits() {
    let stuck = spawn(|| Event::new().wait());
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stuck.wait()));
    let message = *result.unwrap_err().downcast::<String>().unwrap();
    assert!(
        message.contains("deadlock") && message.contains("an event"),
        "{message}"
    );
    // The hub is none the worse for it.
    stuck.kill();
    assert_eq!(spawn(|| 1).join().unwrap(), 1);
}

#[test]
fn a_hundred_thousand_spawns_and_joins_leak_nothing() {
    let resident = || -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
    };
    let round = || {
        for _ in 0..100 {
            let crowd: Vec<_> = (0..100)
                .map(|n| {
                    spawn(move || {
                        yield_now();
                        n
                    })
                })
                .collect();
            for (n, green_thread) in crowd.into_iter().enumerate() {
                assert_eq!(green_thread.join().unwrap(), n);
            }
        }
    };
    round();
    let (before, stats_before) = (resident(), stats());
    (0..9).for_each(|_| round());
    assert_eq!(stats(), stats_before);
    assert_eq!(stats().green_threads, 0);
    let grown = resident().saturating_sub(before);
    // Other tests run in this process; a leak of one page each would be 350 MiB.
    assert!(grown < 64 << 20, "{grown} bytes more");
}

#[test]
fn results_from_other_threads_all_arrive() {
    const RESULTS: usize = 1000;
    let results: Vec<_> = (0..RESULTS).map(|_| AsyncResult::new()).collect();
    let setters: Vec<_> = results.iter().map(AsyncResult::setter).collect();
    let waiters: Vec<_> = results
        .iter()
        .map(|result| {
            spawn({
                let result = result.clone();
                move || *result.get().unwrap()
            })
        })
        .collect();
    let mut setters = setters.into_iter().enumerate();
    let threads: Vec<_> = (0..4)
        .map(|_| setters.by_ref().take(RESULTS / 4).collect::<Vec<_>>())
        .map(|some| std::thread::spawn(move || some.into_iter().for_each(|(n, to)| to.set(n))))
        .collect();
    for (n, waiter) in waiters.into_iter().enumerate() {
        assert_eq!(waiter.join().unwrap(), n);
    }
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    let abandoned = AsyncResult::<u8>::new();
    let setter = abandoned.setter();
    std::thread::spawn(move || drop(setter));
    assert!(abandoned.get().is_err());
    assert_eq!(stats().remotes, 0);
}

#[test]
fn a_panic_on_the_pool_comes_out_where_it_was_called_and_killing_does_not_wait_for_it() {
    let wrong = spawn(|| offload(|| panic!("far away")));
    assert!(wrong.join().unwrap_err().to_string().ends_with("far away"));
    let (go_on, wait) = std::sync::mpsc::channel::<()>();
    let waiting = spawn(move || offload(move || wait.recv().is_err()));
    settle();
    waiting.kill();
    assert!(waiting.ready());
    drop(go_on);
    assert_eq!(offload(|| 5), 5);
}

#[test]
fn select_takes_one_and_leaves_the_others() {
    let (a, from_a) = Channel::rendezvous();
    let (b, from_b) = Channel::bounded(1);
    let selecting = spawn(move || {
        let first = Select::new()
            .recv(&from_a, |v| v)
            .recv(&from_b, |v| v)
            .wait();
        let second = Select::new()
            .recv(&from_a, |v| v)
            .recv(&from_b, |v| v)
            .wait();
        let third = Select::new().recv(&from_b, |v| v).poll();
        (first, second, third)
    });
    yield_now();
    b.send(1).unwrap();
    let sending = spawn(move || a.send(2));
    assert_eq!(selecting.join().unwrap(), (Ok(1), Ok(2), None));
    sending.join().unwrap().unwrap();
    assert!(b.send(3).is_err(), "the receivers are gone");

    // Sending and receiving as cases of two selects meet.
    let (left, right) = Channel::rendezvous();
    let sender = spawn(move || Select::new().send(&left, 7, |sent| sent.is_ok()).wait());
    let receiver = spawn(move || Select::new().recv(&right, |v| v).wait());
    assert!(sender.join().unwrap());
    assert_eq!(receiver.join().unwrap(), Ok(7));

    // Two that are always ready both have their turn.
    let (a, from_a) = Channel::unbounded();
    let (b, from_b) = Channel::unbounded();
    (0..20).for_each(|_| assert_eq!((a.send('a'), b.send('b')), (Ok(()), Ok(()))));
    let taken: Vec<_> = (0..20)
        .map(|_| {
            Select::new()
                .recv(&from_a, |v| v)
                .recv(&from_b, |v| v)
                .wait()
                .unwrap()
        })
        .collect();
    assert!(taken.contains(&'a') && taken.contains(&'b'));
}

#[test]
fn channels_are_fair_bounded_and_end() {
    let (sender, receiver) = Channel::bounded(2);
    let order = Rc::new(RefCell::new(Vec::new()));
    let senders: Vec<_> = (0..5)
        .map(|n| {
            let (sender, order) = (sender.clone(), Rc::clone(&order));
            spawn(move || {
                sender.send(n).unwrap();
                order.borrow_mut().push(n);
            })
        })
        .collect();
    settle();
    assert_eq!(*order.borrow(), [0, 1], "there is room for two");
    assert_eq!(receiver.len(), 2);
    drop(sender);
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    assert_eq!(join_all(&senders, None), 5);
    assert!(receiver.recv().is_err());
    // A receiver that gave up is passed over.
    let (sender, receiver) = Channel::rendezvous();
    assert!(receiver.recv_timeout(MOMENT).is_err());
    assert!(sender.try_send(1).is_err());
    assert!(sender.send_timeout(1, MOMENT).is_err());
    assert!(receiver.try_recv().is_err());
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    let lock = Rc::new(RwLock::new(0));
    let reading = lock.read();
    let writer = spawn({
        let lock = Rc::clone(&lock);
        move || lock.write_timeout(MOMENT).is_some()
    });
    yield_now();
    let reader = spawn({
        let lock = Rc::clone(&lock);
        move || *lock.read()
    });
    yield_now();
    assert!(!reader.ready(), "the writer came first");
    assert!(!writer.join().unwrap());
    assert_eq!(reader.join().unwrap(), 0);
    drop(reading);
    assert!(lock.try_write().is_some());
}

/// Fails to accept, again and again; between that are connections.
struct Faulty(RefCell<std::vec::IntoIter<Result<u8, i32>>>);

impl Listener for Faulty {
    type Stream = u8;

    fn accept_stream(&self) -> io::Result<u8> {
        let next = self.0.borrow_mut().next().unwrap();
        next.map_err(io::Error::from_raw_os_error)
    }
}

#[test]
fn a_server_goes_on_after_errors_that_pass_and_ends_with_its_listener() {
    let errno = |errno: Errno| Err(errno.raw_os_error());
    let script = vec![
        errno(Errno::MFILE),
        Ok(1),
        errno(Errno::CONNABORTED),
        errno(Errno::NETDOWN),
        errno(Errno::PROTO),
        errno(Errno::PERM),
        errno(Errno::OPNOTSUPP),
        Ok(2),
        errno(Errno::BADF),
    ];
    let served = Rc::new(RefCell::new(Vec::new()));
    let server = StreamServer::new(Faulty(RefCell::new(script.into_iter())), {
        let served = Rc::clone(&served);
        move |number| served.borrow_mut().push(number)
    });
    let ended = server.start().wait().unwrap_err();
    assert_eq!(ended.raw_os_error(), Some(Errno::BADF.raw_os_error()));
    yield_now();
    assert_eq!(*served.borrow(), [1, 2]);
}

#[test]
fn a_pool_keeps_to_its_size_and_maps_in_order() {
    let (now, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let pool = Pool::new(3);
    let work = {
        let (now, most) = (Rc::clone(&now), Rc::clone(&most));
        move |n: u64| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            (0..n % 4).for_each(|_| yield_now());
            now.set(now.get() - 1);
            n * n
        }
    };
    assert_eq!(
        pool.map(0..20, work.clone()).unwrap(),
        (0..20).map(|n| n * n).collect::<Vec<_>>()
    );
    let mut unordered: Vec<_> = pool
        .imap_unordered(0..20, work)
        .map(Result::unwrap)
        .collect();
    unordered.sort_unstable();
    assert_eq!(unordered, (0..20).map(|n| n * n).collect::<Vec<_>>());
    assert_eq!(most.get(), 3);
    let wrong = pool.map(0..5, |n| assert_ne!(n, 3)).unwrap_err();
    assert!(matches!(wrong, JoinError::Panicked(_)));
    assert_eq!(pool.free_count(), 3);
    // Stopped halfway, the rest is killed.
    drop(pool.imap(0..10, |_| sleep(HOUR)));
    let mut halfway = pool.imap(0..10, |n| {
        if n > 0 {
            sleep(HOUR)
        }
    });
    halfway.next().unwrap().unwrap();
    drop(halfway);
    pool.join();
    assert_eq!(pool.running(), 0);
}

#[test]
fn later_and_named_ones_are_listed_and_locals_are_dropped_with_their_green_thread() {
    green_local! {
        static MINE: RefCell<Option<Count>> = RefCell::new(None);
    }
    let dropped = Rc::new(Cell::new(0));
    let late = spawn_later(HOUR, || unreachable!());
    let named = Builder::new()
        .name("named")
        .spawn({
            let count = Count(Rc::clone(&dropped));
            move || {
                MINE.with(|mine| *mine.borrow_mut() = Some(count));
                Event::new().wait();
            }
        })
        .unwrap();
    settle();
    let states: Vec<_> = list().into_iter().map(|status| status.state).collect();
    assert_eq!(
        states,
        [State::Waiting("sleep"), State::Waiting("an event")]
    );
    assert!(list()[1].to_string().contains("tests/green_threads.rs"));
    MINE.with(|mine| assert!(mine.borrow().is_none(), "the root has its own"));
    named.kill();
    late.kill();
    assert_eq!((dropped.get(), list().len()), (1, 0));
}

#[test]
fn nothing_is_lost_when_the_thread_ends_with_green_threads_left() {
    // They are never resumed: thread locals that they may borrow from are gone by then.
    std::thread::spawn(|| {
        thread_local! {
            static TEXT: String = "local".to_owned();
        }
        drop(spawn(|| {
            TEXT.with(|text| {
                struct Uses<'a>(&'a str);
                impl Drop for Uses<'_> {
                    fn drop(&mut self) {
                        assert_eq!(self.0, "local");
                    }
                }
                let _uses = Uses(text);
                sleep(HOUR);
            });
        }));
        yield_now();
    })
    .join()
    .unwrap();
}

#[test]
fn a_result_that_nobody_wants_is_dropped_where_it_may_wait() {
    struct Waits;
    impl Drop for Waits {
        fn drop(&mut self) {
            sleep(MOMENT);
        }
    }
    // Left, and not yet seen.
    let result = AsyncResult::new();
    let setter = result.setter();
    std::thread::spawn(move || setter.set(Waits))
        .join()
        .unwrap();
    drop(result);
    // Brought when nobody has it any more: by a thread, which makes a hub for that.
    let result = AsyncResult::new();
    let setter = result.setter();
    drop(result);
    std::thread::spawn(move || setter.set(Waits))
        .join()
        .unwrap();
    // Set before: the second one's value stays until the result goes.
    let result = AsyncResult::new();
    let setter = result.setter();
    assert!(result.set(Waits).is_ok());
    std::thread::spawn(move || setter.set(Waits))
        .join()
        .unwrap();
    while stats().remotes > 0 {
        sleep(MOMENT);
    }
    drop(result);
    assert_eq!(stats().green_threads, 0);
}
