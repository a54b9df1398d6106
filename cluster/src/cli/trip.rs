//! `cluster trip`: the time from the submission of an empty job to its result. `guidelines --cluster FILE` reads
//! the figure.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::bail;
use common::cli::{Interrupt, Outcome, RunArgs};
use common::timing::human_duration;
use executors::{Error, Executor};
use serde_json::json;

use super::args::BrokerArgs;
use super::demo::CountPrimes;

/// Round trips in each run.
const TRIPS: usize = 300;
/// Round trips before the first run: the first ones start threads and connections.
const WARM_UP: usize = 30;

/// The times of a run, the shortest first.
fn trips(pool: &impl Executor, count: usize) -> Result<Vec<Duration>, Error> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        pool.submit(CountPrimes::nothing())?.result()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    Ok(times)
}

pub(super) fn run(
    broker: &BrokerArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let address = broker.broker()?;
    if crate::overview(&address, &broker.prefix("cluster"))?.slots == 0 {
        bail!("{address} has no agents: start one by `cluster agent --broker …`");
    }
    let pool = broker.pool("cluster").connect(&address)?;
    trips(&pool, WARM_UP)?;
    let (mut medians, mut slow) = (Vec::new(), Duration::ZERO);
    for _ in 0..run.runs().get() {
        if interrupt.raised() {
            return Ok(Outcome::Interrupted);
        }
        let times = trips(&pool, TRIPS)?;
        medians.push(times[TRIPS / 2]);
        slow = slow.max(times[TRIPS * 9 / 10]);
    }
    let mut out = common::cli::stdout();
    if run.output.json {
        let medians: Vec<f64> = medians.iter().map(Duration::as_secs_f64).collect();
        let broker = address.to_string();
        out.json(&json!({ "broker": broker, "trips": TRIPS, "round_trip": medians }))?;
    } else {
        medians.sort_unstable();
        writeln!(
            out,
            "an empty job, through {address} to an agent and back: {} (one in ten took over {})",
            human_duration(medians[medians.len() / 2]),
            human_duration(slow),
        )?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}
