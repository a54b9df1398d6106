//! Output of a job other than its result.

use executors::{Error, Executor, Part};

use crate::support::{Act, BadInput, Done, MakeBomb, builder, fails, goes_on, pool};

#[test]
fn a_worker_that_prints_disturbs_nothing() {
    let pool = pool(1);
    pool.warm_up().unwrap();
    let pids = pool.pids();
    assert_eq!(
        pool.submit(Act::Print).unwrap().result(),
        Ok(Done::Number(0))
    );
    goes_on(&pool);
    assert_eq!(pool.pids(), pids);
}

#[test]
fn garbage_in_the_pipe_is_one_clear_error() {
    let pool = pool(1);
    let error = fails(&pool, Act::Smuggle(b"hello".to_vec()));
    let Error::Garbled { what, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(
        what.starts_with("a frame cannot begin with \"hello"),
        "{what}"
    );
    goes_on(&pool);
}

#[test]
fn an_oversized_frame_is_refused_unread() {
    let pool = pool(1);
    let mut header = b"\xF5mh\x01\x02\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF".to_vec();
    header.resize(24, 0);
    let Error::Garbled { what, .. } = fails(&pool, Act::Smuggle(header)) else {
        panic!()
    };
    assert!(what.starts_with("a frame of 4294967295 bytes"), "{what}");
    goes_on(&pool);
}

#[test]
fn a_forged_answer_is_refused() {
    let pool = pool(1);
    // A well-formed, empty answer to a job that was never sent.
    let mut header = b"\xF5mh\x01\x02\0\0\0\x63\0\0\0\0\0\0\0".to_vec();
    header.resize(24, 0);
    assert!(matches!(
        fails(&pool, Act::Smuggle(header)),
        Error::Garbled { .. }
    ));
    goes_on(&pool);
}

#[test]
fn what_is_too_large_is_refused_on_either_side_and_costs_no_worker() {
    let pool = builder().workers(1).frame_limit(10_000).build().unwrap();
    pool.warm_up().unwrap();
    let pids = pool.pids();
    let error = pool.submit(Act::Carry(vec![0; 20_000])).unwrap_err();
    assert!(matches!(
        error,
        Error::TooLarge {
            part: Part::Input,
            limit: 10_000,
            ..
        }
    ));
    let error = fails(&pool, Act::Produce(20_000));
    let Error::TooLarge {
        part, size, limit, ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!((part, limit), (Part::Result, 10_000));
    assert!(size > 20_000);
    goes_on(&pool);
    assert_eq!(pool.pids(), pids);
}

#[test]
fn large_jobs_and_results_pass() {
    let pool = pool(2);
    let size = 20 << 20;
    let carried = pool.submit(Act::Carry(vec![1; size])).unwrap();
    let produced = pool.submit(Act::Produce(size)).unwrap();
    assert_eq!(carried.result(), Ok(Done::Number(size as u64)));
    assert_eq!(produced.result(), Ok(Done::Bytes(vec![7; size])));
}

#[test]
fn a_job_that_cannot_be_read_is_refused_in_its_own_words() {
    let pool = pool(1);
    let error = pool.submit(BadInput(1)).unwrap_err();
    let Error::Codec { part, message, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*part, Part::Input);
    assert!(message.contains("unreadable on purpose"), "{message}");
    goes_on(&pool);
}

#[test]
fn a_result_whose_drop_panics_costs_nothing() {
    let pool = pool(1);
    // The future was dropped, so the pool has to drop the result.
    drop(pool.submit(MakeBomb).unwrap());
    goes_on(&pool);
}
