//! A pool, agents and a real Redis server, from outside: agents are processes, which are killed,
//! stopped and cut off.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod basics;
mod broker_faults;
mod chaos;
mod clients;
mod faults;
mod limits;
mod proxy;
mod retries;
mod support;

/// What the worker processes of agents run.
#[test]
fn worker() {
    executors::hook(support::JOBS);
}

/// What an agent's process runs; as a test it does nothing.
#[test]
fn agent() {
    support::agent::run_if_told();
}

/// What a client's process runs; as a test it does nothing.
#[test]
fn client() {
    clients::run_if_told();
}
