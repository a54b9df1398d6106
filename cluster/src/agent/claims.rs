//! How an agent gets jobs: it reads the broker's stream as a consumer of the group. A job that it has read
//! belongs to it until the job is answered, or the agent's lease is over.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use executors::{EncodedAnswer, Error, Executor, Future, Options, forward};
use redis::streams::{StreamId, StreamReadReply};

use super::report::{Report, What};
use super::{Running, Shared, Stage};
use crate::broker::Failure;
use crate::protocol::{GROUP, Header, lost, value_in};
use crate::sync::{lock, wait};
use crate::watch;

/// A job that was claimed.
struct Claim {
    entry: String,
    client: String,
    number: String,
    header: Vec<u8>,
    payload: Vec<u8>,
}

impl Claim {
    fn of(entry: &StreamId) -> Option<Self> {
        Some(Self {
            entry: entry.id.clone(),
            client: entry.get("c")?,
            number: entry.get("s")?,
            header: entry.get("h")?,
            payload: entry.get("p")?,
        })
    }
}

impl Shared {
    /// Claims jobs while the agent works, at most one for each free worker. A job that waits at the broker can
    /// still be cancelled, and the first free agent gets it.
    pub(super) fn claim_jobs(self: &Arc<Self>) {
        let mut link_is_new = true;
        let mut last_id = String::new();
        while let Some((id, free)) = self.wait_for_room() {
            // When a connection is lost, jobs that were sent on it may not have arrived: the agent asks
            // for all of its jobs again, and skips those that it knows.
            let from = if link_is_new || last_id != id {
                "0"
            } else {
                ">"
            };
            let free = if from == "0" { 10_000 } else { free };
            last_id.clone_from(&id);
            let block = watch::interval(self.membership.lease).as_millis() as usize;
            let mut read = redis::cmd("XREADGROUP");
            read.arg("GROUP").arg(GROUP).arg(&id).arg("COUNT").arg(free);
            read.arg("BLOCK").arg(block.max(1));
            read.arg("STREAMS").arg(self.names.jobs()).arg(from);
            // Before the read: a job that ends meanwhile is still in the reply.
            let known = if from == "0" {
                self.known()
            } else {
                HashSet::new()
            };
            let mut link = lock(&self.links.claims);
            let reply = link.ready().and_then(|number| {
                // By this number another thread can wake it.
                let number = number.unwrap_or(0);
                self.links.claiming.store(number, Ordering::Relaxed);
                link.attempt(|connection| read.query::<Option<StreamReadReply>>(connection))
            });
            match reply {
                Ok(reply) => {
                    link_is_new = false;
                    drop(link);
                    let streams = reply.into_iter().flat_map(|reply| reply.keys);
                    let entries = streams.flat_map(|stream| stream.ids);
                    let mut entries = entries
                        .filter(|entry| !known.contains(&entry.id))
                        .peekable();
                    while let Some(entry) = entries.next() {
                        if let Some(claim) = Claim::of(&entry) {
                            self.begin(&id, claim, entries.peek().is_none());
                        }
                    }
                }
                Err(Failure::Down(_) | Failure::Refused(_)) => {
                    link_is_new = true;
                    link.rest();
                }
            }
        }
    }

    /// The jobs that it runs, or has run and not yet reported.
    fn known(&self) -> HashSet<String> {
        let state = lock(&self.state);
        state
            .running
            .keys()
            .chain(&state.reporting)
            .cloned()
            .collect()
    }

    /// Waits until a worker is free. `None` when no more jobs are to be claimed.
    fn wait_for_room(&self) -> Option<(String, usize)> {
        let workers = self.pool.workers();
        let mut state = lock(&self.state);
        loop {
            if state.stage != Stage::Working {
                return None;
            }
            let free = workers.saturating_sub(state.running.len());
            if free > 0 && !state.id.is_empty() {
                return Some((state.id.clone(), free));
            }
            state = wait(&self.changed, state, Duration::from_secs(1));
        }
    }

    /// Submits a job to the local pool, or answers it with an error if that fails. `is_last`: no other job begins
    /// now.
    fn begin(self: &Arc<Self>, id: &str, claim: Claim, is_last: bool) {
        let report = |what, count, answer| Report {
            agent: id.to_owned(),
            entry: claim.entry.clone(),
            client: claim.client.clone(),
            number: claim.number.clone(),
            inline: value_in(&claim.payload).is_some(),
            what,
            count,
            answer,
        };
        {
            let mut state = lock(&self.state);
            if state.id != id || state.stage != Stage::Working {
                drop(state);
                let nothing = lost("it was not begun");
                return self.report(report(What::Back, 1, nothing));
            }
            state.running.insert(
                claim.entry.clone(),
                Running {
                    client: claim.client.clone(),
                    number: claim.number.clone(),
                    future: None,
                    stopped: false,
                    told: false,
                },
            );
        }
        let (count, forwarded) = self.hand_over(&claim);
        match forwarded {
            Ok(mut future) => {
                let shared = Arc::clone(self);
                let report = report(What::Answer, count, EncodedAnswer::TooLarge(0));
                future.on_done(move |result| shared.answered(report, result));
                if is_last {
                    // A short job: this thread takes the answer as soon as it is there, and sends it. To
                    // wake another thread for that would take longer than the job.
                    let _ = future.result_timeout(Duration::ZERO);
                }
                self.keep(&claim.entry, future);
            }
            Err(error) => {
                let mut what = What::Answer;
                if matches!(error, Error::PoolBroken { .. } | Error::ShutDown) {
                    what = What::Back;
                }
                if matches!(error, Error::PoolBroken { .. }) {
                    self.set_stage(Stage::Broken(error.clone()));
                }
                self.report(report(what, count, EncodedAnswer::Failed(error)));
            }
        }
    }

    /// Keeps the future of a job that runs, to end the job if its client asks for that.
    fn keep(&self, entry: &str, future: Future<EncodedAnswer>) {
        let mut state = lock(&self.state);
        let Some(job) = state.running.get_mut(entry) else {
            return; // It has ended.
        };
        job.future = Some(future);
        let stopped = job.stopped;
        drop(state);
        if stopped {
            self.stop_job(entry);
        }
    }

    fn hand_over(&self, claim: &Claim) -> (u32, Result<Future<EncodedAnswer>, Error>) {
        let Some(header) = Header::decode(&claim.header) else {
            let what = "its header could not be read".to_owned();
            return (1, Err(Error::Lost { what }));
        };
        let forwarded = header.find(&self.jobs).and_then(|job| {
            let fetched;
            let payload = match value_in(&claim.payload) {
                Some(value) => value,
                None => {
                    fetched = self.fetch(claim)?;
                    &fetched
                }
            };
            let mut options = Options::new();
            if let Some(limit) = header.limit_ms {
                options = options.time_limit(Duration::from_millis(limit));
            }
            forward(self.pool.encoded(), (job, header.count, payload), &options)
        });
        (header.count, forwarded)
    }

    /// Gets an input that is stored beside the stream, because it is large.
    fn fetch(&self, claim: &Claim) -> Result<Vec<u8>, Error> {
        let (key, field) = (
            self.names.values(&claim.client),
            format!("i{}", claim.number),
        );
        let value = lock(&self.links.claims).call(self.membership.lease, |connection| {
            redis::cmd("HGET")
                .arg(&key)
                .arg(&field)
                .query::<Option<Vec<u8>>>(connection)
        })?;
        value.ok_or_else(|| Error::Lost {
            what: "its input has expired".to_owned(),
        })
    }
}
