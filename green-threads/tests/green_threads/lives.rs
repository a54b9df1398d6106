//! Spawning, joining, ending.

use super::*;

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
    // The hub still works.
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
    // Other tests run in this process. A leak of one page each would be 350 MiB.
    assert!(grown < 64 << 20, "{grown} bytes more");
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
    assert!(
        list()[1]
            .to_string()
            .contains("tests/green_threads/lives.rs")
    );
    MINE.with(|mine| assert!(mine.borrow().is_none(), "the root has its own"));
    named.kill();
    late.kill();
    assert_eq!((dropped.get(), list().len()), (1, 0));
}

#[test]
fn nothing_is_lost_when_the_thread_ends_with_green_threads_left() {
    // They are never resumed, because thread locals that they may borrow from are gone by then.
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
    // Set, but not taken yet.
    let result = AsyncResult::new();
    let setter = result.setter();
    std::thread::spawn(move || setter.set(Waits))
        .join()
        .unwrap();
    drop(result);
    // Set by a thread when the result is dropped. The thread makes a hub for that.
    let result = AsyncResult::new();
    let setter = result.setter();
    drop(result);
    std::thread::spawn(move || setter.set(Waits))
        .join()
        .unwrap();
    // Set before: the second setter's value stays until the result is dropped.
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
