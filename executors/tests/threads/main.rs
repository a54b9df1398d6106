//! Tests of the thread pool through its public interface.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cpython;
mod faults;
mod many;
mod pool;

use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use executors::{Future, Job, ThreadPool};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Copy, Debug, PartialEq)]
struct Square(u64);

impl Job for Square {
    type Output = u64;
    fn run(self) -> u64 {
        assert_ne!(self.0, 13, "unlucky");
        self.0 * self.0
    }
}

/// Keeps a worker busy until the sender is dropped.
fn occupy(pool: &ThreadPool) -> (Sender<()>, Future<()>) {
    let (release, blocked) = mpsc::channel::<()>();
    let (started, running) = mpsc::channel();
    let future = pool
        .spawn(move || {
            started.send(()).unwrap();
            let _ = blocked.recv();
        })
        .unwrap();
    running.recv().unwrap();
    (release, future)
}

/// A wait this long means that the test has failed.
const LONG: Duration = Duration::from_secs(60);
