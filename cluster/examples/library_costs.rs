//! What a cluster costs: a round trip, a million small jobs in chunks, how it grows with agents and with
//! clients, and the broker's memory for jobs that wait.
//!
//! ```text
//! redis-server --port 7400 --save '' &
//! cargo run --release -p cluster --example cluster_costs -- redis://localhost:7400 trips million agents
//! ```

use std::collections::HashMap;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use cluster::{Agent, Broker, RedisPool};
use executors::{Executor, Job, JobType, ProcessPool, job};
use serde::{Deserialize, Serialize};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const JOBS: &[JobType] = &[job::<Echo>()];
const PREFIX: &str = "costs";

#[derive(Serialize, Deserialize)]
struct Echo(u64);

impl Job for Echo {
    type Output = u64;
    const NAME: &'static str = "echo";
    fn run(self) -> u64 {
        self.0
    }
}

fn main() -> Fallible<()> {
    executors::hook(JOBS);
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, what @ ..] = &args[..] else {
        return Err(
            "which broker? redis://…, then trips, million, agents, clients or waiting".into(),
        );
    };
    let broker = Broker::at(url)?;
    for what in what {
        match what.as_str() {
            "agent" => {
                let workers = std::env::var("WORKERS").map_or(1, |n| n.parse().unwrap_or(1));
                let pool = ProcessPool::builder().workers(workers);
                let agent = Agent::builder(JOBS).prefix(PREFIX).pool(pool);
                agent.connect(&broker)?.run(|| false)?;
            }
            "trips" => trips(&broker, url)?,
            "million" => million(&broker, url)?,
            "agents" => agents(&broker, url)?,
            "clients" => clients(&broker, url)?,
            "waiting" => waiting(&broker, url)?,
            other => return Err(format!("{other}: not known").into()),
        }
    }
    Ok(())
}

/// Agents of one worker each (or so many), ended when they are dropped.
struct Agents(Vec<Child>);

impl Agents {
    fn start(broker: &Broker, url: &str, agents: usize, workers: usize) -> Fallible<Agents> {
        let start = || {
            Command::new(std::env::current_exe()?)
                .args([url, "agent"])
                .env("WORKERS", workers.to_string())
                .spawn()
        };
        let children = (0..agents).map(|_| start()).collect::<Result<_, _>>()?;
        while cluster::overview(broker, PREFIX)?.slots != (agents * workers) as u64 {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Agents(children))
    }

    fn end(mut self, broker: &Broker) -> Fallible<()> {
        for agent in cluster::overview(broker, PREFIX)?.agents {
            cluster::drain(broker, PREFIX, &agent.id)?;
        }
        for agent in &mut self.0 {
            agent.wait()?;
        }
        Ok(())
    }
}

fn connect(broker: &Broker) -> Fallible<RedisPool> {
    Ok(RedisPool::builder().prefix(PREFIX).connect(broker)?)
}

fn median(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() * 9 / 10])
}

/// The CPU time that this process and all below it have used, in seconds, and the broker's.
fn cpu_seconds(broker: &mut redis::Connection) -> Fallible<f64> {
    let mut used = HashMap::new();
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // Behind the name, which is in brackets: state, parent, …, and in places 12 and 13 the ticks.
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split(' ')
            .collect();
        let number = |place: usize| fields.get(place).and_then(|it| it.parse::<u64>().ok());
        let pid = entry.file_name().to_string_lossy().parse().unwrap_or(0);
        let ticks = number(12).unwrap_or(0) + number(13).unwrap_or(0);
        used.insert(pid, (number(2).unwrap_or(0), ticks));
    }
    let me = u64::from(std::process::id());
    let is_below = |mut pid: u64| {
        while pid > 1 && pid != me {
            pid = used.get(&pid).map_or(0, |it| it.0);
        }
        pid == me
    };
    let ours: u64 = used
        .iter()
        .filter(|it| is_below(*it.0))
        .map(|it| it.1.1)
        .sum();
    let info: redis::InfoDict = redis::cmd("INFO").arg("cpu").query(broker)?;
    let broker: f64 = ["used_cpu_user", "used_cpu_sys"]
        .iter()
        .filter_map(|name| info.get::<f64>(name))
        .sum();
    Ok(ours as f64 / 100.0 + broker)
}

