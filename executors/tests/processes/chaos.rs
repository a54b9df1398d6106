//! Random faults: workers are killed and stopped, fork, and start processes. Each future finishes
//! exactly once, and no process is left.
//!
//! The full form:
//!
//! EXECUTORS_CHAOS=10000 cargo test -p executors --test processes chaos -- --nocapture

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use executors::{Error, Executor, Future, ProcessPool};

use crate::support::alone::alone;
use crate::support::system::{Do, Then, Way};
use crate::support::{Act, builder, is_alive, until};

/// The number of jobs in the short form: a few seconds, also on a busy machine.
const SHORT: usize = 300;

/// A random number generator: Knuth's, as in MMIX.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) % limit
    }
}

/// Sends signals to workers until `over` is set.
fn disturb(pool: &ProcessPool, over: &AtomicBool) -> usize {
    let mut dice = Dice(2);
    let mut sent = 0;
    while !over.load(Ordering::Relaxed) {
        let pids = pool.pids();
        if let Some(&pid) = pids.get(dice.below(4) as usize) {
            let signals: &[i32] = match dice.below(10) {
                0..3 => &[libc::SIGKILL],
                3 => &[libc::SIGSTOP, libc::SIGKILL],
                // The time limit must end it.
                4 => &[libc::SIGSTOP],
                5..8 => &[libc::SIGSTOP, libc::SIGCONT],
                _ => &[libc::SIGTERM, libc::SIGINT],
            };
            for &signal in signals {
                // It may have ended already.
                let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
                let signal = rustix::process::Signal::from_named_raw(signal).unwrap();
                let _ = rustix::process::kill_process(pid, signal);
                sent += 1;
                thread::sleep(Duration::from_millis(dice.below(3)));
            }
        }
        // Only the pace: the checks are independent of it.
        thread::sleep(Duration::from_millis(dice.below(40)));
    }
    sent
}

/// Submits a job of some kind, and returns the name of that kind.
fn submit(pool: &ProcessPool, n: usize, dice: &mut Dice, end: impl Fn() + Send + 'static) -> Fate {
    let fork = |then| Do::Fork("/dev/null".to_owned(), then);
    let act = match dice.below(30) {
        0 => Ok(Act::Abort),
        1 => Ok(Act::Exit(3)),
        2 => Ok(Act::Panic),
        3 => Ok(Act::Smuggle(b"rubbish".to_vec())),
        4 => Err(fork(Then::Exit)),
        5 => Err(fork(Then::Return)),
        6 if dice.below(10) == 0 => Err(fork(Then::Sleep)),
        7 => Err(Do::Leak(Way::Child)),
        8 => Err(Do::Leak(Way::OwnGroup)),
        9 => Err(Do::Leak(Way::OwnSession)),
        10 => Err(Do::Leak(Way::Daemon)),
        11 => Ok(Act::Produce(1 << 20)),
        12 => Ok(Act::Carry(vec![0; 1 << 20])),
        _ => Ok(Act::Spin(n as u64)),
    };
    let end = move || end();
    match act {
        Ok(act) => {
            let mut future = pool.submit(act).unwrap();
            future.on_done(move |_| end());
            Fate::Act(future)
        }
        Err(act) => {
            let mut future = pool.submit(act).unwrap();
            future.on_done(move |_| end());
            Fate::Do(future)
        }
    }
}

enum Fate {
    Act(Future<crate::support::Done>),
    Do(Future<String>),
}

impl Fate {
    fn result(self) -> Result<(), Error> {
        match self {
            Fate::Act(future) => future.result().map(drop),
            Fate::Do(future) => future.result().map(drop),
        }
    }
}

/// The processes whose environment shows that a worker of this process started them.
fn descendants() -> Vec<u32> {
    let token = format!("EXECUTORS_ANCESTRY={}-", std::process::id());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let ours = |&pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let found = environment
            .windows(token.len())
            .any(|it| it == token.as_bytes());
        found && is_alive(pid)
    };
    pids.filter(ours).collect()
}

#[test]
fn each_job_ends_exactly_once_and_no_process_is_left() {
    if !alone("chaos::each_job_ends_exactly_once_and_no_process_is_left") {
        return;
    }
    let jobs = std::env::var("EXECUTORS_CHAOS").map_or(SHORT, |jobs| jobs.parse().unwrap());
    let pool = builder()
        .workers(4)
        .restart_limit(u32::MAX)
        .job_timeout(Duration::from_millis(500))
        .build()
        .unwrap();
    let endings: Arc<Vec<AtomicUsize>> = Arc::new((0..jobs).map(|_| AtomicUsize::new(0)).collect());
    let over = AtomicBool::new(false);
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    thread::scope(|scope| {
        let disturber = scope.spawn(|| disturb(&pool, &over));
        let mut dice = Dice(1);
        let futures: Vec<_> = (0..jobs)
            .map(|n| {
                let endings = Arc::clone(&endings);
                let end = move || {
                    endings[n].fetch_add(1, Ordering::Relaxed);
                };
                submit(&pool, n, &mut dice, end)
            })
            .collect();
        for future in futures {
            let how = match future.result() {
                Ok(()) => "done",
                Err(Error::Panicked { .. }) => "panicked",
                Err(Error::WorkerDied { .. }) => "their worker died",
                Err(Error::Overran { .. }) => "overran",
                Err(Error::Garbled { .. }) => "garbled",
                Err(error) => panic!("{error}"),
            };
            *tally.entry(how.to_owned()).or_default() += 1;
        }
        over.store(true, Ordering::Relaxed);
        println!(
            "{} signals; {:?}",
            disturber.join().unwrap(),
            pool.counters()
        );
    });
    println!("{jobs} jobs: {tally:?}");
    assert!(
        endings
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 1)
    );
    assert_eq!(tally.values().sum::<usize>(), jobs);
    assert!(
        tally["done"] > 0 && tally["their worker died"] > 0,
        "{tally:?}"
    );
    drop(pool);
    until("no process is left", || descendants().is_empty());
}
