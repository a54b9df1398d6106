//! The state of a cluster, for `cluster top`, `drain` and `dead`.

use std::time::Duration;

use executors::Error;
use redis::streams::StreamRangeReply;
use serde::{Deserialize, Deserializer, Serialize};

use crate::broker::{Broker, Link};
use crate::protocol::{Header, Names, decode_answer, value_in};
use crate::scripts;

/// The state of a cluster at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overview {
    /// The broker's clock, in seconds since 1970.
    pub now_s: f64,
    /// The agents that hold a lease.
    #[serde(deserialize_with = "list")]
    pub agents: Vec<AgentRow>,
    /// The clients, detached ones too.
    #[serde(deserialize_with = "list")]
    pub clients: Vec<ClientRow>,
    /// Jobs that agents have claimed.
    pub running: u64,
    /// Jobs that any agent may claim at once.
    pub offered: u64,
    /// Jobs in the queues of their clients.
    pub waiting: u64,
    /// Workers of all agents that are not being drained.
    pub slots: u64,
    /// Jobs that have used up their tries.
    pub dead_letters: u64,
    /// Counts since the broker was empty.
    pub totals: Totals,
}

/// Counts of jobs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Totals {
    /// Jobs that were submitted.
    pub submitted: u64,
    /// Jobs that were answered by an agent.
    pub done: u64,
    /// Jobs that were cancelled before they were claimed.
    pub cancelled: u64,
    /// How many times a job was offered again after its agent or worker had died.
    pub repeated: u64,
    /// Jobs whose agent or worker died and that were not offered again.
    pub lost: u64,
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgentRow {
    /// Its name at the broker.
    pub id: String,
    /// Its machine.
    pub host: String,
    /// Its process id there.
    pub pid: u32,
    /// How many worker processes it has.
    pub workers: u64,
    /// How many jobs it has claimed.
    pub running: u64,
    /// How many jobs it has answered.
    pub done: u64,
    /// For how long it has had the oldest of its jobs, in seconds.
    #[serde(default)]
    pub oldest_s: Option<f64>,
    /// Whether it takes no more jobs.
    pub draining: bool,
    /// Its lease, in seconds.
    pub lease_s: f64,
    /// The jobs that it knows, with their versions.
    #[serde(default)]
    pub jobs: String,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientRow {
    /// Its name at the broker.
    pub id: String,
    /// Its machine.
    #[serde(default)]
    pub host: String,
    /// Its process id there.
    #[serde(default)]
    pub pid: u32,
    /// How many jobs it has submitted.
    pub submitted: u64,
    /// How many of them are in its queue.
    pub waiting: u64,
    /// How many of them agents may claim, or have claimed.
    pub offered: u64,
    /// The age of the oldest in its queue, in seconds.
    #[serde(default)]
    pub oldest_s: Option<f64>,
    /// Whether it was detached, and its jobs continue.
    pub detached: bool,
}

/// A job that has used up its tries.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Its id in the stream: the time of its last failure, in milliseconds since 1970, and a number.
    pub id: String,
    /// Its client.
    pub client: String,
    /// Its number in that client's list.
    pub number: String,
    /// Its type, with its version.
    pub job: String,
    /// How many repetitions it had.
    pub retries: u32,
    /// Why it failed the last time.
    pub why: String,
}

/// Lua writes an empty list as an empty object: for Lua they are the same.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListOrEmpty<T> {
        List(Vec<T>),
        Empty {},
    }
    Ok(match ListOrEmpty::deserialize(deserializer)? {
        ListOrEmpty::List(list) => list,
        ListOrEmpty::Empty {} => Vec::new(),
    })
}

fn link(broker: &Broker, prefix: &str) -> Link {
    Link::for_calls(broker.clone(), Names::new(prefix), crate::DEFAULT_LEASE)
}

/// Asks the broker for the state of its cluster.
///
/// # Errors
/// [`Error::Disconnected`].
pub fn overview(broker: &Broker, prefix: &str) -> Result<Overview, Error> {
    let text: String = link(broker, prefix).run(Duration::ZERO, &scripts::LOOK, &[])?;
    serde_json::from_str(&text)
        .map_err(|error| broker.disconnected(format!("its overview could not be read: {error}")))
}

/// Drains the agents of a host, or one agent by its id: they take no more jobs, and end after their last
/// one.
/// Returns their ids.
///
/// # Errors
/// [`Error::Disconnected`].
pub fn drain(broker: &Broker, prefix: &str, host: &str) -> Result<Vec<String>, Error> {
    link(broker, prefix).run(Duration::ZERO, &scripts::DRAIN, &[host.as_bytes()])
}

/// The last jobs that have used up their tries, the newest first.
///
/// # Errors
/// [`Error::Disconnected`].
pub fn dead_letters(broker: &Broker, prefix: &str, most: usize) -> Result<Vec<DeadLetter>, Error> {
    let dead = Names::new(prefix).dead();
    let reply: StreamRangeReply = link(broker, prefix).call(Duration::ZERO, |connection| {
        let mut read = redis::cmd("XREVRANGE");
        read.arg(&dead).arg("+").arg("-").arg("COUNT").arg(most);
        read.query(connection)
    })?;
    let letters = reply.ids.iter().map(|entry| {
        let header = entry.get::<Vec<u8>>("h");
        let why = entry.get::<Vec<u8>>("why").unwrap_or_default();
        DeadLetter {
            id: entry.id.clone(),
            client: entry.get("c").unwrap_or_default(),
            number: entry.get("s").unwrap_or_default(),
            job: header
                .and_then(|header| Header::decode(&header))
                .map_or_else(|| "unknown".to_owned(), |header| header.version),
            retries: entry.get("m").unwrap_or(0),
            why: match entry.get::<String>("k").as_deref() {
                Some("a") => {
                    value_in(&why).map_or_else(String::new, |bytes| match decode_answer(bytes).1 {
                        executors::EncodedAnswer::Failed(error) => error.to_string(),
                        _ => String::new(),
                    })
                }
                _ => String::from_utf8_lossy(&why).into_owned(),
            },
        }
    });
    Ok(letters.collect())
}
