//! Jobs and results as bytes: in the format postcard, each with its length before it.
//!
//! A payload of jobs contains, for each job, its length (`u32`, little-endian) and its bytes. A
//! payload of results contains, for each job, one byte for the kind of outcome, a length, and the
//! output or the error. The reader of a value must use exactly the bytes of that value.

mod check;
mod explain;
mod message;
mod read;
mod run;
mod unwritable;
mod write;

pub(crate) use read::{read_batch, read_one};
pub(crate) use run::{Batch, RunBatch, run_batch};
pub(crate) use write::{HEADROOM, write_jobs};

use std::any::type_name;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Part};
use crate::panics::Panic;

const OUTPUT: u8 = 0;
const FAULT: u8 = 1;

/// The reason why a job has no output.
#[derive(Debug, Serialize, Deserialize)]
enum Fault {
    Panic(Panic),
    Input(String),
    Output(String),
    TooLarge(u64),
}

/// The answer to an encoded batch.
#[derive(Clone)]
pub(crate) enum Answer<'a> {
    /// The results.
    Results(&'a [u8]),
    /// The results of the first jobs, and the error of the others.
    Partial {
        results: &'a [u8],
        done: u32,
        error: Error,
    },
    /// The results would have this number of bytes, which is too large.
    TooLarge(usize),
    /// There are no results.
    Failed(Error),
}

fn codec_error<J>(part: Part, message: impl Into<String>) -> Error {
    Error::Codec {
        part,
        job: type_name::<J>().to_owned(),
        message: message.into(),
    }
}

fn too_large<J>(part: Part, size: usize, limit: usize) -> Error {
    Error::TooLarge {
        part,
        job: type_name::<J>().to_owned(),
        size,
        limit,
    }
}

/// Reading a result panicked, in this process and not in the worker.
pub(crate) fn panicked<J>(panic: &Panic) -> Error {
    codec_error::<J>(Part::Result, format!("reading it {panic}"))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::job::Job;
    use crate::panics;

    #[derive(Serialize, Deserialize)]
    struct Repeat(u32);

    impl Job for Repeat {
        type Output = String;
        fn run(self) -> String {
            match self.0 {
                13 => panic!("unlucky"),
                20 => {
                    let _ = std::panic::catch_unwind(|| panic!("caught by the job itself"));
                }
                21 => std::panic::resume_unwind(Box::new("without the hook")),
                _ => {}
            }
            "x".repeat(self.0 as usize)
        }
    }

    fn run<J: Job>(input: &[u8], count: u32, limit: usize) -> Vec<u8> {
        panics::install();
        let mut output = Vec::new();
        run_batch::<J>(Batch {
            input,
            count,
            output: &mut output,
            limit,
            check: true,
            after_each: &mut |_| (),
        });
        output
    }

    #[expect(clippy::unwrap_used, reason = "a helper of tests")]
    fn round_trip(counts: &[u32], limit: usize) -> Vec<Result<String, Error>> {
        let jobs: Vec<_> = counts.iter().map(|&n| Repeat(n)).collect();
        let bytes = write_jobs(&jobs, 1000, true).unwrap();
        let count = counts.len() as u32;
        let output = run::<Repeat>(&bytes[HEADROOM..], count, limit);
        read_batch::<Repeat>(Answer::Results(&output), count, limit).unwrap()
    }

    #[test]
    fn a_batch_keeps_each_result_and_each_fault_to_itself() {
        let results = round_trip(&[2, 13, 90, 3], 70);
        assert_eq!(results[0], Ok("xx".to_owned()));
        let Err(Error::Panicked { message, location }) = &results[1] else {
            panic!("{:?}", results[1]);
        };
        assert_eq!(message, "unlucky");
        assert!(location.contains("codec.rs"));
        assert!(
            matches!(
                results[2],
                Err(Error::TooLarge {
                    part: Part::Result,
                    size: 91,
                    limit: 70,
                    ..
                })
            ),
            "{:?}",
            results[2]
        );
    }

    #[test]
    fn a_panic_does_not_get_the_place_of_one_that_the_job_before_has_caught() {
        let results = round_trip(&[20, 21, 2], 1000);
        assert_eq!(
            (&results[0], &results[2]),
            (&Ok("x".repeat(20)), &Ok("xx".to_owned()))
        );
        let Err(Error::Panicked { message, location }) = &results[1] else {
            panic!("{:?}", results[1]);
        };
        assert_eq!(
            (message.as_str(), location.as_str()),
            ("without the hook", "an unknown place")
        );
    }

    #[derive(Debug, PartialEq, Serialize)]
    struct Unreadable;

    impl<'de> Deserialize<'de> for Unreadable {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            panic!("not to be read");
        }
    }

    #[derive(Serialize, Deserialize)]
    struct Unread(bool);

    impl Job for Unread {
        type Output = Result<u8, Unreadable>;
        fn run(self) -> Self::Output {
            if self.0 { Err(Unreadable) } else { Ok(7) }
        }
    }

    #[test]
    fn a_panic_in_reading_back_an_output_is_the_error_of_that_job_only() {
        let output = run::<Unread>(&[1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0], 3, 1000);
        let results = read_batch::<Unread>(Answer::Results(&output), 3, 1000);
        let results = results.expect("three results");
        assert_eq!((&results[0], &results[2]), (&Ok(Ok(7)), &Ok(Ok(7))));
        let Err(Error::Codec { message, .. }) = &results[1] else {
            panic!("{:?}", results[1]);
        };
        assert!(
            message.contains("reading it back") && message.contains("not to be read"),
            "{message}"
        );
    }

    #[test]
    fn an_input_over_the_limit_is_refused_with_its_whole_size() {
        let jobs: Vec<_> = (0..100).map(Repeat).collect();
        let error = write_jobs(&jobs, 50, true).unwrap_err();
        assert!(
            matches!(
                error,
                Error::TooLarge {
                    part: Part::Input,
                    size: 500,
                    limit: 50,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_result_that_is_cut_off_is_an_error() {
        let read = |bytes: &[u8]| read_one::<Repeat>(Answer::Results(bytes), 1000);
        let mut output = run::<Repeat>(&[1, 0, 0, 0, 5], 1, 1000);
        assert_eq!(read(&output), Ok("xxxxx".to_owned()));
        for length in 0..output.len() {
            assert!(read(&output[..length]).is_err());
        }
        output.push(0);
        assert!(read(&output).is_err());
    }

    #[test]
    fn a_job_reads_exactly_its_own_bytes() {
        // The first job's length is larger than needed. The second is correct.
        let input = [2, 0, 0, 0, 5, 6, 1, 0, 0, 0, 1];
        let output = run::<Repeat>(&input, 2, 1000);
        let results = read_batch::<Repeat>(Answer::Results(&output), 2, 1000);
        let results = results.expect("two results");
        let Err(Error::Codec { part, message, .. }) = &results[0] else {
            panic!("{:?}", results[0]);
        };
        assert_eq!(*part, Part::Input);
        assert!(
            message.contains("1 of its 2 bytes are left over"),
            "{message}"
        );
        assert_eq!(results[1], Ok("x".to_owned()));
    }
}
