//! Kills of scopes and pools.

use super::*;

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
    // It is killed while it waits for them at the end. It ends after them, however long that takes.
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
