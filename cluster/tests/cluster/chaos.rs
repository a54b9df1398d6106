//! Many jobs, while agents are killed and stopped at random: every future is finished, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use executors::{Error, Executor, Options};
use rustix::process::Signal;

use crate::support::{Act, AgentProcess, Done, LONG, SHORT, Server, pool, until};

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

#[test]
fn under_random_kills_every_future_is_finished_once() {
    let Some(server) = Server::start() else {
        return;
    };
    let jobs: u64 = std::env::var("CLUSTER_CHAOS").map_or(3000, |n| n.parse().unwrap());
    let done = Arc::new(AtomicBool::new(false));
    // Its lease is not over if this program is stopped for some seconds.
    let pool = pool(&server, LONG);
    let finished: Arc<Vec<AtomicUsize>> =
        Arc::new((0..jobs).map(|_| AtomicUsize::new(0)).collect());
    let (once, twice) = (server.file("once"), server.file("twice"));
    let kills = std::thread::scope(|scope| {
        let killer = scope.spawn(|| kill_agents(&server, &done));
        let futures: Vec<_> = (0..jobs)
            .map(|n| {
                // Every second job may be repeated. Every 50th kills its worker.
                let (log, retries) = if n % 2 == 0 { (&once, 0) } else { (&twice, 20) };
                let retries = if n % 50 == 49 { 2 } else { retries };
                let job = if n % 50 == 49 {
                    Act::Signal(9)
                } else {
                    Act::Log(log.clone(), n)
                };
                let mut future = pool
                    .submit_with(job, &Options::new().retries(retries))
                    .unwrap();
                let finished = Arc::clone(&finished);
                future.on_done(move |_| {
                    finished[n as usize].fetch_add(1, Ordering::Relaxed);
                });
                future
            })
            .collect();
        let (mut answered, mut lost) = (0, 0);
        for (n, future) in (0..).zip(futures) {
            match future.result() {
                Ok(number) => {
                    assert_eq!(number, Done::Number(n));
                    answered += 1;
                }
                Err(Error::Lost { .. } | Error::WorkerDied { .. })
                    if n % 2 == 0 || n % 50 == 49 =>
                {
                    lost += 1;
                }
                Err(error) => panic!("job {n}: {error}"),
            }
        }
        done.store(true, Ordering::Relaxed);
        println!("{jobs} jobs: {answered} answered, {lost} lost or with their worker");
        killer.join().unwrap()
    });
    println!("{kills} agents were killed or stopped");
    assert!(finished.iter().all(|n| n.load(Ordering::Relaxed) == 1));
    let mut ran = server.lines("once");
    let all = ran.len();
    ran.sort_unstable();
    ran.dedup();
    assert_eq!(ran.len(), all, "a job that must not be repeated ran twice");
    let overview = server.overview();
    assert_eq!((overview.waiting, overview.offered), (0, 0));
}

/// Keeps three agents, and kills or stops one after the other.
fn kill_agents(server: &Server, done: &AtomicBool) -> usize {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut name = 0;
    let mut start = || {
        name += 1;
        AgentProcess::start(server, &format!("agent{name}"), 2, SHORT)
    };
    let mut agents: Vec<_> = (0..3).map(|_| start()).collect();
    let mut kills = 0;
    while !done.load(Ordering::Relaxed) {
        let before = server.overview().totals.done;
        until("some more are done", || {
            done.load(Ordering::Relaxed) || server.overview().totals.done > before + 100
        });
        let victim = random.below(3) as usize;
        kills += 1;
        if random.below(4) == 0 {
            agents[victim].signal(Signal::STOP);
            let (host, lease) = (agents[victim].host.clone(), Duration::from_secs(20));
            let start = std::time::Instant::now();
            until("it counts as dead", || {
                let agents = server.overview().agents;
                agents.iter().all(|row| row.host != host) || start.elapsed() > lease
            });
            agents[victim].signal(Signal::CONT);
        } else {
            agents[victim].kill();
            agents[victim] = start();
        }
    }
    kills
}
