//! Builds a [`RedisPool`]: its limits, and how it joins or attaches at the broker.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use executors::{Counters, Error, PoolId, promise};

use crate::attached::Attached;
use crate::broker::{Broker, Link};
use crate::client::{Client, Limits, Open, State};
use crate::member::{Membership, setters};
use crate::pool::RedisPool;
use crate::protocol::Names;

/// Sets up a [`RedisPool`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it connects"]
pub struct RedisPoolBuilder {
    prefix: String,
    membership: Membership,
    limits: Limits,
}

impl RedisPoolBuilder {
    pub(crate) fn new() -> Self {
        Self {
            prefix: crate::DEFAULT_PREFIX.to_owned(),
            membership: Membership::new(),
            limits: Limits {
                queue: crate::DEFAULT_QUEUE_LIMIT,
                size: crate::DEFAULT_SIZE_LIMIT,
            },
        }
    }

    setters!(
        "How long this client may be silent before it counts as dead and its jobs are dropped. It is also how \
         long the broker may be away before its futures end as [`Error::Disconnected`]."
    );

    /// How many of this client's jobs may wait at the broker.
    pub fn queue_limit(mut self, jobs: usize) -> Self {
        self.limits.queue = jobs;
        self
    }

    /// How many bytes an encoded job or chunk may take. (The limit of results is a setting of the agents.)
    pub fn size_limit(mut self, bytes: usize) -> Self {
        self.limits.size = bytes;
        self
    }

    /// Connects to the broker.
    ///
    /// # Errors
    /// [`Error::Disconnected`] if it does not answer, or gives a wrong answer;
    /// [`Error::VersionMismatch`] if programs of another version use it under this prefix.
    pub fn connect(self, broker: &Broker) -> Result<RedisPool, Error> {
        let mut link = self.link(broker);
        let id = self.membership.new_id();
        self.membership
            .join(&mut link, Duration::ZERO, &id, "", "")?;
        self.start(broker, link, (id, 1, HashMap::new()))
    }

    /// Takes the place of a pool that was [detached](RedisPool::detach), and gets its answers.
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
        Link::for_calls(broker.clone(), self.names(), self.membership.lease)
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
            given_up: link.given_up(),
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
        let lease = self.membership.lease;
        let reader = Link::for_waiting(broker.clone(), self.names(), lease);
        RedisPool::start(client, self.link(broker), reader)
    }
}
