//! Kills: at every wait, and in destructors.

use super::*;
use green_threads::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use std::io::{Read, Write};

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
    // While one unwinds, others can still be killed, and may panic.
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
    // It has the permit, and has not run yet. It runs, and unwinds at its next wait.
    waiter.kill();
    assert_eq!(semaphore.available(), 1);

    // A notified waiter that is killed before it has the mutex passes the notification on.
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
