//! Many futures at once: maps, waits and their time limits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use executors::{Error, Executor, ThreadPool, Until, as_completed, wait};

use crate::{LONG, Square, occupy};

#[test]
fn map_is_lazy_and_looks_no_further_ahead_than_its_buffer() {
    let pool = ThreadPool::new(2).unwrap();
    let drawn = AtomicUsize::new(0);
    let jobs = (0..).map(|n| {
        drawn.fetch_add(1, Ordering::Relaxed);
        Square(n)
    });
    let mut map = pool.map(jobs.filter(|job| job.0 != 13)).buffer(8).chunk(2);
    assert_eq!(drawn.load(Ordering::Relaxed), 0);
    for taken in 0..1000 {
        let n = if taken < 13 { taken } else { taken + 1 };
        assert_eq!(map.next(), Some(Ok(n * n)));
        let ahead = drawn.load(Ordering::Relaxed) as u64 - (n + 1);
        assert!(ahead <= 8, "{ahead} ahead");
    }
}

#[test]
fn map_yields_one_result_for_each_job_in_order_whatever_happens() {
    let pool = ThreadPool::new(2).unwrap();
    for chunk in [1, 3, 100] {
        let results: Vec<_> = pool.map((0..20).map(Square)).chunk(chunk).collect();
        assert_eq!(results.len(), 20);
        for (n, result) in results.iter().enumerate() {
            match n {
                13 => assert!(matches!(result, Err(Error::Panicked { .. }))),
                n => assert_eq!(*result, Ok((n * n) as u64)),
            }
        }
    }
    let mut unordered: Vec<_> = pool
        .map_unordered((0..10).map(Square))
        .map(Result::unwrap)
        .collect();
    unordered.sort();
    assert_eq!(unordered, (0..10).map(|n| n * n).collect::<Vec<_>>());
    assert_eq!(pool.map(Vec::<Square>::new()).next(), None);
}

#[test]
fn map_unordered_lets_the_quick_pass_the_slow() {
    let pool = ThreadPool::new(2).unwrap();
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    let calls: Vec<Box<dyn FnOnce() -> u32 + Send>> = vec![
        Box::new(move || {
            let _ = blocked.lock().unwrap().recv();
            1
        }),
        Box::new(|| 2),
    ];
    let futures = calls.into_iter().map(|call| pool.spawn(call).unwrap());
    let mut results = as_completed(futures);
    assert_eq!(results.next(), Some((1, Ok(2))));
    drop(release);
    assert_eq!(results.next(), Some((0, Ok(1))));
    assert_eq!(results.next(), None);
}

#[test]
fn time_limits_end_the_wait_and_not_the_job() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, mut busy) = occupy(&pool);
    let short = Duration::from_millis(1);
    assert_eq!(
        busy.result_timeout(short),
        Err(Error::TimedOut { after: short })
    );
    let queued = pool.spawn(|| ()).unwrap();
    let waited = wait(
        std::slice::from_ref(&queued),
        Until::AllCompleted,
        Some(short),
    )
    .unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![], vec![0]));
    let timed_out: Vec<_> = as_completed([queued]).timeout(short).collect();
    assert_eq!(timed_out, [(0, Err(Error::TimedOut { after: short }))]);
    let mut map = pool.map([Square(1), Square(2)]).timeout(short);
    assert_eq!(map.next(), Some(Err(Error::TimedOut { after: short })));
    assert_eq!(map.next(), None);
    drop(release);
    assert_eq!(busy.result_timeout(LONG), Ok(()));
    assert_eq!(busy.try_result(), Some(Err(Error::Taken)));
}

#[test]
fn wait_returns_at_the_first_the_first_failure_or_the_last() {
    let pool = ThreadPool::new(2).unwrap();
    let (release, busy) = occupy(&pool);
    let mut futures = vec![busy, pool.spawn(|| ()).unwrap()];
    let waited = wait(&futures, Until::FirstCompleted, None).unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![1], vec![0]));
    futures.push(pool.spawn(|| panic!("fails")).unwrap());
    let waited = wait(&futures, Until::FirstFailed, None).unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![1, 2], vec![0]));
    drop(release);
    assert_eq!(
        wait(&futures, Until::AllCompleted, None).unwrap().done,
        [0, 1, 2]
    );
    assert!(
        wait::<()>(&[], Until::AllCompleted, None)
            .unwrap()
            .done
            .is_empty()
    );
}
