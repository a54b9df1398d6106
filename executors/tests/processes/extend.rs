//! For other executors: references and trait objects, promises, versions of job types, and errors
//! that can be serialized.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use executors::{
    EncodedAnswer, EncodedExecutor, EncodedJob, Error, Executor, Exit, Job, JobType, Map, Options,
    Owner, Part, ProcessPool, ThreadPool, WorkerId, forward, job, promise,
};
use serde::{Deserialize, Serialize};

use crate::support::{Act, Done, builder, number, pool};

/// Set in workers that have another list of jobs than their pool.
pub const OTHER_LIST: &str = "EXECUTORS_TEST_OTHER_LIST";
pub const OTHER_JOBS: &[JobType] = &[job::<Act>(), job::<Newer>()];

#[derive(Serialize, Deserialize)]
pub struct Newer;

impl Job for Newer {
    const NAME: &'static str = "newer";
    const VERSION: u32 = 7;
    type Output = ();
    fn run(self) {}
}

fn echo(pool: impl Executor, n: u64) -> u64 {
    number(pool.submit(Act::Echo(n)).unwrap().result())
}

#[test]
fn whatever_points_to_an_executor_is_one() {
    let processes = Arc::new(pool(1));
    assert_eq!(echo(&*processes, 1), 1);
    assert_eq!(echo(Arc::clone(&processes), 3), 3);
    let object: Arc<dyn EncodedExecutor> = processes;
    assert_eq!(echo(Arc::clone(&object), 4), 4);
    assert_eq!(
        object.map((0..3).map(Act::Echo)).map(number).sum::<u64>(),
        3
    );
    let boxed: Box<dyn EncodedExecutor> = Box::new(ThreadPool::new(1).unwrap());
    assert_eq!(echo(boxed, 5), 5);
}

#[test]
fn a_map_can_be_sent_to_another_thread() {
    fn is_send<T: Send>(it: T) -> T {
        it
    }
    let pool = pool(1);
    let map: Map<'_, _, Done> = is_send(pool.map((0..10).map(Act::Echo)));
    let sum = std::thread::scope(|scope| {
        let thread = scope.spawn(|| map.map(number).sum::<u64>());
        thread.join().unwrap()
    });
    assert_eq!(sum, 45);
}

/// An executor that does not know its number of workers, like one with other machines.
struct Elsewhere(ThreadPool);

impl EncodedExecutor for Elsewhere {
    fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        let started = self.0.spawn(move || {
            if job.start() {
                let payload = job.payload().to_vec();
                let results = job.job_type().run_encoded(&payload, job.count(), 1 << 20);
                job.finish(Ok(&results));
            }
        });
        started.map(|_| Arc::new(()) as Arc<dyn Owner>)
    }
    fn workers(&self) -> usize {
        0
    }
    fn look_ahead(&self) -> usize {
        16
    }
    fn pending(&self) -> usize {
        0
    }
    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.0.shutdown(wait, cancel_pending)
    }
}

#[test]
fn an_executor_of_a_user_s_own_has_all_calls() {
    let elsewhere = Elsewhere(ThreadPool::new(2).unwrap());
    let pool: &dyn EncodedExecutor = &elsewhere;
    assert!(pool.map((0..100).map(Act::Echo)).map(number).eq(0..100));
    assert_eq!(echo(pool, 4), 4);
    let batch = pool.submit_batch(vec![Act::Echo(1), Act::Panic]).unwrap();
    let results = batch.result().unwrap();
    assert_eq!(results[0], Ok(Done::Number(1)));
    assert!(matches!(results[1], Err(Error::Panicked { .. })));
    let options = Options::new().retries(3);
    let future = pool.submit_with(Act::Echo(9), &options).unwrap();
    assert_eq!(number(future.result()), 9);
}

/// An executor that drops every job.
struct Careless;

