//! The jobs of the primes room, and the other programs that do them.

use std::num::NonZeroUsize;

use super::{Job, in_one_line, python};
use crate::contender::{Contender, Program};

/// Primes below this number are counted.
const STOP: &str = "1e10";

/// The same, for programs that read only plain numbers.
const STOP_IN_FULL: &str = "10000000000";

/// The workshop's numbers, as its script reads them.
const NUMBERS: &str = "1297337\n1116281\n104395303\n472882027\n533000389\n817504243\n982451653\n\
                       112272535095293\n115280095190773\n1099726899285419\n";

/// The workshop's check in Python; the same file that `primes gil --python` runs.
const SCRIPT: &str = "primes/src/cli/check.py";

/// The room's jobs, with `workers` workers where there are several.
pub(super) fn jobs(workers: NonZeroUsize) -> Vec<Job> {
    let mut jobs = vec![count(NonZeroUsize::MIN)];
    if workers > NonZeroUsize::MIN {
        jobs.push(count(workers));
    }
    jobs.push(check_by_threads(workers));
    jobs.push(check_by_processes(workers));
    jobs
}

/// Counting primes.
fn count(workers: NonZeroUsize) -> Job {
    let mut peers = vec![Contender {
        name: "primesieve",
        program: Program::Installed {
            name: "primesieve",
            version: &["--version"],
            itself: None,
        },
        args: vec![
            STOP.to_owned(),
            format!("-t{workers}"),
            "--quiet".to_owned(),
        ],
        install: "apt-get install primesieve (or: brew install primesieve)",
        answer: last_word,
    }];
    // It has no threads.
    if workers == NonZeroUsize::MIN {
        peers.push(Contender {
            name: "primal",
            program: Program::Peer("primal"),
            args: vec![STOP_IN_FULL.to_owned()],
            install: "cargo build --release --manifest-path benches/peers/primal/Cargo.toml --target-dir target",
            answer: last_word,
        });
    }
    Job {
        name: "count",
        title: format!("the primes up to {STOP}, {}", threads(workers)),
        input: "",
        ours: Contender {
            name: "primes",
            program: Program::Workspace("primes"),
            // The sieve, as the peers: a plain count would use a formula that finds no primes.
            args: [
                "count",
                STOP,
                "--algorithm",
                "sieve",
                "--jobs",
                &workers.to_string(),
                "--quiet",
            ]
            .map(str::to_owned)
            .into(),
            install: "cargo build --release -p primes",
            answer: last_word,
        },
        peers,
    }
}

fn check_by_threads(workers: NonZeroUsize) -> Job {
    Job {
        name: "check",
        title: format!("the workshop's ten numbers, once, {}", threads(workers)),
        input: NUMBERS,
        ours: checker("threads", workers),
        peers: vec![
            python("threads, CPython", SCRIPT, &args("threads", workers)),
            python("processes, CPython", SCRIPT, &args("processes", workers)),
        ],
    }
}

fn check_by_processes(workers: NonZeroUsize) -> Job {
    Job {
        name: "check",
        title: format!("the workshop's ten numbers, once, {workers} processes"),
        input: NUMBERS,
        ours: checker("processes", workers),
        peers: vec![python(
            "processes, CPython",
            SCRIPT,
            &args("processes", workers),
        )],
    }
}

/// Does the same as [`SCRIPT`]: reads numbers from standard input, prints a line for each.
fn checker(model: &str, workers: NonZeroUsize) -> Contender {
    Contender {
        name: "primes",
        program: Program::This,
        args: [&["check".to_owned()], &args(model, workers)[..]].concat(),
        install: "cargo build --release -p benches",
        answer: in_one_line,
    }
}

/// The arguments of both the checker and the script.
fn args(model: &str, workers: NonZeroUsize) -> [String; 2] {
    [model.to_owned(), workers.to_string()]
}

fn threads(workers: NonZeroUsize) -> String {
    match workers.get() {
        1 => "1 thread".to_owned(),
        count => format!("{count} threads"),
    }
}

fn last_word(output: &str) -> String {
    output
        .split_whitespace()
        .next_back()
        .unwrap_or("")
        .to_owned()
}
