//! The jobs of the scheduler room, and the other programs that do them.

use super::{Job, python};
use crate::contender::{Contender, Program};

/// Python's program; `benches tasks` does the same.
const SCRIPT: &str = "benches/peers/tasks.py";

/// So many that the start of the programs does not matter.
const YIELDS: u64 = 10_000_000;

/// So many that the slowest program needs seconds.
const FEW_YIELDS: u64 = 1_000_000;

const MILLION: u64 = 1_000_000;

/// The room's jobs; all are done by one thread.
pub(super) fn jobs() -> Vec<Job> {
    vec![
        job(
            "yield",
            YIELDS,
            "yields, of 10 tasks",
            &["smol", "tokio", "local-pool", "embassy"],
            &[],
        ),
        job(
            "yield",
            FEW_YIELDS,
            "yields, of 10 tasks",
            &[],
            &["generators", "asyncio"],
        ),
        job(
            "spawn",
            MILLION,
            "tasks spawned, and run to their ends",
            &["smol", "tokio", "local-pool"],
            &["asyncio"],
        ),
        job(
            "park",
            MILLION,
            "tasks that wait for ever (memory: peak, by their number)",
            &["smol", "tokio", "local-pool"],
            &[],
        ),
    ]
}

fn job(
    name: &'static str,
    count: u64,
    what: &str,
    rust: &[&'static str],
    scripts: &[&'static str],
) -> Job {
    let args = |first: &str| [first, name, &count.to_string()].map(str::to_owned);
    let mut peers: Vec<Contender> = Vec::new();
    for &peer in rust {
        peers.push(Contender {
            name: match peer {
                "smol" => "smol LocalExecutor",
                "tokio" => "tokio current_thread",
                "local-pool" => "futures LocalPool",
                _ => "embassy-executor",
            },
            program: Program::Peer("executors"),
            args: args(peer).into(),
            install: "cargo build --release --manifest-path benches/peers/executors/Cargo.toml --target-dir target",
            answer: |output| output.trim().to_owned(),
        });
    }
    for &script in scripts {
        let title = match script {
            "asyncio" => "asyncio, CPython",
            _ => "generators, CPython",
        };
        peers.push(python(title, SCRIPT, &args(script)));
    }
    Job {
        name,
        title: format!("{count} {what}, 1 thread"),
        input: "",
        ours: Contender {
            name: "scheduler",
            program: Program::This,
            args: args("tasks").into(),
            install: "cargo build --release -p benches",
            answer: |output| output.trim().to_owned(),
        },
        peers,
    }
}
