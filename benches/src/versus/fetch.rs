//! The job of the async-fetch room, and the other programs that do it.
//!
//! It needs the server of `benches/peers/nginx.sh start`. Without that server the job is not listed.

use std::path::Path;

use super::{Job, in_one_line};
use crate::contender::{Contender, Program};

/// The list that `nginx.sh` makes, from the workspace's folder.
const LIST: &str = "target/versus-fetch/urls.txt";
const CURL_LIST: &str = "target/versus-fetch/urls.curl";
const GO: &str = "target/versus-fetch/fetch-go";

/// How many requests are in flight.
const JOBS: &str = "64";

/// The room's job, if its server runs.
pub(super) fn jobs() -> Vec<Job> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if folder.join(LIST).is_file() {
        vec![fetch()]
    } else {
        Vec::new()
    }
}

fn fetch() -> Job {
    Job {
        name: "fetch",
        title: format!("files of 4 KiB from a local nginx, {JOBS} at once"),
        input: "",
        ours: Contender {
            name: "async-fetch",
            program: Program::Workspace("async-fetch"),
            args: words(&[
                "-i",
                LIST,
                "-j",
                JOBS,
                "--per-host",
                JOBS,
                "--summary",
                "--json",
            ]),
            install: "cargo build --release -p async-fetch",
            answer: ours,
        },
        peers: vec![
            Contender {
                name: "bare reqwest loop",
                program: Program::Peer("bare-reqwest"),
                args: words(&[LIST]),
                install: "cargo build --release --manifest-path benches/peers/bare-reqwest/Cargo.toml --target-dir target",
                answer: in_one_line,
            },
            // Those that do not count tell by their exit code that all is well.
            installed(
                "wget2",
                &["--version"],
                "wget2",
                &["-q", "-i", LIST, "-O", "/dev/null", "--max-threads", JOBS],
            ),
            Contender {
                name: "Go, net/http",
                program: Program::Installed {
                    name: GO,
                    version: &["/dev/null"],
                    itself: None,
                },
                args: words(&[LIST]),
                install: "apt-get install golang, then benches/peers/nginx.sh start",
                answer: in_one_line,
            },
            installed(
                "curl --parallel",
                &["--version"],
                "curl",
                &["-s", "--parallel", "--parallel-max", JOBS, "-K", CURL_LIST],
            ),
            installed(
                "aria2c",
                &["--version"],
                "aria2c",
                &[
                    "-q",
                    "-i",
                    LIST,
                    "-j",
                    JOBS,
                    "-d",
                    "target/versus-fetch/aria2",
                    "--allow-overwrite=true",
                    "--file-allocation=none",
                ],
            ),
            Contender {
                name: "aiohttp",
                program: Program::Installed {
                    name: "python3",
                    version: &["-c", "import aiohttp; print(aiohttp.__version__)"],
                    itself: Some(&["-c", "import sys; print(sys.executable)"]),
                },
                args: words(&["benches/peers/fetch.py", LIST]),
                install: "python3 -m pip install aiohttp",
                answer: in_one_line,
            },
        ],
    }
}

/// A program that fetches and prints nothing.
fn installed(
    name: &'static str,
    version: &'static [&'static str],
    command: &'static str,
    args: &[&str],
) -> Contender {
    Contender {
        name,
        program: Program::Installed {
            name: command,
            version,
            itself: None,
        },
        args: words(args),
        install: "apt-get install curl wget2 aria2",
        answer: |_| expected(),
    }
}

/// The answer: how many files, and how many bytes.
fn expected() -> String {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let list = std::fs::read_to_string(folder.join(LIST)).unwrap_or_default();
    let count = list.lines().count();
    format!("{count} {}", count * 4096)
}

/// `fetched` and `bytes` of our summary.
fn ours(output: &str) -> String {
    let summary: serde_json::Value = serde_json::from_str(output).unwrap_or_default();
    format!("{} {}", summary["fetched"], summary["bytes"])
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
