//! The job that runs is the job that was submitted. The expected value follows from serde's data
//! model: it is the value that a format with names (serde_json) returns. postcard has no names, so
//! it may refuse a value, but must not deliver a different one.

use std::fmt::Debug;

use executors::{Error, Executor, Job, Part, ProcessPool};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::support::words::*;
use crate::support::{builder, goes_on, pool};

/// Whether a job was delivered. Panics if a different one was.
fn delivered<J>(pool: &ProcessPool, job: J) -> bool
where
    J: Job<Output = String> + Serialize + DeserializeOwned + Debug + Clone,
{
    let truth = serde_json::from_str(&serde_json::to_string(&job).unwrap());
    let truth: J = truth.unwrap();
    match pool.submit(job.clone()).and_then(|it| it.result()) {
        Ok(ran) => {
            assert_eq!(ran, format!("{truth:?}"), "{job:?} was sent");
            true
        }
        Err(Error::Codec { .. }) => false,
        Err(error) => panic!("{job:?}: {error}"),
    }
}

#[test]
fn no_attribute_of_serde_makes_another_job_of_a_job() {
    let pool = pool(1);
    assert!(delivered(&pool, Command::Before));
    assert!(!delivered(&pool, Command::Keep), "it would be DeleteAll");
    assert!(!delivered(&pool, Command::DeleteAll));
    let skipping = |a| Skipping { a, b: 1, c: 5 };
    assert!(delivered(&pool, skipping(Some(2))));
    assert!(!delivered(&pool, skipping(None)));
    assert!(!delivered(
        &pool,
        Flat {
            inner: Inner { x: 1 },
            y: 2
        }
    ));
    assert!(!delivered(&pool, Untagged::Number(1)));
    assert!(!delivered(&pool, Untagged::Text("one".to_owned())));
    assert!(!delivered(&pool, Tagged::One { x: 1 }));
    assert!(!delivered(&pool, Tagged::Two { x: 1 }));
    assert!(!delivered(&pool, Adjacent::One(1)));
    assert!(!delivered(&pool, Adjacent::Two(1)));
    let plain = Plain {
        some_field: None,
        cached: 7,
        map: [("a".to_owned(), vec![0.5, -0.0])].into(),
        bytes: vec![0, 255],
    };
    let outer = Plain {
        some_field: Some(Box::new(plain.clone())),
        map: [].into(),
        ..plain
    };
    assert!(delivered(&pool, outer));
    goes_on(&pool);
}

#[test]
fn an_input_that_does_not_read_back_is_refused_by_submit() {
    let pool = pool(1);
    let error = pool.submit(Command::Keep).unwrap_err();
    let Error::Codec { part, job, message } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*part, Part::Input);
    assert!(job.ends_with("words::Command"), "{job}");
    assert!(message.contains("#[serde(skip)]"), "{message}");
    // Nothing was sent, so no worker was started.
    assert!(pool.pids().is_empty());
}

#[test]
fn a_large_job_is_checked_once_for_each_type() {
    let pool = pool(1);
    let long = |a| Long {
        a,
        b: 1,
        rest: vec![3; 8 << 10],
    };
    let error = pool.submit(long(None)).unwrap_err();
    assert!(matches!(error, Error::Codec { .. }), "{error}");
}

#[test]
fn without_the_check_a_bad_job_still_spoils_no_other_of_its_batch() {
    let pool = builder().workers(1).check_jobs(false).build().unwrap();
    let job = |a, b| Skipping { a, b, c: 5 };
    let jobs = vec![job(Some(9), 1), job(None, 2), job(Some(9), 3), job(None, 4)];
    let results = pool.submit_batch(jobs.clone()).unwrap().result().unwrap();
    for (n, (job, result)) in jobs.iter().zip(&results).enumerate() {
        match n {
            0 | 2 => assert_eq!(result.as_ref(), Ok(&format!("{job:?}"))),
            _ => assert!(
                matches!(
                    result,
                    Err(Error::Codec {
                        part: Part::Input,
                        ..
                    })
                ),
                "{result:?}"
            ),
        }
    }
}

fn words_of(error: Error, expected_part: Part) -> String {
    match error {
        Error::Codec { part, message, .. } => {
            assert_eq!(part, expected_part);
            message
        }
        error => panic!("{error:?}"),
    }
}

#[test]
fn an_error_has_the_words_of_the_type_itself() {
    let pool = pool(1);
    // Writing a job.
    let message = words_of(pool.submit(Mute).unwrap_err(), Part::Input);
    assert_eq!(message, "the lock of this job is poisoned");
    // The message of serde's derive for a skipped variant.
    let message = words_of(pool.submit(Command::Internal).unwrap_err(), Part::Input);
    assert_eq!(
        message,
        "the enum variant Command::Internal cannot be serialized"
    );
    // `flatten` writes a map whose length is not known beforehand.
    let flat = Flat {
        inner: Inner { x: 1 },
        y: 2,
    };
    let message = words_of(pool.submit(flat).unwrap_err(), Part::Input);
    assert!(message.contains("flatten"), "{message}");
    // Reading an output.
    let bad = pool.submit(Picky("bad".to_owned())).unwrap().result();
    let message = words_of(bad.unwrap_err(), Part::Result);
    assert_eq!(message, "bad texts are not liked");
    let good = pool.submit(Picky("good".to_owned())).unwrap().result();
    assert_eq!(good, Ok(Liked("good".to_owned())));
}

#[test]
fn what_goes_wrong_in_the_parent_is_not_the_job_s_fault() {
    let pool = pool(1);
    let error = pool.submit(ForParent).unwrap().result().unwrap_err();
    let message = words_of(error, Part::Result);
    assert!(message.contains("read away from home"), "{message}");
    assert!(message.starts_with("reading it panicked at"), "{message}");
    goes_on(&pool);
}
