//! Reads a client's answers from its stream, and completes their futures.

use executors::EncodedAnswer;
use redis::streams::{StreamId, StreamReadReply};

use crate::broker::{Failure, Link};
use crate::client::Client;
use crate::protocol::{decode_answer, lost, value_in};
use crate::sync::lock;
use crate::watch;

/// How many answers are read at a time.
const AT_ONCE: usize = 1000;

impl Client {
    /// Reads answers until the client ends. Calls `connected` with the broker's number for the connection.
    pub(crate) fn read_answers(&self, mut link: Link, connected: impl Fn(Option<i64>)) {
        self.pool.adopt();
        let block = watch::interval(self.membership.lease).as_millis() as usize;
        let mut position = (String::new(), "0".to_owned());
        loop {
            let id = {
                let state = lock(&self.state);
                if state.ended {
                    return;
                }
                state.id.clone()
            };
            if position.0 != id {
                position = (id.clone(), "0".to_owned());
            }
            let mut read = redis::cmd("XREAD");
            read.arg("COUNT")
                .arg(AT_ONCE)
                .arg("BLOCK")
                .arg(block.max(1));
            read.arg("STREAMS")
                .arg(self.names.answers(&id))
                .arg(&position.1);
            let reply = link.ready().and_then(|number| {
                connected(number);
                link.attempt(|connection| read.query::<Option<StreamReadReply>>(connection))
            });
            match reply {
                Ok(reply) => {
                    let streams = reply.into_iter().flat_map(|reply| reply.keys);
                    let entries: Vec<_> = streams.flat_map(|stream| stream.ids).collect();
                    let Some(last) = entries.last() else { continue };
                    position.1.clone_from(&last.id);
                    let full = entries.len() == AT_ONCE;
                    for entry in &entries {
                        self.take(&id, entry, &mut link);
                    }
                    self.note_read(&id, &position.1, full, &mut link);
                }
                Err(Failure::Down(_) | Failure::Refused(_)) => link.rest(),
            }
        }
    }

    /// Tells the broker up to which answer it has read, so that the broker can delete them; at once if there are
    /// many.
    fn note_read(&self, id: &str, last: &str, now: bool, link: &mut Link) {
        {
            let mut state = lock(&self.state);
            if state.id == id {
                last.clone_into(&mut state.read);
            }
        }
        self.changed.notify_all();
        if now {
            let mut trim = redis::cmd("XTRIM");
            trim.arg(self.names.answers(id)).arg("MINID").arg(last);
            // If it fails, the next beat does it.
            let _ = link.attempt(|connection| trim.query::<i64>(connection));
        }
    }

    /// Gives one answer to its future.
    fn take(&self, id: &str, entry: &StreamId, link: &mut Link) {
        let (Some(number), Some(kind), Some(payload)) = (
            entry.get::<u64>("s"),
            entry.get::<String>("k"),
            entry.get::<Vec<u8>>("p"),
        ) else {
            return;
        };
        if kind == "r" {
            let state = lock(&self.state);
            if let Some(job) = state.open.get(&number) {
                job.begun();
            }
            return;
        }
        let Some(job) = lock(&self.state).open.remove(&number) else {
            return;
        };
        match &*kind {
            "c" => job.cancelled(),
            "l" => job.finish(1, lost(String::from_utf8_lossy(&payload))),
            _ => {
                let (count, answer) = match value_in(&payload) {
                    Some(value) => decode_answer(value),
                    None => self.fetch(id, number, link),
                };
                lock(&self.state).counters.started += 1;
                job.finish(count, answer);
            }
        }
    }

    /// Gets an answer that is stored beside the stream, because it is large.
    fn fetch(&self, id: &str, number: u64, link: &mut Link) -> (u32, EncodedAnswer) {
        let (key, field) = (self.names.values(id), format!("o{number}"));
        let fetched = link.call(self.membership.lease, |connection| {
            redis::cmd("HGET")
                .arg(&key)
                .arg(&field)
                .query::<Option<Vec<u8>>>(connection)
        });
        let _ = link.attempt(|connection| {
            redis::cmd("HDEL")
                .arg(&key)
                .arg(&field)
                .query::<i64>(connection)
        });
        match fetched {
            Ok(Some(value)) => decode_answer(&value),
            Ok(None) => (1, lost("its result has expired")),
            Err(error) => (1, EncodedAnswer::Failed(error)),
        }
    }
}
