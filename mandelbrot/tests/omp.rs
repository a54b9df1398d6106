//! Tests of the OpenMP-style regions through their public interface.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};

use mandelbrot::omp::{self, Parts, Region, Schedule};
use proptest::prelude::*;

fn schedules() -> impl Strategy<Value = Schedule> {
    prop_oneof![
        Just(Schedule::Static),
        (0..10_usize).prop_map(Schedule::StaticChunks),
        (0..10_usize).prop_map(Schedule::Dynamic),
        (0..10_usize).prop_map(Schedule::Guided),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_turn_is_run_once_under_every_schedule(
        start in prop_oneof![0..100_usize, Just(usize::MAX - 60)],
        length in 0..60_usize,
        threads in 1..6_usize,
        schedule in schedules(),
    ) {
        let turns = omp::parallel(threads, |p| {
            p.iterate(start..start + length, schedule).collect::<Vec<_>>()
        });
        let mut all: Vec<usize> = turns.into_iter().flatten().collect();
        all.sort_unstable();
        prop_assert_eq!(all, (start..start + length).collect::<Vec<_>>());
    }
}

#[test]
fn static_turns_are_known_beforehand() {
    let shares = omp::parallel(3, |p| p.range(0..8).collect::<Vec<_>>());
    assert_eq!(shares, [vec![0, 1, 2], vec![3, 4, 5], vec![6, 7]]);
    let dealt = omp::parallel(3, |p| {
        p.iterate(0..8, Schedule::StaticChunks(2))
            .collect::<Vec<_>>()
    });
    assert_eq!(dealt, [vec![0, 1, 6, 7], vec![2, 3], vec![4, 5]]);
}

#[test]
fn a_dynamic_loop_goes_on_without_a_thread_that_is_busy() {
    // Thread 0 waits in its first turn until all other turns are done. Under a static schedule it
    // would wait for its own turns.
    let done = AtomicUsize::new(0);
    let last = Barrier::new(2);
    let counts = omp::parallel(2, |p| {
        let mut own = 0;
        for _ in p.xrange(0..100) {
            own += 1;
            if p.thread_num() == 0 || done.fetch_add(1, Ordering::SeqCst) == 98 {
                last.wait();
            }
        }
        own
    });
    assert_eq!(counts, [1, 99]);
}

#[test]
fn threads_have_numbers_and_results_come_in_their_order() {
    let seen = omp::parallel(4, |p| (p.thread_num(), p.num_threads(), p.level()));
    assert_eq!(seen, [(0, 4, 1), (1, 4, 1), (2, 4, 1), (3, 4, 1)]);
}

#[test]
fn a_region_borrows_what_is_around_it() {
    let mut squares = vec![0; 103];
    let parts = Parts::new(&mut squares, 10);
    omp::parallel(3, |p| {
        for part in p.xrange(0..parts.len()) {
            for (n, square) in (10 * part..).zip(parts.take(part)) {
                *square = n * n;
            }
        }
    });
    assert!(
        squares
            .iter()
            .enumerate()
            .all(|(n, &square)| square == n * n)
    );
}

#[test]
#[should_panic(expected = "part 1 is taken already")]
fn no_part_is_taken_twice() {
    let mut numbers = [0; 4];
    let parts = Parts::new(&mut numbers, 2);
    parts.take(1);
    parts.take(1);
}

#[test]
fn a_barrier_lets_nobody_ahead() {
    let come = AtomicUsize::new(0);
    omp::parallel(4, |p| {
        for round in 1..=100 {
            come.fetch_add(1, Ordering::SeqCst);
            p.barrier();
            assert!(come.load(Ordering::SeqCst) >= 4 * round);
            p.barrier();
        }
    });
    assert_eq!(come.into_inner(), 400);
}

#[test]
fn single_is_run_by_one_and_seen_by_all() {
    let runs = AtomicUsize::new(0);
    let results = omp::parallel(4, |p| {
        let mut own = 0;
        for round in 1..=50 {
            own += p
                .single(|| runs.fetch_add(1, Ordering::SeqCst))
                .iter()
                .count();
            assert_eq!(runs.load(Ordering::SeqCst), round);
            p.barrier();
        }
        own
    });
    assert_eq!(results.iter().sum::<usize>(), 50);
    let masters = omp::parallel(3, |p| p.master(|| p.thread_num()));
    assert_eq!(masters, [Some(0), None, None]);
}

#[test]
fn critical_is_for_one_at_a_time() {
    let mut total = 0;
    let cell = Mutex::new(&mut total);
    omp::parallel(4, |p| {
        for _ in 0..1000 {
            p.critical(|| {
                // Two threads at once would fail here: the lock is tried, not waited for.
                let mut total = cell.try_lock().expect("another thread is in critical");
                **total += 1;
            });
            drop(p.lock());
        }
    });
    assert_eq!(total, 4000);
}

#[test]
fn reductions_are_in_the_order_of_threads_and_reach_all() {
    let words = omp::parallel(4, |p| {
        let first = p.reduce(p.thread_num().to_string(), |a, b| a + &b);
        let sum = p.reduce(p.thread_num(), |a, b| a + b);
        (first, sum)
    });
    assert_eq!(words, vec![("0123".to_owned(), 6); 4]);
}

#[test]
fn a_panic_reaches_the_caller_with_its_place_while_others_wait_at_a_barrier() {
    let caught = panic::catch_unwind(AssertUnwindSafe(|| {
        omp::parallel(4, |p| {
            if p.thread_num() == 2 {
                panic!("no memory for row {}", 7);
            }
            p.barrier();
            unreachable!("the barrier is never complete");
        });
    }));
    let payload = caught.unwrap_err();
    let message = payload.downcast_ref::<String>().unwrap();
    assert!(
        message.starts_with("thread 2 of the team panicked at "),
        "{message}"
    );
    assert!(message.contains("omp.rs:"), "{message}");
    assert!(message.ends_with(": no memory for row 7"), "{message}");
}

#[test]
fn a_panic_ends_loops_that_would_go_on_for_ever() {
    let started = Barrier::new(2);
    let panic = Region::new()
        .threads(2)
        .try_run(|p| {
            let mut first = true;
            for _ in p.iterate(0..usize::MAX, Schedule::Dynamic(1)) {
                if std::mem::take(&mut first) {
                    started.wait();
                    assert!(p.thread_num() == 0, "enough");
                }
            }
        })
        .unwrap_err();
    assert_eq!((panic.thread_num(), panic.message()), (1, Some("enough")));
    assert!(panic.location().unwrap().contains("omp.rs:"));
}

#[test]
fn what_panic_any_was_given_arrives_as_it_was() {
    let caught = panic::catch_unwind(|| {
        omp::parallel(2, |p| {
            if p.thread_num() == 1 {
                panic::panic_any(42_u8);
            }
        });
    });
    assert_eq!(caught.unwrap_err().downcast_ref::<u8>(), Some(&42));
}

#[test]
fn a_barrier_that_not_all_come_to_is_a_panic_and_not_a_hang() {
    let panic = Region::new()
        .threads(3)
        .try_run(|p| {
            if p.thread_num() != 1 {
                p.barrier();
            }
        })
        .unwrap_err();
    assert!(
        panic.to_string().contains("without coming to this barrier"),
        "{panic}"
    );
}

#[test]
fn threads_at_different_loops_are_told() {
    let panic = Region::new()
        .threads(2)
        .try_run(|p| {
            let _turns = p.xrange(0..10 + p.thread_num());
            p.barrier();
        })
        .unwrap_err();
    assert!(
        panic.to_string().contains("another at a dynamic loop over"),
        "{panic}"
    );
}

#[test]
fn a_region_runs_again_after_a_panic() {
    let panic = Region::new().threads(2).try_run(|_| panic!("once"));
    assert!(panic.is_err());
    assert_eq!(omp::parallel(2, |p| p.level()), [1, 1]);
}

#[test]
fn a_region_can_be_switched_to_serial() {
    let caller = std::thread::current().id();
    let region = || Region::new().threads(4);
    let threads = region().only_if(false).run(|_| std::thread::current().id());
    assert_eq!(threads, [caller]);
    let threads: HashSet<_> = region()
        .run(|_| std::thread::current().id())
        .into_iter()
        .collect();
    assert_eq!(threads.len(), 4);
}

#[test]
fn regions_within_regions_have_one_thread_unless_more_levels_are_allowed() {
    // The defaults are tested in the settings, where the environment can be set.
    let inner = |levels| {
        omp::parallel(2, |_| {
            let region = Region::new().threads(3).max_active_levels(levels);
            region.run(|p| (p.num_threads(), p.level())).len()
        })
    };
    assert_eq!(inner(1), [1, 1]);
    assert_eq!(inner(2), [3, 3]);
    assert_eq!(omp::parallel(2, |p| p.level()), [1, 1]);
}

#[test]
fn a_panic_in_an_inner_region_goes_through_the_outer_one() {
    let panic = Region::new()
        .threads(2)
        .try_run(|outer| {
            // The inner closure can't use the outer thread's handle, because it runs on another
            // thread.
            let number = outer.thread_num();
            let region = Region::new().threads(2).max_active_levels(2);
            region.run(|inner| assert!(number + inner.thread_num() < 2, "deep down"));
        })
        .unwrap_err();
    assert!(panic.to_string().contains("deep down"), "{panic}");
}
