//! The jobs of the green-threads room, and the other programs that do them; all on one thread.

use super::{Job, in_one_line};
use crate::contender::{Contender, Program};

/// How many switches there are: Go takes a quarter of a second for them, gevent some seconds.
const YIELDS: u64 = 3_000_000;

/// How many sleep at the same time.
const SLEEPERS: u64 = 100_000;

/// The room's jobs.
pub(super) fn jobs() -> Vec<Job> {
    vec![
        job(
            "yields",
            YIELDS,
            format!("{YIELDS} yields in all, of 100 green threads to one another, one thread"),
        ),
        job(
            "sleepers",
            SLEEPERS,
            format!(
                "{SLEEPERS} green threads sleep one second at once, one thread; CPU time and peak \
                 memory are of all of them"
            ),
        ),
    ]
}

fn job(how: &'static str, count: u64, title: String) -> Job {
    let args = [how.to_owned(), count.to_string()];
    let this = |name, model: &str| Contender {
        name,
        program: Program::This,
        args: [
            &["green".to_owned(), how.to_owned()],
            &[model.to_owned(), count.to_string()][..],
        ]
        .concat(),
        install: "cargo build --release -p benches",
        answer: in_one_line,
    };
    let python = |name, library: &str, import: &'static [&'static str], install| Contender {
        name,
        program: Program::Installed {
            name: "python3",
            version: import,
            itself: Some(&["-c", "import sys; print(sys.executable)"]),
        },
        args: [
            &["benches/peers/green.py".to_owned(), library.to_owned()],
            &args[..],
        ]
        .concat(),
        install,
        answer: in_one_line,
    };
    Job {
        name: how,
        title,
        input: "",
        ours: this("green-threads", "green-threads"),
        peers: vec![
            Contender {
                name: "may, 1 worker",
                program: Program::Peer("may"),
                args: args.to_vec(),
                install: "cargo build --release --manifest-path benches/peers/may/Cargo.toml --target-dir target",
                answer: in_one_line,
            },
            this("tokio, current_thread", "tokio"),
            Contender {
                name: "Go, GOMAXPROCS=1",
                program: Program::Go {
                    source: "benches/peers/green.go",
                },
                args: args.to_vec(),
                install: "apt-get install golang-go (or: brew install go)",
                answer: in_one_line,
            },
            python(
                "gevent, CPython",
                "gevent",
                &["-c", "import gevent; print(gevent.__version__)"],
                "python3 -m pip install gevent",
            ),
            python(
                "eventlet, CPython",
                "eventlet",
                &["-c", "import eventlet; print(eventlet.__version__)"],
                "python3 -m pip install eventlet",
            ),
        ],
    }
}
