//! The command, from outside.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "cluster/support/server.rs"]
mod server;

use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use server::{Server, until};

fn cluster(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cluster"));
    command
        .args(args)
        .env_remove("CLUSTER_BROKER")
        .stdin(Stdio::null());
    command
}

fn run(args: &[&str]) -> Output {
    cluster(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8_lossy(&output.stderr)
}

fn top(url: &str) -> Value {
    let output = run(&["top", "--once", "--json", "--broker", url]);
    assert!(output.status.success(), "{}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

struct Agent(Child);

impl Agent {
    fn start(url: &str, host: &str) -> Agent {
        let mut command = cluster(&["agent", "--broker", url, "-j", "1", "--host", host]);
        let agent = Agent(command.stderr(Stdio::null()).spawn().unwrap());
        until("the agent has come", || {
            let agents = top(url)["agents"].as_array().unwrap().clone();
            agents.iter().any(|agent| agent["host"] == host)
        });
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn without_a_broker_the_demonstration_says_how_to_get_one() {
    let output = run(&["-j", "2"]);
    assert!(output.status.success(), "{}", text(&output));
    let shown = text(&output);
    // OEIS A006880.
    assert!(shown.contains("78498 primes"), "{shown}");
    assert!(shown.contains("apt install redis-server"), "{shown}");
    assert!(shown.contains("cluster agent --broker"), "{shown}");
}

#[test]
fn what_needs_a_broker_says_so() {
    for command in [&["agent"][..], &["top"], &["drain", "here"], &["dead"]] {
        let output = run(command);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{command:?}: {}",
            text(&output)
        );
        assert!(
            text(&output).contains("CLUSTER_BROKER"),
            "{}",
            text(&output)
        );
    }
    let output = run(&["top", "--broker", "redis://user:s3cret@"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(!text(&output).contains("s3cret"), "{}", text(&output));
    // Nobody listens there.
    let output = run(&["top", "--once", "--broker", "redis://u:s3cret@127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("127.0.0.1:1"), "{}", text(&output));
    assert!(!text(&output).contains("s3cret"), "{}", text(&output));
}

#[test]
fn a_broker_that_wants_a_password_says_so() {
    let Some(server) = Server::start() else {
        return;
    };
    let client = redis::Client::open(server.url()).unwrap();
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("requirepass").arg("s3cret");
    set.exec(&mut client.get_connection().unwrap()).unwrap();
    for command in [&["top", "--once"][..], &["agent", "-j", "1"]] {
        let url = server.url();
        let output = run(&[command, &["--broker", &url]].concat());
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        // The words of Redis.
        let shown = text(&output);
        assert!(shown.contains("Authentication required"), "{shown}");
    }
}

#[test]
fn the_demonstration_runs_on_an_agent_which_is_seen_and_drained() {
    let Some(server) = Server::start() else {
        return;
    };
    let url = server.url();
    let mut agent = Agent::start(&url, "node-7");
    let output = run(&["--broker", &url, "-j", "1", "--json"]);
    assert!(output.status.success(), "{}", text(&output));
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    let counts: Vec<_> = shown["runs"].as_array().unwrap().iter().collect();
    assert_eq!(counts.len(), 2);
    assert!(counts.iter().all(|run| run["count"] == 78498), "{shown}");
    let seen = top(&url);
    assert_eq!(seen["totals"]["done"], 100);
    assert_eq!(seen["agents"][0]["workers"], 1);
    assert_eq!(seen["clients"], Value::Array(Vec::new()));
    let shown = text(&run(&["top", "--once", "--broker", &url]));
    assert!(
        shown.contains("agents: 1, workers: 1") && shown.contains("node-7-"),
        "{shown}"
    );
    let output = run(&["trip", "--broker", &url, "--runs", "2", "--json"]);
    assert!(output.status.success(), "{}", text(&output));
    let trip: Value = serde_json::from_slice(&output.stdout).unwrap();
    let times = trip["round_trip"].as_array().unwrap();
    assert!(times.len() == 2 && times.iter().all(|it| it.as_f64().unwrap() > 0.0));
    let output = run(&["drain", "nowhere", "--broker", &url]);
    assert_eq!(output.status.code(), Some(1));
    let output = run(&["drain", "node-7", "--broker", &url, "--json"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(agent.0.wait().unwrap().success());
    assert_eq!(text(&run(&["dead", "--broker", &url])), "");
    let output = run(&["trip", "--broker", &url]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("no agents"), "{}", text(&output));
}

#[test]
fn an_agent_ends_at_once_when_it_is_told_to_by_a_signal() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut agent = Agent::start(&server.url(), "one");
    let pid = rustix::process::Pid::from_child(&agent.0);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(agent.0.wait().unwrap().code(), Some(130));
    assert_eq!(top(&server.url())["agents"], Value::Array(Vec::new()));
}

#[test]
fn an_agent_ends_although_its_broker_does_not_answer() {
    let Some(server) = Server::start() else {
        return;
    };
    let url = server.url();
    // With a lease of this length each answer was once waited for, for minutes.
    let args = ["agent", "--broker", &url, "-j", "1", "--lease", "20m"];
    let mut agent = Agent(cluster(&args).stderr(Stdio::null()).spawn().unwrap());
    until("the agent has come", || {
        top(&url)["agents"] != Value::Array(Vec::new())
    });
    let pid = |child: &Child| rustix::process::Pid::from_child(child);
    let signal = |child: &Child, signal| rustix::process::kill_process(pid(child), signal).unwrap();
    signal(&server.child, rustix::process::Signal::STOP);
    signal(&agent.0, rustix::process::Signal::TERM);
    until("the agent has ended", || {
        agent.0.try_wait().unwrap().is_some()
    });
}
