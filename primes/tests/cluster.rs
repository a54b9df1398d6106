//! `--model cluster`: an agent of this tool, and a Redis server between them.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../cluster/tests/cluster/support/server.rs"]
mod server;

use std::process::{Command, Stdio};

use server::Server;

#[test]
fn primes_are_counted_by_an_agent() {
    let Some(server) = Server::start() else {
        return;
    };
    let url = server.url();
    let primes = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_primes"));
        command
            .args(args)
            .args(["--broker", &url])
            .stdin(Stdio::null());
        command
    };
    // Its jobs wait until it is there.
    let mut agent = primes(&["agent", "-j", "2"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = primes(&["count", "1e7", "--model", "cluster"])
        .output()
        .unwrap();
    // OEIS A006880.
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "664579\n",
        "{output:?}"
    );
    let output = primes(&["--model", "all", "--rounds", "1", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"cluster\""));
    agent.kill().unwrap();
    agent.wait().unwrap();
}

#[test]
fn all_models_leave_the_cluster_out_where_there_is_no_broker() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_primes"));
    command.args(["--model", "all", "--rounds", "1", "--json"]);
    let output = command.env_remove("CLUSTER_BROKER").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("\"cluster\""));
    let mut command = Command::new(env!("CARGO_BIN_EXE_primes"));
    command.args(["count", "100", "--model", "cluster"]);
    let output = command.env_remove("CLUSTER_BROKER").output().unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("CLUSTER_BROKER"),
        "{output:?}"
    );
}
