//! The command as people use it, and what it survives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod archives;
mod check;
mod interrupts;
mod killed;
mod limits;
mod others;
mod secrets;
mod seeds;
mod states;
#[path = "../support/mod.rs"]
mod support;

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, RandomState};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::cli::interrupt::with_usual_signals;
use demo_site::{Latency, Site};
use support::Tiny;

fn crawler() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("crawler"));
    with_usual_signals(&mut command);
    command
}

fn output(words: &[&str]) -> (i32, String, String) {
    let output = crawler().args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn lines_of_json_have_what_is_promised_and_people_hear_the_rest() {
    let site = Site::builder().pages(5).links(2).start().unwrap();
    let (code, out, err) = output(&[&site.url("/"), "--json"]);
    assert_eq!(code, 0, "{err}");
    let lines: Vec<serde_json::Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    for key in ["url", "status", "depth", "bytes", "links", "error"] {
        assert!(lines.iter().all(|line| line.get(key).is_some()), "{key}");
    }
    assert!(err.contains("5 pages") && err.contains("depth"), "{err}");
}

#[test]
fn mistakes_are_told_in_a_line_and_end_with_2() {
    for (words, text) in [
        (vec!["ftp://example.org/"], "only http and https"),
        (vec!["nonsense"], "not a URL"),
        (vec!["file:///etc/passwd"], "only http and https"),
        (vec!["http://"], "not a URL"),
        (vec!["--warc", "x.gz"], "which site"),
        (vec!["--depth", "3"], "which site"),
        (vec!["http://127.0.0.1:9/", "--resume"], "--db"),
        (vec!["http://127.0.0.1:9/", "--depth", "deep"], "--depth"),
        (vec!["http://127.0.0.1:9/", "-j0"], "--jobs"),
        (
            vec!["http://127.0.0.1:9/", "--include", "("],
            "not a regular expression",
        ),
        (vec!["report"], "<DB>"),
        (vec!["--bogus"], "--bogus"),
        (vec!["check"], "which site"),
        (
            vec!["http://127.0.0.1:9/", "--select", "h1["],
            "not a CSS selector",
        ),
        (vec!["http://127.0.0.1:9/", "--per-host", "0"], "--per-host"),
    ] {
        let (code, out, err) = output(&words);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(text), "{words:?}: {err}");
    }
    let (code, _, err) = output(&["report", "/nonexistent/crawl.db"]);
    assert_eq!(code, 1);
    assert!(err.contains("/nonexistent/crawl.db"), "{err}");
}

#[test]
fn who_reads_one_line_ends_it_quietly() {
    let latency = Latency::Fixed(Duration::from_millis(20));
    let site = Site::builder()
        .pages(2000)
        .links(9)
        .latency(latency)
        .start()
        .unwrap();
    let mut child = crawler()
        .arg(site.url("/"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.starts_with("200 "), "{line}");
    // The other end is gone: it notices when it next tells of a page.
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        !err.contains("panicked") && !err.contains("Broken pipe"),
        "{err}"
    );
    assert!(site.counts().requests < 2000);
}

/// With 64 at once and descriptors for a part of them, fewer are asked for at once, and nothing is lost.
#[cfg(unix)]
#[test]
fn too_few_descriptors_are_no_pages_failure() {
    let latency = Latency::Fixed(Duration::from_millis(20));
    let site = Site::builder().pages(120).links(60).latency(latency);
    let site = site.start().unwrap();
    let program = assert_cmd::cargo::cargo_bin!("crawler")
        .display()
        .to_string();
    for model in ["threads", "rayon"] {
        let script = "ulimit -n 32; exec \"$0\" \"$@\"";
        let output = Command::new("sh")
            .args(["-c", script, &program, &site.url("/")])
            .args(["-j64", "--per-host=64", "--retries=0", "--model", model])
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert_eq!(output.status.code(), Some(0), "{model}: {out}{err}");
        assert_eq!(out.matches("200 ").count(), 120, "{model}: {out}{err}");
        assert!(err.contains("too many open files"), "{model}: {err}");
    }
}
