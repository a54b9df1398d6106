//! Code that the threads of a team run one after another, and the cases where they would wait
//! forever.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mandelbrot::omp::{self, Region, Schedule};

/// The message of the panic that ends a region.
fn panic_of<R: Send>(threads: usize, body: impl Fn(&omp::Thread<'_>) -> R + Sync) -> String {
    let region = Region::new().threads(threads).try_run(body);
    region.err().unwrap().to_string()
}

#[test]
fn critical_in_critical_is_a_panic_and_not_a_hang() {
    let text = panic_of(2, |p| p.critical(|| p.critical(|| ())));
    assert!(text.contains("holds the lock already"), "{text}");
    let text = panic_of(2, |p| {
        p.critical_named("a", || p.critical_named("a", || ()));
    });
    assert!(text.contains("holds the lock already"), "{text}");
    // In an inner team, which the outer thread waits for.
    let text = panic_of(2, |p| {
        p.critical(|| omp::parallel(2, |q| q.critical(|| ())));
    });
    assert!(
        text.contains("one around its team holds the lock"),
        "{text}"
    );
}

#[test]
fn what_all_must_come_to_is_a_panic_in_critical_and_not_a_hang() {
    let text = panic_of(3, |p| p.critical(|| p.barrier()));
    assert!(text.contains("is at a barrier in critical"), "{text}");
    let text = panic_of(3, |p| p.critical(|| p.single(|| ())));
    assert!(text.contains("is at a single in critical"), "{text}");
    let text = panic_of(3, |p| p.critical_named("sum", || p.reduce(1, |a, b| a + b)));
    assert!(text.contains("is at a reduction in critical"), "{text}");
}

#[test]
fn threads_that_meet_at_different_things_are_told() {
    let text = panic_of(2, |p| match p.thread_num() {
        0 => p.reduce(7, |a, b| a + b),
        _ => {
            p.barrier();
            p.barrier();
            0
        }
    });
    assert!(
        text.contains("is at a ") && text.contains("another at a "),
        "{text}"
    );
}

#[test]
fn names_are_locks_of_their_own_and_hold_across_teams() {
    // Both names are held at once.
    omp::parallel(2, |p| {
        p.critical(|| p.critical_named("first", || p.critical_named("second", || ())));
    });
    // Two inner teams of two threads: all four take turns.
    let inside = AtomicUsize::new(0);
    omp::parallel(2, |_| {
        let region = Region::new().threads(2).max_active_levels(2);
        region.run(|q| {
            for _ in 0..500 {
                q.critical_named("shared", || {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    std::thread::yield_now();
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
    });
}

#[test]
fn a_guard_that_is_forgotten_is_free_when_its_thread_ends() {
    omp::parallel(3, |p| {
        if p.thread_num() == 0 {
            std::mem::forget(p.lock());
        } else {
            p.critical(|| ());
        }
    });
    omp::parallel(2, |p| p.critical(|| ()));
}

#[test]
fn a_panic_in_critical_ends_those_who_wait_for_it() {
    let text = panic_of(4, |p| {
        p.critical(|| assert!(p.thread_num() != 1, "in the lock"));
        p.barrier();
    });
    assert!(text.contains("in the lock"), "{text}");
}

#[test]
fn ordered_parts_come_in_the_order_of_turns_under_every_schedule() {
    for schedule in [
        Schedule::Static,
        Schedule::StaticChunks(3),
        Schedule::Dynamic(2),
        Schedule::Guided(1),
    ] {
        let seen = Mutex::new(Vec::new());
        omp::parallel(3, |p| {
            for turn in p.ordered(10..60, schedule) {
                let index = turn.index();
                // Some turns have no ordered part.
                if index % 7 != 0 {
                    turn.ordered(|| seen.lock().unwrap().push(index));
                }
            }
        });
        let expected: Vec<_> = (10..60).filter(|index| index % 7 != 0).collect();
        assert_eq!(seen.into_inner().unwrap(), expected, "{schedule}");
    }
    // After a panic, or a loop that is left early, no thread waits forever.
    let text = panic_of(3, |p| {
        for turn in p.ordered(0..30, Schedule::Static) {
            assert!(turn.index() != 4, "fourth");
            turn.ordered(|| ());
        }
    });
    assert!(text.contains("fourth"), "{text}");
    omp::parallel(3, |p| {
        for turn in p.ordered(0..30, Schedule::Static) {
            if turn.index() == 2 {
                break;
            }
            turn.ordered(|| ());
        }
    });
}

#[test]
fn slices_are_divided_like_numbers() {
    let words = ["a", "b", "c", "d", "e"];
    let shares = omp::parallel(2, |p| {
        p.items(&words, Schedule::Static)
            .copied()
            .collect::<String>()
    });
    assert_eq!(shares, ["abc", "de"]);
}
