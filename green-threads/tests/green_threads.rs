//! Spawning, joining, killing, time-outs: what must hold whatever happens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use event_loop::FakeClock;
use green_threads::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use green_threads::sync::{AsyncResult, Barrier, Condvar, Event, Mutex, RwLock, Semaphore};
use green_threads::{
    Builder, Channel, GreenThread, JoinError, Listener, Pool, Select, State, StreamServer,
    TimedOut, Timeout, green_local, join_all, list, offload, scope, set_clock, sleep, spawn,
    spawn_later, stats, timeout, yield_now,
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
fn kill_at_every_suspension_point_runs_destructors_once_and_leaves_nothing() {
    type Wait = (&'static str, Box<dyn Fn() -> Box<dyn FnOnce()>>);
    fn wait(name: &'static str, make: impl Fn() -> Box<dyn FnOnce()> + 'static) -> Wait {
        (name, Box::new(make))
    }
    let (listener, address) = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (Rc::new(listener), address)
    };
    let held = Rc::new(Mutex::new(()));
    let written = Rc::new(RwLock::new(()));
    let (_lock, _writer) = (held.lock(), written.write());
    let (full, not_received) = Channel::bounded(1);
    full.send(0).unwrap();
    let (kept, empty) = Channel::bounded::<u8>(1);
    let pool = Pool::new(1);
    let occupant = pool.spawn(|| sleep(HOUR));
    let sleeper = spawn(|| sleep(HOUR)).handle();
    let waits = [
        wait("sleep", || Box::new(|| sleep(HOUR))),
        wait("yield", || {
            Box::new(|| {
                loop {
                    yield_now();
                }
            })
        }),
        wait("join", {
            let sleeper = sleeper.clone();
            move || {
                Box::new({
                    let sleeper = sleeper.clone();
                    move || sleeper.wait()
                })
            }
        }),
        wait("event", || Box::new(|| Event::new().wait())),
        wait("result", || {
            Box::new(|| assert!(AsyncResult::<u8>::new().get().is_err()))
        }),
        wait("semaphore", || {
            Box::new(|| drop(Semaphore::new(0).acquire()))
        }),
        wait("mutex", {
            let held = Rc::clone(&held);
            move || {
                Box::new({
                    let held = Rc::clone(&held);
                    move || drop(held.lock())
                })
            }
        }),
        wait("read lock", {
            let written = Rc::clone(&written);
            move || {
                Box::new({
                    let written = Rc::clone(&written);
                    move || drop(written.read())
                })
            }
        }),
        wait("write lock", {
            let written = Rc::clone(&written);
            move || {
                Box::new({
                    let written = Rc::clone(&written);
                    move || drop(written.write())
                })
            }
        }),
        wait("condition", || {
            Box::new(|| {
                let mutex = Mutex::new(());
                drop(Condvar::new().wait(mutex.lock()));
            })
        }),
        wait("barrier", || {
            Box::new(|| assert!(Barrier::new(2).wait().is_leader()))
        }),
        wait("send", {
            let full = full.clone();
            move || {
                Box::new({
                    let full = full.clone();
                    move || full.send(1).unwrap()
                })
            }
        }),
        wait("receive", {
            let empty = empty.clone();
            move || {
                Box::new({
                    let empty = empty.clone();
                    move || assert!(empty.recv().is_err())
                })
            }
        }),
        wait("select", {
            let (full, empty) = (full.clone(), empty.clone());
            move || {
                let (full, empty) = (full.clone(), empty.clone());
                Box::new(move || {
                    Select::new()
                        .recv(&empty, |_| ())
                        .send(&full, 2, |_| ())
                        .wait();
                })
            }
        }),
        wait("pool", {
            let pool = pool.clone();
            move || {
                Box::new({
                    let pool = pool.clone();
                    move || drop(pool.spawn(|| ()))
                })
            }
        }),
        wait("accept", {
            let listener = Rc::clone(&listener);
            move || {
                Box::new({
                    let listener = Rc::clone(&listener);
                    move || drop(listener.accept())
                })
            }
        }),
        wait("read", || {
            Box::new(|| {
                let (mut here, _there) = UnixStream::pair().unwrap();
                let _ = here.read(&mut [0]);
            })
        }),
        wait("write", || {
            Box::new(|| {
                let (mut here, _there) = UnixStream::pair().unwrap();
                let _ = here.write_all(&vec![0; 10 << 20]);
            })
        }),
        wait("receive a datagram", || {
            Box::new(|| {
                let _ = UdpSocket::bind("127.0.0.1:0").unwrap().recv_from(&mut [0]);
            })
        }),
        wait("time-out", || {
            Box::new(|| {
                let _ = timeout(HOUR, || sleep(HOUR));
            })
        }),
        wait("scope", || {
            Box::new(|| {
                let borrowed = 1;
                scope(|scope| {
                    scope.spawn(|| {
                        sleep(HOUR);
                        assert_eq!(borrowed, 1);
                    });
                    sleep(HOUR);
                });
            })
        }),
    ];
    settle();
    let before = stats();
    for (name, make) in waits {
        for turns in [0, 1, 5] {
            let (on_stack, captured) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
            let (wait, count, kept) = (make(), Rc::clone(&on_stack), Count(Rc::clone(&captured)));
            let green_thread = spawn(move || {
                let _kept = kept;
                let _first = Count(Rc::clone(&count));
                let _second = Count(count);
                wait();
                unreachable!("{name} ended");
            });
            (0..turns).for_each(|_| yield_now());
            assert!(!green_thread.ready(), "{name}");
            green_thread.kill();
            assert!(
                matches!(green_thread.join(), Err(JoinError::Killed)),
                "{name}"
            );
            assert_eq!(captured.get(), 1, "{name} after {turns} turns");
            let expected = if turns == 0 { 0 } else { 2 };
            assert_eq!(on_stack.get(), expected, "{name} after {turns} turns");
            let now = stats();
            let of = |stats: green_threads::HubStats| {
                (
                    stats.green_threads,
                    stats.sources,
                    stats.timers,
                    stats.remotes,
                )
            };
            assert_eq!(of(now), of(before), "{name} after {turns} turns");
        }
    }
    // What the killed ones waited for is still there for others.
    assert_eq!(not_received.try_recv(), Ok(0));
    assert!(
        not_received.try_recv().is_err(),
        "the values of the killed are not sent"
    );
    assert!(empty.is_empty() && kept.try_send(1).is_ok());
    drop((_lock, _writer));
    assert!(held.try_lock().is_some() && written.try_write().is_some());
    occupant.kill();
    pool.spawn(|| ()).join().unwrap();
    TcpStream::connect(address).unwrap();
    sleeper.kill();
}

#[test]
fn a_destructor_may_wait_while_it_unwinds_and_is_killed_only_once() {
    struct Slow(Rc<RefCell<Vec<&'static str>>>, Rc<Event>);
    impl Drop for Slow {
        fn drop(&mut self) {
            self.0.borrow_mut().push("begins");
            self.1.wait();
            sleep(MOMENT);
            self.0.borrow_mut().push("ends");
        }
    }
    let (log, go_on) = (Rc::default(), Rc::new(Event::new()));
    let slow = Slow(Rc::clone(&log), Rc::clone(&go_on));
    let victim = spawn(move || {
        let _slow = slow;
        sleep(HOUR);
    });
    yield_now();
    victim.kill_soon();
    settle();
    victim.kill_soon();
    settle();
    assert_eq!(*log.borrow(), ["begins"]);
    // Others are not harmed by what unwinds meanwhile: they can be killed, and may panic.
    let other = spawn(|| sleep(HOUR));
    let wrong = spawn(|| panic!("on purpose"));
    settle();
    assert!(wrong.ready());
    other.kill_soon();
    go_on.set();
    victim.wait();
    assert_eq!(*log.borrow(), ["begins", "ends"]);
    assert!(matches!(victim.join(), Err(JoinError::Killed)));
    assert!(matches!(other.join(), Err(JoinError::Killed)));
    assert!(matches!(wrong.join(), Err(JoinError::Panicked(_))));
}

#[test]
fn a_kill_that_comes_after_a_wake_up_does_not_lose_it() {
    let semaphore = Rc::new(Semaphore::new(0));
    let waiter = spawn({
        let semaphore = Rc::clone(&semaphore);
        move || {
            let _permit = semaphore.acquire();
            sleep(HOUR);
        }
    });
    yield_now();
    semaphore.release();
    // It has the permit, and has not run yet: it runs, and ends where it waits next.
    waiter.kill();
    assert_eq!(semaphore.available(), 1);

    // A notified waiter that dies before it has the mutex passes the notification on.
    let shared = Rc::new((Mutex::new(()), Condvar::new()));
    let waiters: Vec<_> = (0..2)
        .map(|_| {
            let shared = Rc::clone(&shared);
            spawn(move || drop(shared.1.wait(shared.0.lock())))
        })
        .collect();
    settle();
    let guard = shared.0.lock();
    shared.1.notify_one();
    settle();
    waiters[0].kill();
    drop(guard);
    waiters[1].wait();
    assert!(waiters[1].value().is_some());
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
fn a_scope_ends_after_its_green_threads_also_when_its_owner_is_killed_or_panics() {
    let ended = Rc::new(Cell::new(0));
    let owner = |how: fn()| {
        let ended = Rc::clone(&ended);
        spawn(move || {
            let words = vec![String::from("borrowed"); 3];
            scope(|scope| {
                for word in &words {
                    let ended = Count(Rc::clone(&ended));
                    scope.spawn(move || {
                        let _ended = ended;
                        sleep(HOUR);
                        word.len()
                    });
                }
                yield_now();
                how();
            });
        })
    };
    let killed = owner(|| sleep(HOUR));
    settle();
    killed.kill();
    assert_eq!(ended.get(), 3);
    let panicked = owner(|| panic!("on purpose"));
    panicked.wait();
    assert_eq!(ended.get(), 6);
    // Killed while it waits for them at the end, it ends when they have, however long that takes.
    struct Slow<'a>(&'a Event, &'a Cell<bool>);
    impl Drop for Slow<'_> {
        fn drop(&mut self) {
            self.0.wait();
            self.1.set(true);
        }
    }
    let go_on = Rc::new(Event::new());
    let waiting = spawn({
        let go_on = Rc::clone(&go_on);
        move || {
            let seen = Cell::new(false);
            struct Check<'a>(&'a Cell<bool>);
            impl Drop for Check<'_> {
                fn drop(&mut self) {
                    assert!(self.0.get(), "what is borrowed outlives the borrower");
                }
            }
            let check = Check(&seen);
            scope(|scope| {
                scope.spawn(|| {
                    let _slow = Slow(&go_on, check.0);
                    sleep(HOUR);
                });
            });
            unreachable!("it was killed");
        }
    });
    settle();
    for _ in 0..2 {
        waiting.kill_soon();
        settle();
        assert!(!waiting.ready());
    }
    go_on.set();
    assert!(matches!(waiting.join(), Err(JoinError::Killed)));
    let result = std::panic::catch_unwind(|| {
        scope(|scope| {
            scope.spawn(|| panic!("nobody joins"));
        });
    });
    assert!(result.is_err());
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

#[test]
fn one_of_a_pool_may_kill_it_and_is_the_last_to_end() {
    let pool = Pool::new(3);
    let (ended, survived) = (Rc::default(), Rc::new(Cell::new(false)));
    let sleeper = || {
        let count = Count(Rc::clone(&ended));
        pool.spawn(move || {
            let _count = count;
            sleep(HOUR);
        })
    };
    // One that was spawned before the killer, and one after.
    let before = sleeper();
    let killer = pool.spawn({
        let (pool, survived) = (pool.clone(), Rc::clone(&survived));
        move || {
            yield_now();
            pool.kill();
            survived.set(true);
        }
    });
    let after = sleeper();
    for killed in [before, killer, after] {
        assert!(matches!(killed.join(), Err(JoinError::Killed)));
    }
    assert_eq!((ended.get(), survived.get()), (2, false));
    assert_eq!((pool.running(), pool.free_count()), (0, 3));
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
