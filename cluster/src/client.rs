//! A client's jobs: those that it has submitted and that are not answered yet.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use executors::{Counters, EncodedAnswer, EncodedJob, Error, Owner, Patience, PoolId, Promise};

use crate::broker::{Broker, Link};
use crate::member::{Beat, Heart, Membership};
use crate::protocol::{self, BESIDE, Header, INLINE, Names};
use crate::scripts;
use crate::sync::{lock, wait};

/// How often a submit checks whether the queue has room.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// The limits of a client.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) queue: usize,
    pub(crate) size: usize,
}

pub(crate) struct Client {
    pub(crate) pool: PoolId,
    pub(crate) broker: Broker,
    pub(crate) names: Names,
    pub(crate) membership: Membership,
    pub(crate) limits: Limits,
    /// For calls to the broker. Locked before `state`.
    pub(crate) calls: Mutex<Link>,
    /// Set when the client ends: calls that fail are not tried again.
    pub(crate) given_up: Arc<AtomicBool>,
    pub(crate) state: Mutex<State>,
    /// Signalled when a job is answered, and when the client gets another id or ends.
    pub(crate) changed: Condvar,
}

pub(crate) struct State {
    /// The client's id at the broker: another after its lease was lost.
    pub(crate) id: String,
    /// The number of the next job.
    pub(crate) next: u64,
    pub(crate) open: HashMap<u64, Open>,
    /// The id of the last answer that was read.
    pub(crate) read: String,
    pub(crate) slots: usize,
    pub(crate) counters: Counters,
    pub(crate) closed: Option<Error>,
    pub(crate) ended: bool,
}

/// A job without an answer yet.
pub(crate) enum Open {
    Job(EncodedJob),
    /// A job of a client that was detached.
    Attached(Promise<(u32, EncodedAnswer)>),
}

impl Open {
    /// An agent has begun it.
    pub(crate) fn begun(&self) {
        match self {
            Open::Job(job) => job.start(),
            Open::Attached(promise) => promise.start(),
        };
    }

    pub(crate) fn cancelled(self) {
        match self {
            Open::Job(job) => job.refuse(Error::Cancelled),
            Open::Attached(promise) => promise.finish(Err(Error::Cancelled)),
        }
    }

    pub(crate) fn finish(self, count: u32, answer: EncodedAnswer) {
        self.begun();
        match self {
            Open::Job(job) => job.answer(&answer),
            Open::Attached(promise) => promise.finish(Ok((count, answer))),
        }
    }
}

impl Client {
    /// Submits a job. While the queue is full it waits, at most as long as the job's options allow.
    pub(crate) fn submit(self: &Arc<Self>, mut job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        let header = Header::of(&job).encode();
        let tries = job.options().get_retries().to_string();
        let limit = self.limits.queue.to_string();
        let patience = if self.pool.is_here() {
            Patience::Never
        } else {
            job.options().get_patience()
        };
        let payload = job.take_payload();
        let place = if payload.len() > INLINE {
            BESIDE.to_vec()
        } else {
            protocol::inline(&payload)
        };
        let start = Instant::now();
        loop {
            let mut calls = lock(&self.calls);
            let (id, number) = self.open(job)?;
            let text = number.to_string();
            let mut arguments = vec![
                id.as_bytes(),
                text.as_bytes(),
                limit.as_bytes(),
                &header,
                tries.as_bytes(),
                &place,
            ];
            if payload.len() > INLINE {
                arguments.push(&payload);
            }
            let reply: Result<String, Error> =
                calls.run(self.membership.lease, &scripts::SUBMIT, &arguments);
            drop(calls);
            let mut state = lock(&self.state);
            let is_gone = match reply {
                Ok(reply) if reply == "ok" => {
                    state.counters.submitted += 1;
                    return Ok(Arc::new(Ticket {
                        client: Arc::clone(self),
                        id,
                        number,
                    }));
                }
                Ok(reply) => reply == "gone",
                Err(error) => {
                    state.open.remove(&number);
                    return Err(error);
                }
            };
            // The broker does not have it, and its number goes to the next job.
            if state.id == id {
                state.next = number;
            }
            let Some(Open::Job(back)) = state.open.remove(&number) else {
                return Err(self.broker.disconnected("the client has lost its lease"));
            };
            job = back;
            let full = Error::QueueFull {
                limit: self.limits.queue,
            };
            let late = match patience {
                Patience::Forever => false,
                Patience::Until(at) => at <= Instant::now(),
                _ => true,
            };
            if is_gone && start.elapsed() > self.membership.lease {
                return Err(self.broker.disconnected("the client has lost its lease"));
            }
            if !is_gone && late {
                return Err(full);
            }
            drop(wait(&self.changed, state, ASK_AGAIN));
        }
    }

