//! A Redis server of one's own, agents in processes of their own, and jobs that misbehave.

pub mod agent;
pub mod jobs;
pub mod server;

pub use agent::AgentProcess;
pub use jobs::{Act, Done, JOBS};
pub use server::{Server, until};

use std::process::Child;
use std::time::Duration;

use cluster::{Broker, Overview, RedisPool};
use executors::{Executor, Future};
use rustix::process::{Pid, Signal, kill_process};

impl Server {
    pub fn broker(&self) -> Broker {
        Broker::at(&self.url()).unwrap()
    }

    /// Asks again if there is no answer: this program may have been stopped meanwhile, for a measurement, say.
    pub fn overview(&self) -> Overview {
        let mut overview = None;
        until("the broker tells the state", || {
            overview = cluster::overview(&self.broker(), "test").ok();
            overview.is_some()
        });
        overview.unwrap()
    }

    /// A command, by a connection of its own.
    pub fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let client = redis::Client::open(self.url()).unwrap();
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command
            .query(&mut client.get_connection().unwrap())
            .unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(pid_of(&self.child), signal).unwrap();
    }
}

pub fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// A lease that is over soon.
pub const SHORT: Duration = Duration::from_millis(1500);
/// A lease that no test outlives.
pub const LONG: Duration = Duration::from_secs(600);

/// A client of the server.
pub fn pool(server: &Server, lease: Duration) -> RedisPool {
    let builder = RedisPool::builder().prefix("test").lease(lease);
    builder.connect(&server.broker()).unwrap()
}

/// Submits a job that waits for a file, and waits until it runs.
pub fn submit_blocker(pool: &RedisPool, server: &Server, name: &str) -> Future<Done> {
    let future = pool
        .submit(Act::Mark(server.file(name), server.file("go")))
        .unwrap();
    until("the job runs", || server.has(name));
    future
}
