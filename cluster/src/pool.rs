//! An executor whose workers are on other machines.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use executors::{
    Counters, EncodedAnswer, EncodedExecutor, EncodedJob, Error, Executor, Future, Job, Owner,
    PoolId, promise, submit_once,
};

use crate::broker::{Broker, Link};
use crate::client::{Client, Limits, Open, State};
use crate::member::{Membership, host_name};
use crate::protocol::Names;
use crate::scripts;
use crate::sync::{lock, wait};
use crate::watch;

/// An executor whose jobs are run by [`Agent`](crate::Agent)s on any number of machines.
///
/// Its jobs end with it: when it is dropped it waits for them, and when its program dies the broker
/// drops those that wait and has those ended that run, unless it was [detached](RedisPool::detach).
///
/// # Examples
/// See the [crate's](crate).
pub struct RedisPool {
    client: Arc<Client>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// The broker's number for the connection on which answers are awaited.
    reader: Arc<AtomicI64>,
}

/// Sets up a [`RedisPool`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct RedisPoolBuilder {
    prefix: String,
    membership: Membership,
    limits: Limits,
}

impl RedisPoolBuilder {
    /// What the names of all keys begin with. Only clients and agents of one prefix know each other.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long this client may be silent before it counts as dead and its jobs are dropped; also how
    /// long the broker may be away before its futures end as [`Error::Disconnected`].
    pub fn lease(mut self, lease: Duration) -> Self {
        self.membership.lease = lease;
        self
    }

    /// How many of this client's jobs may wait at the broker.
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.limits.queue = jobs;
        self
    }

    /// How many bytes an encoded job or chunk may take. (Of results, that is for the agents to say.)
    pub fn size_limit(mut self, bytes: usize) -> Self {
        self.limits.size = bytes;
        self
    }

    /// Connects to the broker.
    ///
    /// # Errors
    /// [`Error::Disconnected`] if it does not answer, or not as it should;
    /// [`Error::VersionMismatch`] if programs of another version use it under this prefix.
    pub fn connect(self, broker: &Broker) -> Result<RedisPool, Error> {
        let mut link = self.link(broker);
        let id = self.membership.new_id();
        self.membership
            .join(&mut link, Duration::ZERO, &id, "", "")?;
        self.start(broker, link, (id, 1, HashMap::new()))
    }

    /// Takes the place of a pool that was [detached](RedisPool::detach): its answers come here.
    ///
    /// # Errors
    /// As [`connect`](RedisPoolBuilder::connect); [`Error::Expired`] if the pool's answers have
    /// expired; [`Error::Lost`] if it is not known, or not detached.
    pub fn attach(self, broker: &Broker, id: &str) -> Result<(RedisPool, Vec<Attached>), Error> {
        let mut link = self.link(broker);
        let (last, numbers) = self.membership.attach(&mut link, id)?;
        let mut open = HashMap::new();
        let mut attached = Vec::new();
        for number in numbers {
            let (promise, answer) = promise(Arc::new(()));
            open.insert(number, Open::Attached(promise));
            attached.push(Attached {
                number,
                answer,
                limit: self.limits.size,
            });
        }
        let pool = self.start(broker, link, (id.to_owned(), last + 1, open))?;
        Ok((pool, attached))
    }

    fn names(&self) -> Names {
        Names::new(&self.prefix)
    }

    fn link(&self, broker: &Broker) -> Link {
        // An answer that takes longer than this does not come.
        let patience = (watch::interval(self.membership.lease) * 2).max(Duration::from_millis(200));
        Link::new(broker.clone(), self.names(), patience)
    }

    fn start(
        &self,
        broker: &Broker,
        link: Link,
        (id, next, open): (String, u64, HashMap<u64, Open>),
    ) -> Result<RedisPool, Error> {
        let client = Arc::new(Client {
            pool: PoolId::new(),
            broker: broker.clone(),
            names: self.names(),
            membership: self.membership.clone(),
            limits: self.limits.clone(),
            calls: Mutex::new(link),
            state: Mutex::new(State {
                id,
                next,
                open,
                read: String::new(),
                slots: 0,
                counters: Counters::default(),
                closed: None,
                ended: false,
            }),
            changed: Condvar::new(),
        });
        let pool = RedisPool {
            client: Arc::clone(&client),
            threads: Mutex::default(),
            reader: Arc::new(AtomicI64::new(0)),
        };
        let (heart, reader) = (self.link(broker), self.link(broker));
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
}

