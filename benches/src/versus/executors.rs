//! The jobs of the executors room, and the other programs that do them.

use std::num::NonZeroUsize;

use super::{Job, python};
use crate::contender::{Contender, Program};

/// Python's program; `benches pool` does the same.
const SCRIPT: &str = "benches/peers/pool.py";

/// Jobs submitted one at a time: so many that the start of pool and program does not matter.
const ROUND_TRIPS: u64 = 20_000;

/// Jobs submitted in chunks.
const MILLION: u64 = 1_000_000;

/// The room's jobs, with `workers` workers where a job has several.
pub(super) fn jobs(workers: NonZeroUsize) -> Vec<Job> {
    let one = NonZeroUsize::MIN;
    vec![
        pool("round-trips", "threads", one, ROUND_TRIPS),
        pool("round-trips", "processes", one, ROUND_TRIPS),
        pool("map", "processes", workers, MILLION),
    ]
}

fn pool(how: &'static str, model: &'static str, workers: NonZeroUsize, count: u64) -> Job {
    let args = [how, model, &workers.to_string(), &count.to_string()].map(str::to_owned);
    let manner = match how {
        "map" => "in chunks of 5000",
        _ => "one at a time",
    };
    let (name, peer) = match model {
        "threads" => ("pool-threads", "ThreadPoolExecutor, CPython"),
        _ => ("pool-processes", "ProcessPoolExecutor, CPython"),
    };
    Job {
        name,
        title: format!("{count} jobs that do nothing, {manner}, pool of {workers} {model}"),
        input: "",
        ours: Contender {
            name: "executors",
            program: Program::This,
            args: [&["pool".to_owned()], &args[..]].concat(),
            install: "cargo build --release -p benches",
            answer: |output| output.trim().to_owned(),
        },
        peers: vec![python(peer, SCRIPT, &args)],
    }
}
