//! The demonstration: the same work by a local pool and, if there is a broker, by its agents.

use std::io::Write;
use std::time::{Duration, Instant};

use common::cli::{Interrupt, Outcome, RunArgs};
use common::timing::human_duration;
use executors::{Error, Executor, Job, JobType, ProcessPool, job};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::args::BrokerArgs;

/// The jobs that the agents of this command know.
pub const JOBS: &[JobType] = &[job::<CountPrimes>()];

/// Counts the primes of a range, slowly.
#[derive(Serialize, Deserialize, Debug, Clone)]
pub struct CountPrimes {
    from: u64,
    to: u64,
}

impl CountPrimes {
    /// A job that takes no time.
    pub(super) fn nothing() -> Self {
        Self { from: 0, to: 0 }
    }
}

impl Job for CountPrimes {
    type Output = u64;
    const NAME: &'static str = "count-primes";
    const VERSION: u32 = 1;

    fn samples() -> Vec<Self> {
        vec![Self { from: 1, to: 300 }]
    }

    fn run(self) -> u64 {
        let is_prime = |n: u64| n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0);
        (self.from..self.to).filter(|&n| is_prime(n)).count() as u64
    }
}

/// There are 78498 primes below a million (OEIS A006880).
const END: u64 = 1_000_000;
const PIECE: u64 = 10_000;

fn pieces() -> impl Iterator<Item = CountPrimes> + Send {
    (0..END / PIECE).map(|n| CountPrimes {
        from: n * PIECE,
        to: (n + 1) * PIECE,
    })
}

/// The whole work. It is the same for every executor.
fn count(pool: &impl Executor, interrupt: &Interrupt) -> Result<(u64, Duration), Error> {
    let start = Instant::now();
    let answers = pool.map(pieces().take_while(|_| !interrupt.raised()));
    let count = answers.sum::<Result<u64, _>>()?;
    Ok((count, start.elapsed()))
}

pub(super) fn run(
    broker: &BrokerArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    if !run.output.json {
        writeln!(out, "primes below {END}, in {} jobs", END / PIECE)?;
        if !run.output.quiet {
            writeln!(
                out,
                "Look for: each row must have the same count. Which is faster?"
            )?;
        }
        out.flush()?;
    }
    let local = ProcessPool::new(run.jobs().get())?;
    local.warm_up()?;
    let (locally, local_time) = count(&local, interrupt)?;
    let mut rows = vec![("local", run.jobs().get(), locally, local_time)];
    let mut remarks = Vec::new();
    if broker.is_given() {
        let pool = broker.pool("cluster").connect(&broker.broker()?)?;
        let overview = crate::overview(&broker.broker()?, &broker.prefix("cluster"))?;
        if overview.slots == 0 {
            remarks.push(
                "The broker has no agents yet. In another terminal, here or on another machine:\n  \
                 cluster agent --broker …"
                    .to_owned(),
            );
        } else {
            let (answer, time) = count(&pool, interrupt)?;
            rows.push(("cluster", overview.slots as usize, answer, time));
        }
    } else {
        remarks.push(
            "Without a broker only the local pool ran. To run the jobs on other machines:\n  apt install redis-server        # a broker, on one machine\n  \
             cluster agent --broker redis://HOST   # on each machine\n  \
             cluster --broker redis://HOST         # this again"
                .to_owned(),
        );
    }
    if interrupt.raised() {
        return Ok(Outcome::Interrupted);
    }
    if run.output.json {
        let rows = rows.iter().map(|(name, workers, count, time)| {
            json!({ "pool": name, "workers": workers, "count": count, "seconds": time.as_secs_f64() })
        });
        let rows: Vec<_> = rows.collect();
        out.json(&json!({ "below": END, "jobs": END / PIECE, "runs": rows }))?;
    } else {
        for (name, workers, count, time) in &rows {
            let time = human_duration(*time);
            writeln!(
                out,
                "  {name:<8} {workers:>3} workers  {count} primes  {time:>9}"
            )?;
        }
        if !run.output.quiet {
            for remark in remarks {
                writeln!(out, "\n{remark}")?;
            }
            if let [(_, _, _, local), (_, workers, _, cluster)] = rows[..] {
                writeln!(
                    out,
                    "\n{}",
                    point(local, cluster, run.jobs().get(), workers)
                )?;
            }
            writeln!(
                out,
                "\n`cluster top` shows agents, clients and queues.\n\n{}",
                common::cli::read_next("cluster")
            )?;
        }
    }
    out.flush()?;
    let agreed = rows.iter().all(|row| row.2 == rows[0].2);
    Ok(if agreed {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}

/// The conclusion from the figures.
fn point(local: Duration, cluster: Duration, here: usize, there: usize) -> String {
    let ratio = cluster.as_secs_f64() / local.as_secs_f64().max(1e-9);
    if ratio < 0.9 {
        format!(
            "The cluster ({there} workers) took {ratio:.2} times as long as the local pool ({here})."
        )
    } else {
        format!(
            "The cluster ({there} workers) took {ratio:.2} times as long as the local pool \
             ({here}).\nEach job goes to the broker, to an agent, to its worker and back. More \
             machines\nhelp if the jobs are long and all CPUs of this machine are busy."
        )
    }
}
