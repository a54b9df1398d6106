//! Counters of requests, so that a test can check limits by numbers.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Requests that are recorded one by one; further ones are only counted.
const MOST_REMEMBERED: usize = 100_000;

/// Hosts that are counted one by one, as the client chooses their names. Requests for further hosts count
/// in all only.
const MOST_HOSTS: usize = 10_000;

/// The counts since the start of the site, or since the last reset.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Requests, of all hosts.
    pub requests: u64,
    /// Connections that were accepted.
    pub connections: u64,
    /// Connections that are open now.
    pub open_connections: u64,
    /// The most active requests at once, of all hosts. A request is active until the last byte of its answer
    /// has been given to the system.
    pub most_at_once: u64,
    /// Requests being worked on now.
    pub at_once: u64,
    /// The same by host, as the clients named it: the first 10,000.
    pub hosts: HashMap<String, HostCounts>,
    /// Requests one by one, in the order in which they came: the first 100,000.
    pub log: Vec<Seen>,
}

/// The counts of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostCounts {
    /// Requests.
    pub requests: u64,
    /// The most active requests at once.
    pub most_at_once: u64,
    /// Requests being worked on now.
    pub at_once: u64,
}

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When its head was complete.
    pub at: Instant,
    /// The host that it was for.
    pub host: String,
    /// The method.
    pub method: String,
    /// The path and the query.
    pub path: String,
    /// The version of HTTP, as the first line has it.
    pub version: String,
    /// Its headers, with names in small letters.
    pub headers: Vec<(String, String)>,
}

impl Counts {
    /// How often a path, with its query, was asked for.
    pub fn of(&self, path: &str) -> usize {
        self.log.iter().filter(|seen| seen.path == path).count()
    }
}

impl Seen {
    /// The value of a header, by its name in small letters.
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(known, _)| known == name);
        header.map(|(_, value)| value.as_str())
    }
}

type HostNumber = (
    &'static str,
    &'static str,
    &'static str,
    fn(&HostCounts) -> u64,
);

/// A metric of each host.
const HOST_NUMBERS: [HostNumber; 3] = [
    (
        "requests_total",
        "counter",
        "Requests for this host.",
        |host| host.requests,
    ),
    (
        "requests_at_once",
        "gauge",
        "Those being worked on now.",
        |host| host.at_once,
    ),
    (
        "requests_most_at_once",
        "gauge",
        "The most that there were.",
        |host| host.most_at_once,
    ),
];

/// The counters themselves; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters(Arc<Mutex<Counts>>);

impl Counters {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn snapshot(&self) -> Counts {
        self.lock().clone()
    }

    /// The numbers as text, in the form that Prometheus reads.
    pub(crate) fn text(&self) -> String {
        let counts = self.lock();
        let mut text = String::new();
        for (name, kind, help, value) in [
            (
                "requests_total",
                "counter",
                "Requests, of all hosts.",
                counts.requests,
            ),
            (
                "connections_total",
                "counter",
                "Connections that were accepted.",
                counts.connections,
            ),
            (
                "connections_open",
                "gauge",
                "Connections that are open now.",
                counts.open_connections,
            ),
            (
                "requests_at_once",
                "gauge",
                "Requests being worked on now.",
                counts.at_once,
            ),
            (
                "requests_most_at_once",
                "gauge",
                "The most that there were.",
                counts.most_at_once,
            ),
        ] {
            let _ = write!(
                text,
                "# HELP demo_site_{name} {help}\n# TYPE demo_site_{name} {kind}\n\
                 demo_site_{name} {value}\n"
            );
        }
        let hosts: BTreeMap<_, _> = counts.hosts.iter().collect();
        for (name, kind, help, value) in HOST_NUMBERS {
            let _ = write!(
                text,
                "# HELP demo_site_host_{name} {help}\n# TYPE demo_site_host_{name} {kind}\n"
            );
            for (host, counts) in &hosts {
                // A client names its host as it likes.
                let host = host
                    .replace('\\', "\\\\")
                    .replace('"', "\\\"")
                    .replace('\n', "\\n");
                let _ = writeln!(
                    text,
                    "demo_site_host_{name}{{host=\"{host}\"}} {}",
                    value(counts)
                );
            }
        }
        text
    }

    /// Resets the counters. Active requests and open connections stay.
    pub(crate) fn reset(&self) {
        let mut counts = self.lock();
        let now = std::mem::take(&mut *counts);
        counts.open_connections = now.open_connections;
        counts.at_once = now.at_once;
        counts.most_at_once = now.at_once;
        counts.hosts = now
            .hosts
            .into_iter()
            .filter(|(_, host)| host.at_once > 0)
            .map(|(name, host)| {
                let at_once = host.at_once;
                (
                    name,
                    HostCounts {
                        requests: 0,
                        most_at_once: at_once,
                        at_once,
                    },
                )
            })
            .collect();
    }

    /// Counts a connection. It is open until the guard is dropped.
    pub(crate) fn connection(&self) -> ConnectionGuard {
        let mut counts = self.lock();
        counts.connections += 1;
        counts.open_connections += 1;
        ConnectionGuard(self.clone())
    }

    /// Counts a request. It is active until the guard is dropped.
    pub(crate) fn request(&self, seen: Seen) -> RequestGuard {
        let mut counts = self.lock();
        counts.requests += 1;
        counts.at_once += 1;
        counts.most_at_once = counts.most_at_once.max(counts.at_once);
        let counted = counts.hosts.len() < MOST_HOSTS || counts.hosts.contains_key(&seen.host);
        let host = counted.then(|| seen.host.clone());
        if let Some(name) = &host {
            let host = counts.hosts.entry(name.clone()).or_default();
            host.requests += 1;
            host.at_once += 1;
            host.most_at_once = host.most_at_once.max(host.at_once);
        }
        if counts.log.len() < MOST_REMEMBERED {
            counts.log.push(seen);
        }
        RequestGuard {
            counters: self.clone(),
            host,
        }
    }
}

#[derive(Debug)]
pub(crate) struct ConnectionGuard(Counters);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.lock().open_connections -= 1;
    }
}

#[derive(Debug)]
pub(crate) struct RequestGuard {
    counters: Counters,
    /// `None` if the host is not counted by itself.
    host: Option<String>,
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut counts = self.counters.lock();
        counts.at_once -= 1;
        if let Some(name) = &self.host
            && let Some(host) = counts.hosts.get_mut(name)
        {
            host.at_once -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_clients_make_up_take_no_memory() {
        let counters = Counters::default();
        let request = |host: String| {
            counters.request(Seen {
                at: Instant::now(),
                host,
                method: "GET".to_owned(),
                path: "/".to_owned(),
                version: "HTTP/1.1".to_owned(),
                headers: Vec::new(),
            })
        };
        for number in 0..MOST_HOSTS + 10 {
            drop(request(number.to_string()));
        }
        let (known, new) = (request("0".to_owned()), request("new".to_owned()));
        let counts = counters.snapshot();
        assert_eq!((counts.hosts.len(), counts.at_once), (MOST_HOSTS, 2));
        assert_eq!(counts.requests, MOST_HOSTS as u64 + 12);
        assert_eq!(
            (counts.hosts["0"].requests, counts.hosts["0"].at_once),
            (2, 1)
        );
        drop((known, new));
        let counts = counters.snapshot();
        assert_eq!((counts.hosts["0"].at_once, counts.at_once), (0, 0));
    }
}
