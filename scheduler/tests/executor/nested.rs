//! Destructors of tasks that call each other many times: no stack is deep enough for that.

use super::*;
use scheduler::executor::TaskGroup;
use std::any::Any;

/// Some ten times the number that would overflow the stack of a test's thread.
const CHAIN: usize = 100_000;

#[test]
fn results_that_hold_the_next_result_are_dropped_in_bounded_depth() {
    let (executor, dropped) = (executor(), Dropped::default());
    let mut chain: JoinHandle<Box<dyn Any>> = executor.spawn(async { Box::new(()) as _ });
    for _ in 0..CHAIN {
        let held = (chain, dropped.guard());
        chain = executor.spawn(async { Box::new(held) as _ });
    }
    executor.run_pending();
    drop(chain);
    assert_eq!(dropped.count(), CHAIN);
}

#[test]
fn groups_within_groups_are_aborted_in_bounded_depth() {
    let (executor, dropped) = (executor(), Dropped::default());
    executor.block_on(async {
        let mut chain = TaskGroup::<()>::new();
        for _ in 0..CHAIN {
            let held = (chain, dropped.guard());
            chain = TaskGroup::new();
            chain.spawn(async {
                let _held = held;
                pending().await
            });
        }
        yield_now().await;
        drop(chain);
    });
    assert_eq!((dropped.count(), executor.tasks()), (CHAIN, 0));
}

#[test]
fn a_destructor_that_panics_deep_down_leaves_none_out() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("expected");
        }
    }
    let (executor, dropped) = (executor(), Dropped::default());
    let mut chain: JoinHandle<Box<dyn Any>> = executor.spawn(async { Box::new(()) as _ });
    for n in 0..100 {
        let bad = (n % 10 == 0).then(|| Bad);
        let held = (bad, chain, dropped.guard());
        chain = executor.spawn(async { Box::new(held) as _ });
    }
    executor.run_pending();
    drop(chain);
    assert_eq!((dropped.count(), executor.tasks()), (100, 0));
}