impl EncodedExecutor for Careless {
    fn submit_encoded(&self, _: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        Ok(Arc::new(()))
    }
    fn workers(&self) -> usize {
        1
    }
    fn pending(&self) -> usize {
        0
    }
    fn shutdown(&self, _: bool, _: bool) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_job_that_is_let_go_of_is_lost_and_not_waited_for() {
    let pool: &dyn EncodedExecutor = &Careless;
    let error = pool.submit(Act::Echo(1)).unwrap().result().unwrap_err();
    assert!(matches!(error, Error::Lost { .. }), "{error}");
}

#[test]
fn a_promise_keeps_to_the_states_of_cpython_s_future() {
    // In CPython: set_running_or_notify_cancel, set_result, InvalidStateError.
    let (kept, future) = promise::<u32>(Arc::new(()));
    assert!(kept.start());
    assert!(!kept.start(), "once is enough");
    assert!(!future.cancel());
    kept.finish(Ok(42));
    assert_eq!(future.result(), Ok(42));

    let (kept, future) = promise::<u32>(Arc::new(()));
    assert!(future.cancel());
    assert!(!kept.start());
    kept.finish(Ok(42));
    assert_eq!(future.result(), Err(Error::Cancelled));

    let (kept, future) = promise::<u32>(Arc::new(()));
    drop(kept);
    assert!(matches!(future.result(), Err(Error::Lost { .. })));
}

#[test]
fn a_worker_of_another_build_is_told() {
    let pool = builder().workers(1).env(OTHER_LIST, "1").build().unwrap();
    let error = pool
        .submit(Act::Echo(1))
        .and_then(|it| it.result())
        .unwrap_err();
    let Error::VersionMismatch { theirs, .. } = &error else {
        panic!("{error:?}");
    };
    assert!(theirs.contains("newer version 7"), "{theirs}");
    assert!(pool.submit(Act::Echo(1)).is_err(), "the pool is of no use");
}

#[test]
fn a_job_type_states_its_name_and_version() {
    let newer = job::<Newer>();
    assert_eq!((newer.name(), newer.version()), ("newer", 7));
    assert!(job::<Act>().name().ends_with("support::Act"));
    assert_ne!(newer.fingerprint(), job::<Act>().fingerprint());
}

#[test]
fn every_error_can_be_written_down_and_read_again() {
    let worker = WorkerId::local(7);
    let text = |text: &str| text.to_owned();
    let limit = Duration::from_millis(1500);
    let errors = [
        Error::Cancelled,
        Error::TimedOut { after: limit },
        Error::Overran {
            limit,
            worker: worker.clone(),
            place: Some(3),
        },
        Error::Panicked {
            message: text("no"),
            location: text("a.rs:1:2"),
        },
        Error::WorkerDied {
            worker: worker.clone(),
            exit: Exit::Signal(9),
            memory_limit: Some(1),
        },
        Error::Killed {
            worker: worker.clone(),
        },
        Error::Garbled {
            worker,
            what: text("x"),
        },
        Error::Lost { what: text("x") },
        Error::Expired {
            part: Part::Result,
            after: limit,
        },
        Error::Disconnected {
            from: text("a"),
            message: text("b"),
        },
        Error::VersionMismatch {
            job: text("a"),
            ours: text("b"),
            theirs: text("c"),
        },
        Error::PoolBroken { reason: text("x") },
        Error::Deadlock,
        Error::ShutDown,
        Error::QueueFull { limit: 8 },
        Error::TooLarge {
            part: Part::Input,
            job: text("a"),
            size: 2,
            limit: 1,
        },
        Error::HookMissing,
        Error::NotRegistered {
            job: text("a::B"),
            short: text("B"),
        },
        Error::Codec {
            part: Part::Input,
            job: text("a"),
            message: text("b"),
        },
        Error::KeyInUse { key: text("k") },
        Error::Spawn {
            what: text("a"),
            message: text("b"),
        },
        Error::NoWorkers,
        Error::TooManyWorkers {
            wanted: 9,
            limit: 8,
        },
        Error::Unsupported { what: text("x") },
        Error::Taken,
    ];
    for error in errors {
        let json = serde_json::to_string(&error).unwrap();
        assert_eq!(
            serde_json::from_str::<Error>(&json).unwrap(),
            error,
            "{json}"
        );
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn a_pool_without_room_for_its_jobs_says_so_with_patience() {
    use executors::Patience;
    let pool: ProcessPool = builder().workers(1).queue_limit(1).build().unwrap();
    let stuck = pool.submit(Act::Sleep).unwrap();
    crate::support::until("it runs", || stuck.is_running());
    let queued = pool.submit(Act::Echo(1)).unwrap();
    let past = std::time::Instant::now();
    for patience in [Patience::Never, Patience::Until(past)] {
        let options = Options::new().patience(patience);
        let error = pool.submit_with(Act::Echo(2), &options).unwrap_err();
        assert_eq!(error, Error::QueueFull { limit: 1 });
    }
    pool.kill().unwrap();
    assert!(stuck.result().is_err() && queued.result().is_err());
}

/// An executor on another machine: a job is started there without a notification.
#[derive(Default)]
struct OtherMachine {
    jobs: Mutex<Vec<EncodedJob>>,
    started: Arc<AtomicBool>,
}

struct Ask(Arc<AtomicBool>);

impl Owner for Ask {
    fn withdraw(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }
}

impl EncodedExecutor for OtherMachine {
    fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        self.jobs.lock().unwrap().push(job);
        Ok(Arc::new(Ask(Arc::clone(&self.started))))
    }
    fn workers(&self) -> usize {
        1
    }
    fn pending(&self) -> usize {
        0
    }
    fn shutdown(&self, _wait: bool, _cancel_pending: bool) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_job_that_was_started_elsewhere_is_not_cancelled() {
    let other = OtherMachine::default();
    let executor: &dyn EncodedExecutor = &other;
    let waits = executor.submit(Act::Echo(1)).unwrap();
    assert!(waits.cancel());
    assert_eq!(waits.result(), Err(Error::Cancelled));
    other.started.store(true, Ordering::Relaxed);
    let runs = executor.submit(Act::Echo(2)).unwrap();
    assert!(!runs.cancel());
    assert!(!runs.is_done());
    // Its executor still ends it.
    let job = other.jobs.lock().unwrap().pop().unwrap();
    job.refuse(Error::Cancelled);
    assert_eq!(runs.result(), Err(Error::Cancelled));
}

#[test]
fn jobs_are_forwarded_as_bytes_and_their_answers_come_back_as_bytes() {
    let other = OtherMachine::default();
    let executor: &dyn EncodedExecutor = &other;
    let jobs = vec![Act::Echo(1), Act::Panic, Act::Echo(3)];
    let future = executor.submit_batch(jobs).unwrap();
    let mut sent = other.jobs.lock().unwrap().pop().unwrap();
    let (count, payload) = (sent.count(), sent.take_payload());
    assert!(sent.payload().is_empty());
    let pool = pool(1);
    let answer = forward(
        pool.encoded(),
        (job::<Act>(), count, &payload),
        &Options::new(),
    );
    let answer = answer.unwrap().result().unwrap();
    let read = answer.read::<Act>(count, 1000).unwrap();
    assert!(sent.start());
    sent.answer(&answer);
    let results = future.result().unwrap();
    assert_eq!(results, read);
    assert_eq!(results[0], Ok(Done::Number(1)));
    assert!(matches!(results[1], Err(Error::Panicked { .. })));
    assert_eq!(results[2], Ok(Done::Number(3)));
    // An error of all jobs is an answer too.
    let died = forward(pool.encoded(), (job::<Act>(), 0, &[]), &Options::new());
    assert_eq!(
        died.unwrap().result(),
        Ok(EncodedAnswer::Results(Vec::new()))
    );
}
