//! What agents and clients have in common: an id, a lease that they renew, and other members that they
//! watch.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

use executors::Error;

use crate::broker::{Failure, Link};
use crate::protocol::VERSION;
use crate::scripts;
use crate::watch::{self, Seen, Watch};

/// The settings of an agent or a client.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) host: String,
    pub(crate) lease: Duration,
}

impl Membership {
    pub(crate) fn new() -> Self {
        Self {
            host: host_name(),
            lease: crate::DEFAULT_LEASE,
        }
    }

    /// An id that no other member has had.
    pub(crate) fn new_id(&self) -> String {
        let random = RandomState::new().build_hasher().finish();
        format!("{}-{}-{random:016x}", self.host, std::process::id())
    }

    fn lease_ms(&self) -> String {
        self.lease.as_millis().to_string()
    }

    /// Joins as `id`. `workers` is empty for a client.
    pub(crate) fn join(
        &self,
        link: &mut Link,
        limit: Duration,
        id: &str,
        workers: &str,
        jobs: &str,
    ) -> Result<(), Error> {
        let (lease, pid) = (self.lease_ms(), std::process::id().to_string());
        let arguments = [
            id, &lease, VERSION, workers, "host", &self.host, "pid", &pid, "jobs", jobs,
        ];
        let reply: String = link.run(limit, &scripts::JOIN, &arguments.map(str::as_bytes))?;
        if reply == "ok" {
            return Ok(());
        }
        if let Some(policy) = reply.strip_prefix("evicts ") {
            let what = format!(
                "a broker that deletes jobs when its memory is full (maxmemory-policy {policy}; \
                 set noeviction)"
            );
            return Err(Error::Unsupported { what });
        }
        Err(Error::VersionMismatch {
            job: "the cluster's protocol".to_owned(),
            ours: format!("version {VERSION}"),
            theirs: format!("version {reply}"),
        })
    }

    /// Takes the place of a client that was detached. Returns the number of its last job, and the numbers of the
    /// jobs without an answer.
    pub(crate) fn attach(&self, link: &mut Link, id: &str) -> Result<(u64, Vec<u64>), Error> {
        let lease = self.lease_ms();
        let arguments = [id.as_bytes(), lease.as_bytes()];
        let reply: Vec<String> = link.run(Duration::ZERO, &scripts::ATTACH, &arguments)?;
        let lost = |what: String| Err(Error::Lost { what });
        match reply.first().map(String::as_str) {
            Some("live") => lost(format!("{id} is attached, or was until moments ago")),
            Some("unknown") | None => lost(format!("the broker does not know {id}")),
            Some("expired") => Err(Error::Expired {
                part: executors::Part::Result,
                after: Duration::from_millis(number(reply.get(1))),
            }),
            last => {
                let mut open: Vec<u64> = reply[1..].iter().map(|n| number(Some(n))).collect();
                open.sort_unstable();
                Ok((last.and_then(|n| n.parse().ok()).unwrap_or(0), open))
            }
        }
    }

    /// Removes a member: this one, or one whose beats stand still at `beats`.
    pub(crate) fn leave(
        link: &mut Link,
        limit: Duration,
        id: &str,
        beats: &str,
        why: &str,
    ) -> Result<bool, Error> {
        link.run(limit, &scripts::LEAVE, &[id, beats, why].map(str::as_bytes))
    }
}

fn number(text: Option<&String>) -> u64 {
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The setters that the builders of both have.
macro_rules! setters {
    ($lease:literal) => {
        /// The prefix of all keys. Only clients and agents with the same prefix work together.
        pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
            self.prefix = prefix.into();
            self
        }

        #[doc = $lease]
        pub fn lease(mut self, lease: Duration) -> Self {
            self.membership.lease = lease;
            self
        }
    };
}
pub(crate) use setters;

/// The result of a beat.
pub(crate) enum Beat {
    /// The lease is renewed. The cluster has this many workers.
    Renewed(usize),
    /// The broker does not know this member: its lease has run out.
    Gone,
    /// For how long the broker could not be reached, and the reason.
    Down(Duration, String),
}

/// Renews a lease, and watches other members.
pub(crate) struct Heart {
    lease: Duration,
    watch: Watch,
    next: Instant,
    pace: Duration,
    last_contact: Instant,
}

impl Heart {
    pub(crate) fn new(lease: Duration) -> Self {
        let now = Instant::now();
        Self {
            lease,
            watch: Watch::default(),
            next: now,
            pace: watch::interval(lease),
            last_contact: now,
        }
    }

    /// The time until the next beat.
    pub(crate) fn until_next(&self) -> Duration {
        self.next.saturating_duration_since(Instant::now())
    }

    /// Renews the lease, checks the members that it watches, and removes the dead ones.
    pub(crate) fn beat(&mut self, link: &mut Link, arguments: &[&[u8]]) -> Beat {
        let reply = link.try_run::<Option<Vec<String>>>(&scripts::BEAT, arguments);
        let now = Instant::now();
        self.next = now + self.pace;
        let reply = match reply {
            Ok(reply) => reply,
            Err(Failure::Down(message) | Failure::Refused(message)) => {
                // Again soon: the link itself pauses between attempts.
                self.next = now;
                return Beat::Down(now.duration_since(self.last_contact), message);
            }
        };
        self.last_contact = now;
        let Some(reply) = reply else {
            return Beat::Gone;
        };
        let seen = watched(&reply[1..]);
        for dead in self.watch.look(now, self.pace, &seen) {
            let why = format!("{} was silent for its lease of {:?}", dead.id, dead.lease);
            let beats = dead.beats.to_string();
            // If it fails, the next look finds it again.
            let _ = Membership::leave(link, Duration::ZERO, &dead.id, &beats, &why);
        }
        self.pace = watch::pace(self.lease, &seen);
        self.next = now + self.pace;
        Beat::Renewed(number(reply.first()) as usize)
    }
}

fn watched(reply: &[String]) -> Vec<Seen> {
    let members = reply.chunks_exact(3).map(|member| Seen {
        id: member[0].clone(),
        beats: number(member.get(1)),
        lease: Duration::from_millis(number(member.get(2))),
    });
    members.collect()
}

/// The name of this machine.
pub(crate) fn host_name() -> String {
    #[cfg(unix)]
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    // Windows tells it to each program.
    #[cfg(not(unix))]
    let name = std::env::var("COMPUTERNAME").unwrap_or_default();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::broker::Broker;
    use crate::protocol::Names;
    use crate::server::Server;

    #[test]
    fn a_member_that_has_renewed_its_lease_meanwhile_is_not_removed() -> Result<(), Error> {
        let Some(server) = Server::start() else {
            return Ok(());
        };
        let (lease, now) = (Duration::from_secs(60), Duration::ZERO);
        let membership = Membership {
            host: "one".to_owned(),
            lease,
        };
        let mut link = Link::for_calls(Broker::at(&server.url())?, Names::new("test"), lease);
        let id = membership.new_id();
        membership.join(&mut link, now, &id, "", "")?;
        // Another member has seen its first beat; here is the second.
        Heart::new(lease).beat(&mut link, &[id.as_bytes(), b""]);
        assert!(!Membership::leave(
            &mut link,
            now,
            &id,
            "1",
            "it was silent"
        )?);
        assert!(Membership::leave(
            &mut link,
            now,
            &id,
            "2",
            "it was silent"
        )?);
        Ok(())
    }
}
