//! An agent: the program that runs on each machine of a cluster. It claims jobs and runs them in a
//! [`ProcessPool`] of its machine. So a job that crashes ends only itself.

mod claims;
mod main_loop;
mod report;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use executors::{EncodedAnswer, Error, Future, JobType, ProcessPool, ProcessPoolBuilder};

use crate::broker::{Broker, Link};
use crate::member::{Membership, setters};
use crate::protocol::Names;
use crate::sync::{lock, wait};
use report::Report;

/// How many workers may die in a row before the agent ends. Each may have died of a client's job.
pub(crate) const RESTART_LIMIT: u32 = 1000;

/// How long an agent, at its end, tries to send its last reports.
const LAST_REPORTS: Duration = Duration::from_millis(500);

/// Runs jobs of a cluster on this machine.
///
/// # Examples
/// The whole of a program that is an agent:
/// ```no_run
/// use cluster::{Agent, Broker};
/// use executors::{Error, JobType};
///
/// const JOBS: &[JobType] = &[/* executors::job::<MyJob>() */];
///
/// fn main() -> Result<(), Error> {
///     executors::hook(JOBS);
///     Agent::builder(JOBS).connect(&Broker::at("redis://localhost")?)?.run(|| false)?;
///     Ok(())
/// }
/// ```
pub struct Agent {
    shared: Arc<Shared>,
}

/// The reason why an agent has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was told to stop.
    Stopped,
    /// It was drained: it took no more jobs, and ended after its last one.
    Drained,
}

/// Sets up an [`Agent`].
#[must_use = "a builder does nothing until it connects"]
pub struct AgentBuilder {
    prefix: String,
    membership: Membership,
    jobs: Vec<JobType>,
    pool: ProcessPoolBuilder,
    size_limit: usize,
}

impl AgentBuilder {
    setters!(
        "How long this agent may be silent before it counts as dead. Its jobs are then answered as lost, or \
         offered to other agents. It renews the lease six times in that time, however long its jobs run."
    );

    /// The name of the machine. The default is its host name.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.membership.host = host.into();
        self
    }

    /// How many bytes the results of a job or chunk may take.
    pub fn size_limit(mut self, bytes: usize) -> Self {
        self.size_limit = bytes;
        self
    }

    /// The local pool: the number of workers and their limits.
    pub fn pool(mut self, pool: ProcessPoolBuilder) -> Self {
        self.pool = pool;
        self
    }

    /// Starts the workers, and connects to the broker.
    ///
    /// # Errors
    /// Those of [`ProcessPoolBuilder::build`] and [`ProcessPool::warm_up`]; [`Error::Disconnected`] and
    /// [`Error::VersionMismatch`] as from [`RedisPoolBuilder::connect`](crate::RedisPoolBuilder::connect).
    pub fn connect(self, broker: &Broker) -> Result<Agent, Error> {
        let pool = self.pool.frame_limit(self.size_limit).build()?;
        // An agent that could start no worker would answer every job with that.
        pool.warm_up()?;
        let (names, lease) = (Names::new(&self.prefix), self.membership.lease);
        let link = || Link::for_calls(broker.clone(), names.clone(), lease);
        let shared = Arc::new(Shared {
            links: Links {
                claims: Mutex::new(Link::for_waiting(broker.clone(), names.clone(), lease)),
                reports: Mutex::new(link()),
                heart: Mutex::new(link()),
                claiming: AtomicI64::new(0),
            },
            names: names.clone(),
            membership: self.membership,
            jobs: self.jobs,
            pool,
            state: Mutex::new(State {
                id: String::new(),
                running: HashMap::new(),
                reporting: HashSet::new(),
                unsent: Vec::new(),
                in_touch: true,
                stage: Stage::Working,
            }),
            changed: Condvar::new(),
        });
        shared.join(&mut lock(&shared.links.heart))?;
        Ok(Agent { shared })
    }
}

pub(crate) struct Shared {
    links: Links,
    names: Names,
    membership: Membership,
    jobs: Vec<JobType>,
    pool: ProcessPool,
    state: Mutex<State>,
    /// Signalled when a worker is free, or the stage changes.
    changed: Condvar,
}

/// Connections to the broker. Taken one at a time, and not with the state's lock.
struct Links {
    claims: Mutex<Link>,
    reports: Mutex<Link>,
    heart: Mutex<Link>,
    /// The broker's number for the connection on which jobs are awaited.
    claiming: AtomicI64,
}

struct State {
    /// The agent's id: another after its lease was lost.
    id: String,
    /// The jobs that its pool has, by the ids of their entries.
    running: HashMap<String, Running>,
    /// The entries of jobs that are no longer run, until the broker has their report.
    reporting: HashSet<String>,
    /// Reports that the broker does not have yet.
    unsent: Vec<Report>,
    /// Whether reports are sent. False if the agent ends while the broker can't be reached.
    in_touch: bool,
    stage: Stage,
}

