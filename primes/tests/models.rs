//! Every model gives the serial answer, for any jobs. (The processes model needs the program
//! itself, so it is tested through the command.)

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroUsize;
use std::sync::Mutex;

use primes::{
    Constellation, Job, async_blocking, async_tasks, gil, job, par_iter, serial, threads,
};
use proptest::prelude::*;

type Done<'a> = dyn Fn(Job, u64) + Sync + 'a;
type Answers = Mutex<Vec<(Job, u64)>>;

fn sorted(answers: Answers) -> Vec<(Job, u64)> {
    let mut answers = answers.into_inner().unwrap();
    answers.sort();
    answers
}

/// Runs jobs in every model and compares the answers.
fn all_agree(jobs: &[Job], workers: NonZeroUsize) -> Result<(), TestCaseError> {
    let answers = |run: &dyn Fn(&Done)| {
        let answers = Answers::default();
        run(&|job, answer| answers.lock().unwrap().push((job, answer)));
        sorted(answers)
    };
    let jobs = || jobs.iter().cloned();
    let expected = answers(&|done| serial::run(jobs(), workers, done).unwrap());
    let in_threads = answers(&|done| threads::run(jobs(), workers, done).unwrap());
    prop_assert_eq!(&in_threads, &expected, "threads");
    let on_rayon = answers(&|done| par_iter::run(jobs(), workers, done).unwrap());
    prop_assert_eq!(&on_rayon, &expected, "rayon");
    let in_tasks = answers(&|done| async_tasks::run(jobs(), workers, done).unwrap());
    prop_assert_eq!(&in_tasks, &expected, "async");
    let blocking = answers(&|done| async_blocking::run(jobs(), workers, done).unwrap());
    prop_assert_eq!(&blocking, &expected, "async-blocking");
    let under_the_lock = answers(&|done| gil::run(jobs(), workers, done).unwrap());
    prop_assert_eq!(&under_the_lock, &expected, "gil");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn checks_agree(numbers in prop::collection::vec(0_u64..10_000_000, 0..40), workers in 1_usize..5) {
        let jobs: Vec<Job> = numbers.into_iter().map(Job::Check).collect();
        all_agree(&jobs, NonZeroUsize::new(workers).unwrap())?;
    }

    #[test]
    fn counts_agree(
        start in 0_u64..1 << 44,
        shift in 0_u32..44,
        length in 0_u64..1_000_000,
        size in 1_u8..=6,
        workers in 1_usize..5,
    ) {
        let range = start >> shift..=(start >> shift) + length;
        let what = Constellation::of(size).unwrap();
        let workers = NonZeroUsize::new(workers).unwrap();
        let jobs: Vec<Job> = job::pieces(range.clone(), what, workers).collect();
        all_agree(&jobs, workers)?;
        // The pieces add up to the whole.
        let whole = primes::interval::count(range, what);
        prop_assert_eq!(jobs.iter().map(Job::run).sum::<u64>(), whole);
    }
}

/// A constellation counted from the list of primes, by its definition.
#[test]
fn constellations_are_what_their_definition_says() {
    let list: Vec<u64> = primes::interval::primes(0..=200_000).collect();
    let shapes: [(u8, &[&[u64]]); 5] = [
        (2, &[&[2]]),
        (3, &[&[2, 6], &[4, 6]]),
        (4, &[&[2, 6, 8]]),
        (5, &[&[2, 6, 8, 12], &[4, 6, 10, 12]]),
        (6, &[&[4, 6, 10, 12, 16]]),
    ];
    for (start, stop) in [(0, 200_000), (3, 100_000), (5, 5), (4, 16_079), (11, 97)] {
        for (size, shapes) in shapes {
            let is_in = |n: &u64| (start..=stop).contains(n) && list.binary_search(n).is_ok();
            let complete =
                |p: u64, shape: &[u64]| is_in(&p) && shape.iter().all(|d| is_in(&(p + d)));
            let expected = (shapes.iter())
                .map(|shape| list.iter().filter(|&&p| complete(p, shape)).count())
                .sum::<usize>();
            let what = Constellation::of(size).unwrap();
            let counted = primes::interval::count(start..=stop, what);
            assert_eq!(counted, expected as u64, "{size} in {start}..={stop}");
        }
    }
}

/// An endless iterator: no job is taken before there is room for it.
#[test]
fn models_take_no_more_jobs_than_they_work_on() {
    // Two wait for each of three workers, each worker has one, and one is on its way to the queue.
    const MOST: u64 = 2 * 3 + 3 + 1;
    for (model, ahead) in [("threads", threads_ahead()), ("async", async_ahead())] {
        assert!(ahead <= MOST, "{model}: {ahead} jobs");
    }
}

/// The maximum number of jobs taken ahead of the answers, with three workers.
fn ahead(run: impl FnOnce(&mut (dyn Iterator<Item = Job> + Send), &Done)) -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    let (taken, answered, most) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let mut jobs = (0..2000).map(|n| {
        let ahead = taken.fetch_add(1, SeqCst) + 1 - answered.load(SeqCst);
        most.fetch_max(ahead, SeqCst);
        Job::Check(n)
    });
    run(&mut jobs, &|_, _| {
        answered.fetch_add(1, SeqCst);
    });
    most.into_inner()
}

fn threads_ahead() -> u64 {
    ahead(|jobs, done| threads::run(jobs, NonZeroUsize::new(3).unwrap(), done).unwrap())
}

fn async_ahead() -> u64 {
    ahead(|jobs, done| async_tasks::run(jobs, NonZeroUsize::new(3).unwrap(), done).unwrap())
}
