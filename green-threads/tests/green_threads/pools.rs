//! Pools, servers, and work on other threads.

use super::*;

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

/// A listener whose `accept` fails again and again, with connections in between.
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
    // If the iterator is dropped early, the rest is killed.
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

/// Two end together, and the next ones take one and five seconds. A ready value is returned at
/// once; it does not wait for the others.
#[test]
fn without_order_each_comes_when_it_is_ready() {
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let pool = Pool::new(2);
    let works = |seconds: u32| {
        sleep(seconds * Duration::from_secs(1));
        seconds
    };
    let collecting = spawn(move || {
        let results = pool.imap_unordered([1, 1, 1, 5, 1], works);
        results.map(Result::unwrap).collect::<Vec<_>>()
    });
    while !collecting.ready() {
        // Long enough for all that are due.
        (0..10).for_each(|_| sleep(Duration::ZERO));
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(collecting.join().unwrap(), [1, 1, 1, 1, 5]);
}

/// A green thread has announced its end, but it still runs the destructor of a local. A time-out ends the
/// wait for it. The next call returns its value.
#[test]
fn without_order_a_time_out_loses_no_value() {
    struct WaitsAtTheEnd(Rc<Event>);
    impl Drop for WaitsAtTheEnd {
        fn drop(&mut self) {
            self.0.wait();
        }
    }
    green_local! {
        static LOCAL: RefCell<Option<WaitsAtTheEnd>> = RefCell::new(None);
    }
    let may_end = Rc::new(Event::new());
    let pool = Pool::new(1);
    let mut results = pool.imap_unordered([7], {
        let may_end = Rc::clone(&may_end);
        move |n| {
            LOCAL.with(|local| *local.borrow_mut() = Some(WaitsAtTheEnd(Rc::clone(&may_end))));
            n
        }
    });
    // The first call starts the green thread, and the second one knows that it has announced its end.
    for _ in 0..2 {
        assert!(timeout(Duration::from_millis(1), || results.next()).is_err());
        settle();
    }
    may_end.set();
    assert_eq!(results.next().unwrap().unwrap(), 7);
    assert!(results.next().is_none());
}