    /// Stores a job as one without an answer, before it goes to the broker.
    fn open(&self, job: EncodedJob) -> Result<(String, u64), Error> {
        let mut state = lock(&self.state);
        if let Some(reason) = &state.closed {
            return Err(reason.clone());
        }
        let number = state.next;
        state.next += 1;
        state.open.insert(number, Open::Job(job));
        Ok((state.id.clone(), number))
    }

    /// Ends all jobs that are not answered.
    pub(crate) fn give_up(&self, answer: &EncodedAnswer) {
        let open = std::mem::take(&mut lock(&self.state).open);
        for job in open.into_values() {
            job.finish(1, answer.clone());
        }
        self.changed.notify_all();
    }

    /// Renews the lease until the client ends.
    pub(crate) fn beat(&self, mut link: Link) {
        self.pool.adopt();
        let mut heart = Heart::new(self.membership.lease);
        // Whether the jobs have been given up, so that the lease is of no more use.
        let mut given_up = false;
        loop {
            let (id, read) = {
                let mut state = lock(&self.state);
                while !state.ended && !heart.until_next().is_zero() {
                    state = wait(&self.changed, state, heart.until_next());
                }
                if state.ended {
                    return;
                }
                (state.id.clone(), state.read.clone())
            };
            match heart.beat(&mut link, &[id.as_bytes(), read.as_bytes()]) {
                Beat::Renewed(slots) if !given_up => lock(&self.state).slots = slots,
                Beat::Renewed(_) => {
                    let why = "its client was cut off for longer than its lease";
                    if Membership::leave(&mut link, Duration::ZERO, &id, "", why).is_ok() {
                        given_up = !self.join_again(&mut link);
                    }
                }
                Beat::Gone => {
                    self.cut_off("for longer than its lease: its jobs were dropped");
                    given_up = !self.join_again(&mut link);
                }
                Beat::Down(since, message) => {
                    // About when other members remove this one: within the lease.
                    if since >= self.membership.lease * 2 / 3 && !given_up {
                        self.cut_off(&message);
                        given_up = true;
                    }
                    link.rest();
                }
            }
        }
    }

    fn cut_off(&self, message: &str) {
        self.give_up(&EncodedAnswer::Failed(self.broker.disconnected(message)));
    }

    /// Joins again, under another id; false if that failed.
    fn join_again(&self, link: &mut Link) -> bool {
        let id = self.membership.new_id();
        let joined = self.membership.join(link, Duration::ZERO, &id, "", "");
        if joined.is_ok() {
            let mut state = lock(&self.state);
            state.id = id;
            state.next = 1;
            state.read = String::new();
            drop(state);
            // Jobs that were submitted under the old id in the meantime.
            self.cut_off("for longer than its lease: its jobs were dropped");
        }
        joined.is_ok()
    }
}

/// With this a future asks its client to cancel its job.
struct Ticket {
    client: Arc<Client>,
    id: String,
    number: u64,
}

impl Ticket {
    fn ask(&self, script: &redis::Script) -> bool {
        if lock(&self.client.state).id != self.id {
            return false;
        }
        let number = self.number.to_string();
        let arguments = [self.id.as_bytes(), number.as_bytes()];
        let lease = self.client.membership.lease;
        let reply = lock(&self.client.calls).run(lease, script, &arguments);
        reply.unwrap_or(false)
    }
}

impl Owner for Ticket {
    fn withdraw(&self) -> bool {
        self.ask(&scripts::CANCEL)
    }

    fn cancelled(&self) {
        lock(&self.client.state).counters.cancelled += 1;
    }

    fn stop(&self) -> bool {
        self.ask(&scripts::STOP)
    }

    fn pool(&self) -> Option<PoolId> {
        Some(self.client.pool)
    }
}
