//! An executor whose workers are on other machines.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use executors::{
    Counters, EncodedAnswer, EncodedExecutor, EncodedJob, Error, Executor, Owner, submit_once,
};

use crate::broker::Link;
use crate::builder::RedisPoolBuilder;
use crate::client::Client;
use crate::member::Membership;
use crate::scripts;
use crate::sync::{lock, wait};
use crate::watch;

/// An executor whose jobs are run by [`Agent`](crate::Agent)s on any number of machines.
///
/// If the pool is dropped, it waits for its jobs. If its program dies, its jobs end too: waiting jobs are
/// dropped, and running jobs are stopped. With [`detach`](RedisPool::detach) they continue.
///
/// # Examples
/// See the [crate's](crate).
pub struct RedisPool {
    client: Arc<Client>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The broker's number for the connection that waits for answers.
    reader: Arc<AtomicI64>,
}

impl RedisPool {
    /// A builder with the default settings.
    pub fn builder() -> RedisPoolBuilder {
        RedisPoolBuilder::new()
    }

    /// Starts two threads: one renews the client's lease, the other reads its answers. Each has its own link.
    pub(crate) fn start(client: Arc<Client>, heart: Link, reader: Link) -> Result<Self, Error> {
        let pool = RedisPool {
            client: Arc::clone(&client),
            threads: Mutex::default(),
            reader: Arc::new(AtomicI64::new(0)),
        };
        let beating = Arc::clone(&client);
        pool.spawn("cluster-lease", move || beating.beat(heart))?;
        let number = Arc::clone(&pool.reader);
        pool.spawn("cluster-answers", move || {
            client.read_answers(reader, |id| {
                number.store(id.unwrap_or(0), Ordering::Relaxed)
            });
        })?;
        Ok(pool)
    }

    /// Ends this pool and leaves its jobs at the broker. They run as before, and their answers are kept for
    /// `keep`. Returns the name for [`attach`](RedisPoolBuilder::attach). The futures of this pool end as
    /// [`Error::Lost`].
    ///
    /// # Errors
    /// [`Error::Disconnected`]: then the jobs are dropped when the pool's lease is over.
    pub fn detach(self, keep: Duration) -> Result<String, Error> {
        lock(&self.client.state).closed = Some(Error::ShutDown);
        self.end();
        let (id, read) = {
            let state = lock(&self.client.state);
            (state.id.clone(), state.read.clone())
        };
        let keep = keep.as_millis().max(1).to_string();
        let arguments = [id.as_bytes(), keep.as_bytes(), read.as_bytes()];
        let lease = self.client.membership.lease;
        let left: bool = lock(&self.client.calls).run(lease, &scripts::DETACH, &arguments)?;
        if !left {
            return Err(self
                .client
                .broker
                .disconnected("the client has lost its lease"));
        }
        let what =
            format!("its pool was detached: the client that attaches to {id} gets its answer");
        self.client
            .give_up(&EncodedAnswer::Failed(Error::Lost { what }));
        Ok(id)
    }

    /// Ends all jobs: those that wait never run, and those that run are ended with their workers. Their
    /// futures end as [`Error::Cancelled`], and the pool accepts no more jobs.
    ///
    /// # Errors
    /// [`Error::Disconnected`]: then the jobs are dropped when the pool's lease is over.
    pub fn kill(&self) -> Result<(), Error> {
        lock(&self.client.state).closed = Some(Error::ShutDown);
        self.client.given_up.store(true, Ordering::Relaxed);
        let id = self.id();
        let why = "its client has ended all its jobs";
        let left = {
            let mut calls = lock(&self.client.calls);
            calls.hurry();
            Membership::leave(&mut calls, Duration::ZERO, &id, "", why)
        };
        self.end();
        self.client
            .give_up(&EncodedAnswer::Failed(Error::Cancelled));
        left.map(drop)
    }

