//! What is stored at the broker: the names of keys, and the bytes of jobs and answers.
//!
//! The head of `lua/common.lua` says what each key holds.

use executors::{EncodedAnswer, EncodedJob, Error, JobType};
use serde::{Deserialize, Serialize};

/// Raised when keys, scripts or bytes change. Programs of different versions refuse each other.
pub(crate) const VERSION: &str = "1";

/// Larger inputs and results are stored beside the streams, so that the streams stay short.
pub(crate) const INLINE: usize = 16 << 10;

/// The consumer group that all agents are in.
pub(crate) const GROUP: &str = "agents";

/// The names of keys. The prefix is in braces, so that in a Redis Cluster all keys are on one node.
#[derive(Clone, Debug)]
pub(crate) struct Names(String);

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        Self(format!("{{{prefix}}}:"))
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.0
    }

    pub(crate) fn jobs(&self) -> String {
        format!("{}jobs", self.0)
    }

    pub(crate) fn dead(&self) -> String {
        format!("{}dead", self.0)
    }

    pub(crate) fn answers(&self, client: &str) -> String {
        format!("{}answers:{client}", self.0)
    }

    pub(crate) fn values(&self, client: &str) -> String {
        format!("{}values:{client}", self.0)
    }

    pub(crate) fn orders(&self, agent: &str) -> String {
        format!("{}orders:{agent}", self.0)
    }
}

/// The information about a job that an agent needs besides its input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The name of the jobs' type.
    pub(crate) name: String,
    /// Its name, version and fingerprint in the client's program.
    pub(crate) version: String,
    pub(crate) count: u32,
    pub(crate) limit_ms: Option<u64>,
}

impl Header {
    pub(crate) fn of(job: &EncodedJob) -> Self {
        let limit = job.options().get_time_limit();
        Self {
            name: job.job_type().name().to_owned(),
            version: job.job_type().describe(),
            count: job.count(),
            limit_ms: limit.map(|limit| limit.as_millis().try_into().unwrap_or(u64::MAX)),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        // Text and numbers, which postcard can always write.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    /// The type of that name that the agent knows, if it is of the same version.
    pub(crate) fn find(&self, known: &[JobType]) -> Result<JobType, Error> {
        let theirs = known.iter().find(|job| job.name() == self.name);
        let mismatch = |theirs: String| Error::VersionMismatch {
            job: self.name.clone(),
            ours: self.version.clone(),
            theirs,
        };
        match theirs {
            None => Err(mismatch("no such job".to_owned())),
            Some(job) if job.describe() == self.version => Ok(*job),
            Some(job) => Err(mismatch(job.describe())),
        }
    }
}

/// A value in an entry of a stream, after the byte that marks it.
pub(crate) fn inline(value: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(value.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(value);
    bytes
}

/// The place of a value that is stored beside its stream.
pub(crate) const BESIDE: &[u8] = &[1];

/// The value in an entry, or `None` if it is stored beside the stream.
pub(crate) fn value_in(entry: &[u8]) -> Option<&[u8]> {
    match entry.split_first() {
        Some((0, value)) => Some(value),
        _ => None,
    }
}

const RESULTS: u8 = 0;
const PARTIAL: u8 = 1;
const TOO_LARGE: u8 = 2;
const FAILED: u8 = 3;

/// An answer as bytes: the number of jobs, the kind of answer, then the bytes of the results, or the error in
/// the format postcard.
pub(crate) fn encode_answer(count: u32, answer: &EncodedAnswer) -> Vec<u8> {
    let mut bytes = count.to_le_bytes().to_vec();
    let tail = match answer {
        EncodedAnswer::Results(results) => {
            bytes.reserve_exact(results.len() + 1);
            bytes.push(RESULTS);
            bytes.extend_from_slice(results);
            return bytes;
        }
        EncodedAnswer::Partial {
            results,
            done,
            error,
        } => {
            bytes.push(PARTIAL);
            postcard::to_stdvec(&(done, error, results))
        }
        EncodedAnswer::TooLarge(size) => {
            bytes.push(TOO_LARGE);
            postcard::to_stdvec(size)
        }
        EncodedAnswer::Failed(error) => {
            bytes.push(FAILED);
            postcard::to_stdvec(error)
        }
    };
    bytes.extend(tail.unwrap_or_default());
    bytes
}

/// The number of jobs, and their answer.
pub(crate) fn decode_answer(bytes: &[u8]) -> (u32, EncodedAnswer) {
    let read = |bytes: &[u8]| -> Option<(u32, EncodedAnswer)> {
        let (count, rest) = bytes.split_first_chunk()?;
        let (&tag, rest) = rest.split_first()?;
        let answer = match tag {
            RESULTS => EncodedAnswer::Results(rest.to_vec()),
            PARTIAL => {
                let (done, error, results) = postcard::from_bytes(rest).ok()?;
                EncodedAnswer::Partial {
                    results,
                    done,
                    error,
                }
            }
            TOO_LARGE => EncodedAnswer::TooLarge(postcard::from_bytes(rest).ok()?),
            FAILED => EncodedAnswer::Failed(postcard::from_bytes(rest).ok()?),
            _ => return None,
        };
        Some((u32::from_le_bytes(*count), answer))
    };
    read(bytes).unwrap_or_else(|| (1, lost("its answer could not be read")))
}

/// The answer for a job whose end is not known.
pub(crate) fn lost(what: impl Into<String>) -> EncodedAnswer {
    EncodedAnswer::Failed(Error::Lost { what: what.into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use executors::{Exit, WorkerId};

    #[test]
    fn answers_survive_the_way() {
        let error = Error::WorkerDied {
            worker: WorkerId::remote("node-7", 42),
            exit: Exit::Signal(9),
            memory_limit: None,
        };
        for answer in [
            EncodedAnswer::Results(vec![1, 2, 3]),
            EncodedAnswer::Results(Vec::new()),
            EncodedAnswer::Partial {
                results: vec![7; 300],
                done: 3,
                error: error.clone(),
            },
            EncodedAnswer::TooLarge(1 << 40),
            EncodedAnswer::Failed(error),
        ] {
            assert_eq!(decode_answer(&encode_answer(3, &answer)), (3, answer));
        }
    }

    #[test]
    fn garbage_is_an_answer_that_says_so() {
        for bytes in [&[][..], &[1, 0, 0, 0, 9], &[1, 0, 0, 0, FAILED, 255]] {
            let (_, EncodedAnswer::Failed(Error::Lost { .. })) = decode_answer(bytes) else {
                panic!("{bytes:?}");
            };
        }
    }
}
