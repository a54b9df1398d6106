//! Tests of the process pool through its public interface.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod chaos;
mod cpython;
mod deaths;
mod exit;
mod extend;
mod forks;
mod health;
mod options;
mod parent;
mod pipe;
mod pool;
mod reports;
mod sent;
mod signals;
mod starts;
mod worker_args;

/// Not a test: the workers run it. Without the marks of a worker it does nothing.
#[test]
fn worker() {
    if std::env::var_os(extend::OTHER_LIST).is_some() {
        executors::hook(extend::OTHER_JOBS);
    }
    executors::hook(support::JOBS);
}
