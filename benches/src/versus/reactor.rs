//! The jobs of the reactor room: echo servers with one thread.

use super::{Job, in_one_line};
use crate::contender::{Contender, Program};
use crate::servers::{CONNECTIONS, IDLE, MESSAGE, ROUND_TRIPS};

/// A round trip.
pub(super) fn ping_pong() -> Job {
    job(
        "ping-pong",
        format!(
            "a round trip of {MESSAGE} bytes, the mean of {ROUND_TRIPS} over {CONNECTIONS} \
             connections; CPU time and peak memory are the server's, which has one CPU"
        ),
    )
}

/// A connection that does nothing.
pub(super) fn idle() -> Job {
    job(
        "idle",
        format!(
            "a connection that does nothing, the mean of {IDLE}: time to make it, CPU time of the \
             server, and, as peak, the memory that the server has for it"
        ),
    )
}

fn job(name: &'static str, title: String) -> Job {
    Job {
        name,
        title,
        input: "",
        ours: ours("reactor", "reactor"),
        peers: vec![
            ours("green threads", "green-threads"),
            ours("mio, by hand", "mio"),
            ours("mio, short reads", "mio-short"),
            ours("tokio, current_thread", "tokio"),
            Contender {
                name: "Go",
                program: Program::Go {
                    source: "benches/peers/echo.go",
                },
                args: Vec::new(),
                install: "apt-get install golang-go (or: brew install go)",
                answer: in_one_line,
            },
            Contender {
                name: "Node",
                program: Program::Installed {
                    name: "node",
                    version: &["--version"],
                    itself: Some(&["-p", "process.execPath"]),
                },
                args: vec!["benches/peers/echo.js".to_owned()],
                install: "apt-get install nodejs (or: brew install node)",
                answer: in_one_line,
            },
            Contender {
                name: "Twisted, CPython",
                program: Program::Installed {
                    name: "python3",
                    version: &["-c", "import twisted; print(twisted.__version__)"],
                    itself: Some(&["-c", "import sys; print(sys.executable)"]),
                },
                args: vec!["benches/peers/echo.py".to_owned()],
                install: "python3 -m pip install twisted",
                answer: in_one_line,
            },
        ],
    }
}

/// A server of `benches serve`.
fn ours(name: &'static str, server: &str) -> Contender {
    Contender {
        name,
        program: Program::This,
        args: ["serve", server].map(str::to_owned).to_vec(),
        install: "cargo build --release -p benches",
        answer: in_one_line,
    }
}
