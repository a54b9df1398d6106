//! Jobs and results as bytes: postcard, one after the other.
//!
//! A payload of jobs is their type's place in the registry and their number (`u32` each), then the
//! jobs. A payload of results is, for each job, one byte for how it ended and then its output or
//! its error.

use std::any::type_name;

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use super::frame;
use crate::error::Error;
use crate::job::Job;
use crate::panics::{self, Panic};

const OUTPUT: u8 = 0;
const FAULT: u8 = 1;

/// How a job ended, if not with an output.
#[derive(Debug, Serialize, Deserialize)]
enum Fault {
    Panic(Panic),
    Input(String),
    Output(String),
    TooLarge(u64),
}

/// Runs the jobs in `input` and appends their results to `output`; no single output makes it
/// longer than the limit.
pub(crate) type RunBatch = fn(input: &[u8], count: u32, output: &mut Vec<u8>, limit: usize);

/// Appends to a vector up to a limit, then only counts.
struct Bounded<'a> {
    bytes: &'a mut Vec<u8>,
    size: usize,
    limit: usize,
}

impl Flavor for Bounded<'_> {
    /// The size it would have had without a limit.
    type Output = usize;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.size += bytes.len();
        if self.size <= self.limit {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<usize> {
        Ok(self.size)
    }
}

/// Appends the value to a payload of `size` bytes and returns its new size; nothing is appended
/// beyond the limit.
fn append<T: Serialize>(
    value: &T,
    bytes: &mut Vec<u8>,
    size: usize,
    limit: usize,
) -> postcard::Result<usize> {
    postcard::serialize_with_flavor(value, Bounded { bytes, size, limit })
}

/// A sealed frame with these jobs.
pub(super) fn encode<J: Job>(jobs: &[J], index: u32, limit: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(128);
    frame::begin(&mut bytes);
    let count = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&index.to_le_bytes());
    bytes.extend_from_slice(&count.to_le_bytes());
    let mut size = bytes.len() - frame::HEADER;
    for job in jobs {
        size = append(job, &mut bytes, size, limit)
            .map_err(|error| codec_error::<J>("input", error.to_string()))?;
    }
    if size > limit {
        return Err(too_large::<J>("input", size, limit));
    }
    frame::seal(&mut bytes, frame::Kind::Job);
    Ok(bytes)
}

/// Splits a payload of jobs into their type, their number, and themselves.
pub(super) fn split_jobs(payload: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (index, rest) = payload.split_first_chunk::<4>()?;
    let (count, jobs) = rest.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*index), u32::from_le_bytes(*count), jobs))
}

/// The worker's part, for one type of job; see [`RunBatch`].
pub(crate) fn run_batch<J: Job>(input: &[u8], count: u32, output: &mut Vec<u8>, limit: usize) {
    let mut left = Some(input);
    for _ in 0..count {
        let before = output.len();
        output.push(OUTPUT);
        let start = output.len();
        let result = panics::catch(|| {
            let bytes = left.take().ok_or_else(|| {
                Fault::Input("a job before it in the same chunk could not be read".to_owned())
            })?;
            let (job, rest) = postcard::take_from_bytes::<J>(bytes)
                .map_err(|error| Fault::Input(error.to_string()))?;
            left = Some(rest);
            let size = append(&job.run(), output, start, limit)
                .map_err(|error| Fault::Output(error.to_string()))?;
            if size > limit {
                return Err(Fault::TooLarge((size - start) as u64));
            }
            Ok(())
        });
        let fault = match result {
            Ok(Ok(())) => continue,
            Ok(Err(fault)) => fault,
            Err(panic) => Fault::Panic(panic),
        };
        output.truncate(before);
        output.push(FAULT);
        // A fault is made of text and numbers, which postcard can always write.
        let _ = append(&fault, output, 0, usize::MAX);
    }
}

/// The result of a single job.
pub(super) fn decode_one<J: Job>(payload: &[u8], limit: usize) -> Result<J::Output, Error> {
    let (result, rest) = decode_next::<J>(payload, limit)?;
    check_end::<J>(rest)?;
    result
}

/// The results of a batch of jobs, whose number is known from the sending.
pub(super) fn decode_batch<J: Job>(
    payload: &[u8],
    count: usize,
    limit: usize,
) -> Result<Vec<Result<J::Output, Error>>, Error> {
    let mut results = Vec::with_capacity(count);
    let mut rest = payload;
    for _ in 0..count {
        let (result, after) = decode_next::<J>(rest, limit)?;
        results.push(result);
        rest = after;
    }
    check_end::<J>(rest)?;
    Ok(results)
}