impl RedisPool {
    /// A pool to be set up.
    pub fn builder() -> RedisPoolBuilder {
        RedisPoolBuilder {
            prefix: crate::DEFAULT_PREFIX.to_owned(),
            membership: Membership {
                host: host_name(),
                lease: crate::DEFAULT_LEASE,
            },
            limits: Limits {
                queue: crate::DEFAULT_QUEUE_LIMIT,
                size: crate::DEFAULT_SIZE_LIMIT,
            },
        }
    }

    /// Goes, and leaves its jobs: they are run as before, and their answers are kept for so long after
    /// this. Returns the name to [`attach`](RedisPoolBuilder::attach) to. The futures of this pool end
    /// as [`Error::Lost`].
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
        let what = format!("its pool was detached: its answer is for who attaches to {id}");
        self.client
            .give_up(&EncodedAnswer::Failed(Error::Lost { what }));
        Ok(id)
    }

    /// Gives up all jobs: those that wait never run, those that run are ended with their workers. Their
    /// futures end as [`Error::Cancelled`], and nothing more is accepted.
    ///
    /// # Errors
    /// [`Error::Disconnected`]: then the jobs are dropped when the pool's lease is over.
    pub fn kill(&self) -> Result<(), Error> {
        lock(&self.client.state).closed = Some(Error::ShutDown);
        let id = self.id();
        let why = "its client has given it up";
        let left = Membership::leave(&mut lock(&self.client.calls), Duration::ZERO, &id, "", why);
        self.end();
        self.client
            .give_up(&EncodedAnswer::Failed(Error::Cancelled));
        left.map(drop)
    }

    /// The name that this pool has at the broker.
    pub fn id(&self) -> String {
        lock(&self.client.state).id.clone()
    }

    /// The workers of all agents, as the broker last said.
    pub fn workers(&self) -> usize {
        lock(&self.client.state).slots
    }

    /// The jobs that are not answered: which of them run is for the agents to know.
    pub fn pending(&self) -> usize {
        lock(&self.client.state).open.len()
    }

    /// As [`Executor::counters`]; what was started is counted when it is answered.
    pub fn counters(&self) -> Counters {
        lock(&self.client.state).counters
    }

    /// As [`Executor::shutdown`]: what is pending are the jobs that no agent has claimed.
    ///
    /// # Errors
    /// [`Error::Deadlock`] in a callback of this pool, which would wait for itself.
    pub fn shutdown(&self, wait_for_jobs: bool, cancel_pending: bool) -> Result<(), Error> {
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
        for thread in lock(&self.threads).drain(..) {
            // The reader is woken, as it may wait for answers; more than once, as it may be on its way
            // to that. If the broker is away, it ends by itself in a while.
            let mut tries = 0;
            while !thread.is_finished() && tries < 200 {
                let reader = self.reader.load(Ordering::Relaxed);
                let woken = lock(&self.client.calls).attempt(|connection| {
                    redis::cmd("CLIENT")
                        .arg("UNBLOCK")
                        .arg(reader)
                        .query::<i64>(connection)
                });
                if woken.is_err() {
                    break;
                }
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

    fn workers(&self) -> usize {
        self.workers()
    }

    /// Two chunks for each worker; while none is known, for the first that come.
    fn look_ahead(&self) -> usize {
        self.workers().max(8) * 2
    }

    fn pending(&self) -> usize {
        self.pending()
    }

    fn counters(&self) -> Counters {
        self.counters()
    }

    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.shutdown(wait, cancel_pending)
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
        let _ = self.shutdown(true, std::thread::panicking());
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
            .field("workers", &self.workers())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

/// A job (or chunk of jobs) of a pool that was detached, to be answered.
#[derive(Debug)]
pub struct Attached {
    number: u64,
    answer: Future<(u32, EncodedAnswer)>,
    limit: usize,
}

impl Attached {
    /// The job's number, from 1, in the order in which that pool handed them in.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether it has been answered.
    pub fn is_done(&self) -> bool {
        self.answer.is_done()
    }

    /// The results of its jobs, which are of type `J`: of one, if it was no chunk. Waited for as long
    /// as it takes.
    ///
    /// # Errors
    /// What became of all of them instead; [`Error::Codec`] if they are of another type.
    pub fn results<J: Job>(self) -> Result<Vec<Result<J::Output, Error>>, Error> {
        let (count, answer) = self.answer.result()?;
        answer.read::<J>(count, self.limit)
    }
}