impl State {
    /// Whether no job runs, and the broker has the report of each.
    fn all_is_reported(&self) -> bool {
        self.running.is_empty() && self.reporting.is_empty() && self.unsent.is_empty()
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Stage {
    Working,
    /// No more jobs are claimed.
    Draining,
    /// Its workers can't run, for this reason.
    Broken(Error),
    Ended,
}

struct Running {
    client: String,
    number: String,
    /// `None` until the local pool has taken it.
    future: Option<Future<EncodedAnswer>>,
    /// Its client has asked to end it.
    stopped: bool,
    /// Whether the client knows that it has begun.
    told: bool,
}

impl Agent {
    /// A builder for an agent with these types of jobs. It must be the list that [`executors::hook`] got.
    pub fn builder(jobs: &[JobType]) -> AgentBuilder {
        AgentBuilder {
            prefix: crate::DEFAULT_PREFIX.to_owned(),
            membership: Membership::new(),
            jobs: jobs.to_vec(),
            pool: ProcessPool::builder().restart_limit(RESTART_LIMIT),
            size_limit: crate::DEFAULT_SIZE_LIMIT,
        }
    }

    /// The agent's name at the broker.
    pub fn id(&self) -> String {
        lock(&self.shared.state).id.clone()
    }

    /// The process ids of its workers.
    pub fn pids(&self) -> Vec<u32> {
        self.shared.pool.pids()
    }

    /// Claims jobs and runs them, until it is drained or `stop` returns true. (`stop` is called about ten
    /// times a second.) When it stops, it ends its running jobs. Another agent runs those that may be repeated.
    /// The others get the answer [`Error::Killed`].
    ///
    /// While the broker can't be reached, the jobs continue, and the agent keeps their answers.
    ///
    /// # Errors
    /// [`Error::PoolBroken`] or [`Error::VersionMismatch`] if the workers can't run;
    /// [`Error::Disconnected`] if the broker refuses a request.
    pub fn run(self, stop: impl Fn() -> bool) -> Result<End, Error> {
        let shared = &self.shared;
        let claiming = Arc::clone(shared);
        let claims = std::thread::Builder::new()
            .name("cluster-claims".to_owned())
            .spawn(move || claiming.claim_jobs())
            .map_err(|error| Error::Spawn {
                what: "the thread that claims jobs".to_owned(),
                message: error.to_string(),
            })?;
        let end = shared.main_loop(&stop);
        shared.set_stage(Stage::Ended);
        // If the broker can't be reached, that thread ends later, by itself.
        let in_touch = shared.wake_claims(|| claims.is_finished());
        lock(&shared.state).in_touch = in_touch;
        // The pool's own threads answer what runs as killed.
        let _ = shared.pool.kill();
        if in_touch {
            shared.leave();
        }
        end
    }
}

impl Shared {
    fn join(&self, link: &mut Link) -> Result<(), Error> {
        let id = self.membership.new_id();
        let workers = self.pool.workers().to_string();
        let jobs: Vec<String> = self.jobs.iter().map(JobType::describe).collect();
        let jobs = jobs.join(", ");
        self.membership
            .join(link, Duration::ZERO, &id, &workers, &jobs)?;
        lock(&self.state).id = id;
        Ok(())
    }

    fn set_stage(&self, stage: Stage) {
        let mut state = lock(&self.state);
        if state.stage != Stage::Ended {
            state.stage = stage;
        }
        self.changed.notify_all();
    }

    /// Wakes the thread that waits for jobs until it has ended. False if the broker can't be reached.
    fn wake_claims(&self, ended: impl Fn() -> bool) -> bool {
        while !ended() {
            let claiming = self.links.claiming.load(Ordering::Relaxed);
            let mut link = lock(&self.links.heart);
            link.hurry();
            let woken = link.attempt(|connection| {
                redis::cmd("CLIENT")
                    .arg("UNBLOCK")
                    .arg(claiming)
                    .query::<i64>(connection)
            });
            drop(link);
            if woken.is_err() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        true
    }

    /// Leaves the broker: jobs that are claimed and not answered are offered again, or answered as lost.
    fn leave(&self) {
        self.resend();
        let start = Instant::now();
        let mut state = lock(&self.state);
        while !state.all_is_reported() && start.elapsed() < LAST_REPORTS {
            state = wait(&self.changed, state, Duration::from_millis(5));
        }
        let id = state.id.clone();
        drop(state);
        let why = format!("its agent {id} was stopped");
        let mut link = lock(&self.links.heart);
        // If the broker can't be reached, other members find the agent dead when its lease is over.
        let _ = Membership::leave(&mut link, Duration::ZERO, &id, "", &why);
    }
}

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("id", &self.id())
            .field("workers", &self.shared.pool.workers())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AgentBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentBuilder")
            .field("prefix", &self.prefix)
            .field("membership", &self.membership)
            .field("jobs", &self.jobs)
            .finish_non_exhaustive()
    }
}
