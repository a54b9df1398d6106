//! As completed: the results in the order in which the jobs end. Compare with step 4: no result
//! waits for its turn. So the code is shorter, and the first result comes at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Calls `job` for each input on `workers` threads, and `done` with each result as soon as it is
/// ready.
fn as_completed<I: Sync, T: Send>(
    workers: usize,
    inputs: &[I],
    job: impl Fn(&I) -> T + Sync,
    mut done: impl FnMut(usize, T),
) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::sync_channel(workers);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, job) = (sender.clone(), &next, &job);
            scope.spawn(move || {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(input) = inputs.get(index)
                {
                    if sender.send((index, job(input))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        for (index, result) in results {
            done(index, result);
        }
    });
}

fn main() {
    let waits = [90, 30, 60];
    let wait = |&ms: &u64| {
        thread::sleep(Duration::from_millis(ms));
        ms
    };
    as_completed(3, &waits, wait, |index, ms| {
        println!("job {index} waited for {ms} ms")
    });
}