type Next<'a, T> = (Result<T, Error>, &'a [u8]);

fn decode_next<J: Job>(bytes: &[u8], limit: usize) -> Result<Next<'_, J::Output>, Error> {
    let unreadable = |error: postcard::Error| codec_error::<J>("result", error.to_string());
    match bytes.split_first() {
        Some((&OUTPUT, rest)) => {
            let (output, rest) = postcard::take_from_bytes(rest).map_err(unreadable)?;
            Ok((Ok(output), rest))
        }
        Some((&FAULT, rest)) => {
            let (fault, rest) = postcard::take_from_bytes(rest).map_err(unreadable)?;
            let error = match fault {
                Fault::Panic(panic) => panic.into(),
                Fault::Input(message) => codec_error::<J>("input", message),
                Fault::Output(message) => codec_error::<J>("result", message),
                Fault::TooLarge(size) => too_large::<J>("result", size as usize, limit),
            };
            Ok((Err(error), rest))
        }
        _ => Err(unreadable(postcard::Error::DeserializeUnexpectedEnd)),
    }
}

fn check_end<J: Job>(rest: &[u8]) -> Result<(), Error> {
    if rest.is_empty() {
        return Ok(());
    }
    let message = format!("{} bytes are left over", rest.len());
    Err(codec_error::<J>("result", message))
}

fn codec_error<J: Job>(part: &'static str, message: String) -> Error {
    Error::Codec {
        part,
        job: type_name::<J>().to_owned(),
        message,
    }
}

pub(super) fn too_large<J: Job>(part: &'static str, size: usize, limit: usize) -> Error {
    Error::TooLarge {
        part,
        job: type_name::<J>().to_owned(),
        size,
        limit,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Repeat(u32);

    impl Job for Repeat {
        type Output = String;
        fn run(self) -> String {
            assert!(self.0 != 13, "unlucky");
            "x".repeat(self.0 as usize)
        }
    }

    #[expect(clippy::unwrap_used, reason = "a helper of tests")]
    fn round_trip(counts: &[u32], limit: usize) -> Vec<Result<String, Error>> {
        panics::install();
        let jobs: Vec<_> = counts.iter().map(|&n| Repeat(n)).collect();
        let frame = encode(&jobs, 3, 1000).unwrap();
        let (index, count, input) = split_jobs(&frame[frame::HEADER..]).unwrap();
        assert_eq!((index, count as usize), (3, counts.len()));
        let mut output = Vec::new();
        run_batch::<Repeat>(input, count, &mut output, limit);
        decode_batch::<Repeat>(&output, counts.len(), limit).unwrap()
    }

    #[test]
    fn a_batch_keeps_each_result_and_each_fault_to_itself() {
        let results = round_trip(&[2, 13, 90, 3], 60);
        assert_eq!(results[0], Ok("xx".to_owned()));
        let Err(Error::Panicked { message, location }) = &results[1] else {
            panic!("{:?}", results[1]);
        };
        assert_eq!(message, "unlucky");
        assert!(location.contains("codec.rs"));
        assert!(matches!(
            results[2],
            Err(Error::TooLarge {
                part: "result",
                size: 91,
                limit: 60,
                ..
            })
        ));
    }

    #[test]
    fn an_input_over_the_limit_is_refused_with_its_whole_size() {
        let jobs: Vec<_> = (0..100).map(Repeat).collect();
        let error = encode(&jobs, 0, 50).unwrap_err();
        assert!(matches!(
            error,
            Error::TooLarge {
                part: "input",
                size: 108,
                limit: 50,
                ..
            }
        ));
    }

    #[test]
    fn a_result_that_is_cut_off_is_an_error() {
        let mut output = Vec::new();
        run_batch::<Repeat>(&[5], 1, &mut output, 1000);
        assert_eq!(decode_one::<Repeat>(&output, 1000), Ok("xxxxx".to_owned()));
        for length in 0..output.len() {
            assert!(decode_one::<Repeat>(&output[..length], 1000).is_err());
        }
        output.push(0);
        assert!(decode_one::<Repeat>(&output, 1000).is_err());
    }
}
