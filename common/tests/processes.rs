//! Real child processes: this test binary, started again for one of the ignored tests below.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use common::timing::cpu_time;
use common::trace::{self, Trace};
use serde_json::Value;
use std::hint::black_box;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt;

/// Starts this binary as one of the roles below.
fn role(name: &str) -> Child {
    let this = std::env::current_exe().unwrap();
    Command::new(this)
        .args(["--exact", name, "--ignored"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
#[ignore = "a role: the worker whose spans are merged, which dies in its second span"]
fn traced_worker() {
    assert!(trace::worker());
    tracing::info_span!("sieve", segment = 3).in_scope(|| black_box(2 + 2));
    tracing::info_span!("unfinished").in_scope(|| std::process::abort());
}

#[test]
#[ignore = "a role: a child that uses CPU time"]
fn busy_child() {
    while cpu_time().total() < Duration::from_millis(100) {
        black_box((0..10_000_u64).fold(0, |sum, n| sum ^ black_box(n)));
    }
}

#[test]
fn a_killed_workers_spans_are_merged_under_its_real_pid() {
    let trace = Trace::with_workers().unwrap();
    let second = Trace::with_workers().map(drop).unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::AlreadyExists);

    let subscriber = tracing_subscriber::registry().with(trace.layer());
    let (pid, status) = tracing::subscriber::with_default(subscriber, || {
        tracing::info_span!("wait").in_scope(|| {
            let mut worker = role("traced_worker");
            (worker.id(), worker.wait().unwrap())
        })
    });
    assert!(!status.success());

    let events = events(&trace);
    let wait = find(&events, "name", "wait");
    let sieve = find(&events, "name", "sieve");
    assert_eq!(wait["pid"], std::process::id());
    assert_eq!(sieve["pid"], pid);
    assert_eq!(sieve["args"]["segment"], "3");
    assert!(!events.iter().any(|event| event["name"] == "unfinished"));
    let thread = events
        .iter()
        .find(|event| event["name"] == "thread_name" && event["pid"] == pid)
        .unwrap();
    assert_eq!(thread["tid"], sieve["tid"]);
    assert_eq!(thread["args"]["name"], "traced_worker");
    // Both use the same clock: the worker's span lies inside the parent's wait for it.
    let bounds = |event: &Value| {
        let start = event["ts"].as_f64().unwrap();
        (start, start + event["dur"].as_f64().unwrap())
    };
    assert!(bounds(wait).0 < bounds(sieve).0 && bounds(sieve).1 < bounds(wait).1);
    assert!(trace.text_lanes(100).contains("process 2 traced_worker"));

    let folder = std::env::temp_dir().join(format!("many-hands-trace-{}", std::process::id()));
    assert!(folder.exists());
    drop(trace);
    assert!(!folder.exists());
}

fn events(trace: &Trace) -> Vec<Value> {
    let mut json = Vec::new();
    trace.chrome(&mut json).unwrap();
    let document: Value = serde_json::from_slice(&json).unwrap();
    document["traceEvents"].as_array().unwrap().clone()
}

fn find<'e>(events: &'e [Value], key: &str, value: &str) -> &'e Value {
    events.iter().find(|event| event[key] == value).unwrap()
}

#[test]
#[ignore = "a role: a worker that leaves many spans, and then waits no more"]
fn busy_worker() {
    assert!(trace::worker());
    for number in 0..SPANS {
        tracing::info_span!("work", number).in_scope(|| ());
    }
}

const SPANS: u64 = 5000;

/// A limit on the file size acts like a full disk: a worker can't add more.
#[test]
fn spans_that_did_not_fit_on_the_disk_are_told_in_every_picture() {
    // A process can have only one such trace, and the other test has it: run this one in a process
    // of its own.
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "parent_of_a_limited_worker", "--ignored"])
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[test]
#[ignore = "a role: a process that traces a worker which can write 64 KiB"]
fn parent_of_a_limited_worker() {
    let trace = Trace::with_workers().unwrap();
    assert_eq!(trace.losses(), [""; 0]);
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$0\" --exact busy_worker --ignored";
    let status = Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());

    let mut json = Vec::new();
    trace.chrome(&mut json).unwrap();
    let document: Value = serde_json::from_slice(&json).unwrap();
    let lost = document["otherData"]["lost_spans"].as_u64().unwrap();
    let kept = document["traceEvents"].as_array().unwrap().iter();
    let kept = kept.filter(|event| event["ph"] == "X").count() as u64;
    assert!(kept > 100 && lost > 100, "{kept} kept, {lost} lost");
    assert_eq!(kept + lost, SPANS);
    let told = format!("incomplete: {lost} spans of worker processes could not be written");
    assert!(trace.text_lanes(100).contains(&told));
    assert!(trace.svg().contains(&told));
    assert!(trace.losses()[0].starts_with(&told["incomplete: ".len()..]));
}

#[test]
fn cpu_time_counts_a_child_once_it_is_reaped() {
    let before = cpu_time();
    assert!(role("busy_child").wait().unwrap().success());
    let used = cpu_time() - before;
    assert!(used.total() >= Duration::from_millis(100), "{used:?}");
}