    /// The pool's name at the broker.
    pub fn id(&self) -> String {
        lock(&self.client.state).id.clone()
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread = thread.map_err(|error| Error::Spawn {
            what: format!("the thread {name}"),
            message: error.to_string(),
        })?;
        lock(&self.threads).push(thread);
        Ok(())
    }

    /// Ends the threads.
    fn end(&self) {
        lock(&self.client.state).ended = true;
        self.client.changed.notify_all();
        let interval = watch::interval(self.client.membership.lease);
        let mut reachable = true;
        for thread in lock(&self.threads).drain(..) {
            // Wakes the reader, which may wait for answers; more than once, as it may be about to. If the
            // broker can't be reached, the reader ends by itself.
            let mut tries = 0;
            while reachable && !thread.is_finished() && tries < 200 {
                let reader = self.reader.load(Ordering::Relaxed);
                let woken = lock(&self.client.calls).attempt(|connection| {
                    redis::cmd("CLIENT")
                        .arg("UNBLOCK")
                        .arg(reader)
                        .query::<i64>(connection)
                });
                reachable = woken.is_ok();
                tries += 1;
                std::thread::sleep(interval.min(Duration::from_millis(1)));
            }
            if thread.is_finished() {
                let _ = thread.join();
            }
        }
    }
}

impl EncodedExecutor for RedisPool {
    fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        submit_once(self.client.pool, job, |job| self.client.submit(job))
    }

    fn size_limit(&self) -> usize {
        self.client.limits.size
    }

    /// The number of workers of all agents, from the broker's last answer.
    fn workers(&self) -> usize {
        lock(&self.client.state).slots
    }

    /// Two chunks for each worker. While there is no agent, it is the number for the first workers that may come.
    fn look_ahead(&self) -> usize {
        lock(&self.client.state).slots.max(8) * 2
    }

    /// The jobs without an answer. Only the agents know which of them run.
    fn pending(&self) -> usize {
        lock(&self.client.state).open.len()
    }

    /// A job counts as started when it is answered.
    fn counters(&self) -> Counters {
        lock(&self.client.state).counters
    }

    /// Pending jobs are those that no agent has claimed.
    fn shutdown(&self, wait_for_jobs: bool, cancel_pending: bool) -> Result<(), Error> {
        let client = &self.client;
        let id = {
            let mut state = lock(&client.state);
            state.closed = Some(Error::ShutDown);
            state.id.clone()
        };
        if cancel_pending {
            let lease = client.membership.lease;
            // If the broker is away, the jobs end as disconnected.
            let _: Result<i64, _> =
                lock(&client.calls).run(lease, &scripts::WITHDRAW, &[id.as_bytes()]);
        }
        if wait_for_jobs {
            if client.pool.is_here() {
                return Err(Error::Deadlock);
            }
            let mut state = lock(&client.state);
            while !state.open.is_empty() && !state.ended {
                state = wait(&client.changed, state, Duration::from_secs(1));
            }
        }
        Ok(())
    }
}

impl Executor for RedisPool {
    fn encoded(&self) -> &dyn EncodedExecutor {
        self
    }
}

impl Drop for RedisPool {
    fn drop(&mut self) {
        if lock(&self.client.state).ended {
            return; // Detached.
        }
        // In a callback of this very pool there is no wait.
        let _ = EncodedExecutor::shutdown(self, true, std::thread::panicking());
        self.end();
        let id = self.id();
        // If the broker is away, it drops this client when its lease is over.
        let why = "its client has ended";
        let _ = Membership::leave(&mut lock(&self.client.calls), Duration::ZERO, &id, "", why);
    }
}

impl fmt::Debug for RedisPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisPool")
            .field("broker", &self.client.broker)
            .field("id", &self.id())
            .field("workers", &EncodedExecutor::workers(self))
            .field("pending", &EncodedExecutor::pending(self))
            .finish_non_exhaustive()
    }
}