fn round_trips(pool: &impl Executor, n: u64) -> Fallible<(Duration, Duration)> {
    pool.submit(Echo(0))?.result()?;
    let mut times = Vec::new();
    for n in 0..n {
        let start = Instant::now();
        assert_eq!(pool.submit(Echo(n))?.result()?, n);
        times.push(start.elapsed());
    }
    Ok(median(times))
}

fn trips(broker: &Broker, url: &str) -> Fallible<()> {
    let local = ProcessPool::new(1)?;
    let (here, slow) = round_trips(&local, 5000)?;
    println!("a round trip, local process: {here:?}, every tenth over {slow:?}");
    drop(local);
    let agents = Agents::start(broker, url, 1, 1)?;
    let mut redis = redis::Client::open(url)?.get_connection()?;
    let before = cpu_seconds(&mut redis)?;
    let (there, slow) = round_trips(&connect(broker)?, 5000)?;
    let cpu = (cpu_seconds(&mut redis)? - before) / 5000.0 * 1e6;
    println!("a round trip, cluster: {there:?}, every tenth over {slow:?}, CPU {cpu:.0} us");
    agents.end(broker)
}

fn sum(pool: &RedisPool, jobs: u64, chunk: usize) -> Fallible<Duration> {
    let start = Instant::now();
    let sum: u64 = pool
        .map((0..jobs).map(Echo))
        .chunk(chunk)
        .sum::<Result<_, _>>()?;
    assert_eq!(sum, jobs * (jobs - 1) / 2);
    Ok(start.elapsed())
}

fn million(broker: &Broker, url: &str) -> Fallible<()> {
    let agents = Agents::start(broker, url, 1, 2)?;
    let pool = connect(broker)?;
    for chunk in [5000, 500, 50] {
        let time = sum(&pool, 1_000_000, chunk)?;
        println!("1,000,000 jobs in chunks of {chunk}, two workers: {time:?}");
    }
    drop(pool);
    agents.end(broker)
}

/// Jobs a second, all handed in at once, one a message.
fn rate(pool: &RedisPool, jobs: u64) -> Fallible<f64> {
    let start = Instant::now();
    let answers = pool.map((0..jobs).map(Echo)).buffer(1000);
    answers.sum::<Result<u64, _>>()?;
    Ok(jobs as f64 / start.elapsed().as_secs_f64())
}

fn agents(broker: &Broker, url: &str) -> Fallible<()> {
    for count in [1, 2, 4, 8] {
        let agents = Agents::start(broker, url, count, 1)?;
        let rate = rate(&connect(broker)?, 20_000)?;
        println!("{count} agents of one worker: {rate:.0} jobs a second");
        agents.end(broker)?;
    }
    Ok(())
}

fn clients(broker: &Broker, url: &str) -> Fallible<()> {
    let agents = Agents::start(broker, url, 1, 2)?;
    for count in [1, 2, 4, 8] {
        let start = Instant::now();
        let jobs = 20_000 / count;
        std::thread::scope(|scope| {
            let clients = (0..count).map(|_| {
                scope.spawn(|| -> Result<(), String> {
                    let pool = connect(broker).map_err(|error| error.to_string())?;
                    rate(&pool, jobs)
                        .map(drop)
                        .map_err(|error| error.to_string())
                })
            });
            let clients: Vec<_> = clients.collect();
            clients
                .into_iter()
                .try_for_each(|client| client.join().expect("no panic"))
        })?;
        let rate = (jobs * count) as f64 / start.elapsed().as_secs_f64();
        println!("{count} clients: {rate:.0} jobs a second");
    }
    agents.end(broker)
}

fn waiting(broker: &Broker, url: &str) -> Fallible<()> {
    let pool = connect(broker)?;
    let mut redis = redis::Client::open(url)?.get_connection()?;
    let mut memory = || -> Fallible<i64> {
        let info: redis::InfoDict = redis::cmd("INFO").arg("memory").query(&mut redis)?;
        Ok(info.get("used_memory").unwrap_or(0))
    };
    let before = memory()?;
    let start = Instant::now();
    let futures = (0..100_000).map(|n| pool.submit(Echo(n)));
    let futures: Vec<_> = futures.collect::<Result<_, _>>()?;
    let (time, bytes) = (start.elapsed(), memory()? - before);
    println!("100,000 waiting jobs: {bytes} bytes at the broker, {time:?} to hand in");
    let start = Instant::now();
    pool.shutdown(false, true)?;
    drop(futures);
    println!("taken back: {:?}", start.elapsed());
    Ok(())
}
