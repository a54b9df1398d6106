//! An agent in a process of its own: this test program, started again.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use cluster::{Agent, Broker};
use executors::ProcessPool;
use rustix::process::{Signal, kill_process};

use super::{JOBS, Server, pid_of, until};

const URL: &str = "CLUSTER_TEST_AGENT_URL";
const PREFIX: &str = "CLUSTER_TEST_AGENT_PREFIX";
const HOST: &str = "CLUSTER_TEST_AGENT_HOST";
const WORKERS: &str = "CLUSTER_TEST_AGENT_WORKERS";
const LEASE: &str = "CLUSTER_TEST_AGENT_LEASE_MS";

/// In the process of an agent: runs it, and ends the process.
pub fn run_if_told() {
    let var = |name| std::env::var(name);
    let Ok(url) = var(URL) else { return };
    executors::hook(JOBS);
    let broker = Broker::at(&url).unwrap();
    let workers = var(WORKERS).unwrap().parse().unwrap();
    let connect = || {
        let pool = ProcessPool::builder().workers(workers).restart_limit(1000);
        let pool = pool.worker_args(["worker", "--exact", "--nocapture"]);
        Agent::builder(JOBS)
            .prefix(var(PREFIX).unwrap())
            .host(var(HOST).unwrap())
            .lease(Duration::from_millis(var(LEASE).unwrap().parse().unwrap()))
            .size_limit(4 << 20)
            .pool(pool)
            .connect(&broker)
    };
    // Once more if the broker does not answer: this program may have been stopped meanwhile.
    let agent = connect().or_else(|_| connect()).unwrap();
    let end = agent.run(|| false);
    println!("the agent ended: {end:?}");
    std::process::exit(i32::from(end.is_err()));
}

pub struct AgentProcess {
    pub child: Child,
    pub host: String,
}

impl AgentProcess {
    /// Starts an agent, and waits until the broker knows it.
    pub fn start(server: &Server, host: &str, workers: usize, lease: Duration) -> AgentProcess {
        let agent = Self::start_at(&server.url(), host, workers, lease);
        let is_it = |row: &cluster::AgentRow| row.host == host;
        until("the agent has come", || {
            server.overview().agents.iter().any(is_it)
        });
        agent
    }

    pub fn start_at(url: &str, host: &str, workers: usize, lease: Duration) -> AgentProcess {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["agent", "--exact", "--nocapture"])
            .env(URL, url)
            .env(PREFIX, "test")
            .env(HOST, host)
            .env(WORKERS, workers.to_string())
            .env(LEASE, lease.as_millis().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        AgentProcess {
            child,
            host: host.to_owned(),
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(pid_of(&self.child), signal).unwrap();
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for AgentProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
