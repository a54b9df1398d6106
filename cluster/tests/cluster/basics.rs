//! What every executor does, and who may take part.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cluster::{Agent, Broker, RedisPool};
use executors::{Error, Executor, Exit, Job, Options, ProcessPool, as_completed};

use crate::support::jobs::{Unknown, new};
use crate::support::{Act, AgentProcess, Done, JOBS, LONG, Server, pool, submit_blocker, until};

#[test]
fn jobs_go_there_and_answers_come_back() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 2, LONG);
    let pool = pool(&server, LONG);
    assert_eq!(
        pool.submit(Act::Echo(7)).unwrap().result(),
        Ok(Done::Number(7))
    );
    let numbers = pool.map((0..300).map(Act::Echo)).chunk(7);
    let numbers: Vec<Done> = numbers.map(Result::unwrap).collect();
    assert_eq!(numbers, (0..300).map(Done::Number).collect::<Vec<_>>());
    let futures = (0..50).map(|n| pool.submit(Act::Echo(n)).unwrap());
    let places: HashSet<usize> = as_completed(futures).map(|(place, _)| place).collect();
    assert_eq!(places.len(), 50);
    assert_eq!(pool.workers(), 2);
    let totals = server.overview().totals;
    assert_eq!((totals.submitted, totals.done, totals.lost), (94, 94, 0));
}

#[test]
fn jobs_that_were_handed_in_before_there_is_an_agent_wait_for_one() {
    let Some(server) = Server::start() else {
        return;
    };
    let pool = pool(&server, LONG);
    let future = pool.submit(Act::Echo(1)).unwrap();
    assert_eq!(server.overview().waiting, 1);
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    assert_eq!(future.result(), Ok(Done::Number(1)));
}

#[test]
fn a_panic_is_the_jobs_own_and_so_is_the_death_of_its_worker() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let chunk = vec![Act::Echo(1), Act::Panic, Act::Echo(3)];
    let results = pool.submit_batch(chunk).unwrap().result().unwrap();
    assert_eq!(results[0], Ok(Done::Number(1)));
    let Err(Error::Panicked { message, .. }) = &results[1] else {
        panic!("{results:?}");
    };
    assert_eq!(message, "told to");
    assert_eq!(results[2], Ok(Done::Number(3)));
    // A job that kills its worker is answered as such, and not delivered again.
    match pool.submit(Act::Signal(9)).unwrap().result() {
        Err(Error::WorkerDied { worker, exit, .. }) => {
            assert_eq!((&*worker.host, exit), ("one", Exit::Signal(9)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        pool.submit(Act::Echo(4)).unwrap().result(),
        Ok(Done::Number(4))
    );
}

#[test]
fn a_time_limit_is_kept_on_the_other_machine() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let job = Act::Mark(server.file("begun"), server.file("never"));
    let options = Options::new().time_limit(Duration::from_millis(50));
    let result = pool.submit_with(job, &options).unwrap().result();
    let Err(Error::Overran { limit, worker, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!((limit, &*worker.host), (Duration::from_millis(50), "one"));
}

#[test]
fn a_job_of_another_version_or_an_unknown_type_is_answered_with_both_versions() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let result = pool.submit(new::Versioned(1)).unwrap().result();
    let Err(Error::VersionMismatch { job, ours, theirs }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(job, "versioned");
    assert!(ours.starts_with("versioned version 2 ("), "{ours}");
    assert!(theirs.starts_with("versioned version 1 ("), "{theirs}");
    let result = pool.submit(Unknown).unwrap().result();
    let Err(Error::VersionMismatch { job, theirs, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!((&*job, &*theirs), (Unknown::NAME, "no such job"));
}

#[test]
fn programs_of_another_protocol_are_refused_with_both_versions() {
    let Some(server) = Server::start() else {
        return;
    };
    let _: () = server.command(&["SET", "{test}:protocol", "17"]);
    let result = RedisPool::builder()
        .prefix("test")
        .connect(&server.broker());
    let Err(Error::VersionMismatch { ours, theirs, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!((&*ours, &*theirs), ("version 1", "version 17"));
}

#[test]
fn a_prefix_is_a_cluster_of_its_own() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let other = RedisPool::builder()
        .prefix("other")
        .connect(&server.broker())
        .unwrap();
    let elsewhere = other.submit(Act::Echo(1)).unwrap();
    assert_eq!(
        pool(&server, LONG).submit(Act::Echo(2)).unwrap().result(),
        Ok(Done::Number(2))
    );
    assert!(
        elsewhere.cancel(),
        "nobody claims what is under the other prefix"
    );
    let keys: Vec<String> = server.command(&["KEYS", "*"]);
    let ours = |key: &String| key.starts_with("{test}:") || key.starts_with("{other}:");
    assert!(keys.iter().all(ours), "{keys:?}");
}

#[test]
fn users_and_passwords_are_asked_for_and_never_shown() {
    let users = [
        "--user",
        "worker",
        "on",
        ">s3cret",
        // The rights that TOOL.md gives.
        "~{test}:*",
        "+@all",
        "-@admin",
        "-@dangerous",
        "+client|id",
        "+client|unblock",
        "+info",
        "--user",
        "default",
        "off",
    ];
    let Some(server) = Server::start_with(&users, &[]) else {
        return;
    };
    let address = |user: &str| format!("redis://{user}@127.0.0.1:{}", server.port);
    let connect = |url: &str| {
        RedisPool::builder()
            .prefix("test")
            .connect(&Broker::at(url).unwrap())
    };
    for user in ["worker:wrong", "nobody:s3cret"] {
        let error = connect(&address(user)).unwrap_err();
        assert!(matches!(error, Error::Disconnected { .. }), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("WRONGPASS") || text.contains("uthentication"),
            "{text}"
        );
        assert!(
            !text.contains("s3cret") && !text.contains("wrong@"),
            "{text}"
        );
    }
    let url = address("worker:s3cret");
    let _agent = AgentProcess::start_at(&url, "one", 1, LONG);
    let pool = connect(&url).unwrap();
    assert!(!format!("{pool:?}").contains("s3cret"));
    assert_eq!(
        pool.submit(Act::Echo(3)).unwrap().result(),
        Ok(Done::Number(3))
    );
}

#[test]
fn what_is_no_broker_is_told() {
    // Nobody listens there.
    let broker = Broker::at("redis://127.0.0.1:1").unwrap();
    let error = RedisPool::builder().connect(&broker).unwrap_err();
    assert!(matches!(error, Error::Disconnected { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
}

#[test]
fn an_agent_in_this_process_stops_when_it_is_told_to() {
    let Some(server) = Server::start() else {
        return;
    };
    executors::hook(JOBS);
    let workers = ProcessPool::builder().workers(1);
    let workers = workers.worker_args(["worker", "--exact", "--nocapture"]);
    let agent = Agent::builder(JOBS).prefix("test").pool(workers);
    let agent = agent.connect(&server.broker()).unwrap();
    let pids = agent.pids();
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    let thread = std::thread::spawn(move || agent.run(|| asked.load(Ordering::Relaxed)));
    let pool = pool(&server, LONG);
    let blocked = submit_blocker(&pool, &server, "begun");
    stop.store(true, Ordering::Relaxed);
    assert_eq!(thread.join().unwrap(), Ok(cluster::End::Stopped));
    assert!(matches!(blocked.result(), Err(Error::Killed { .. })));
    assert_eq!(server.overview().agents, []);
    for pid in pids {
        until("no worker is left", || {
            !std::path::Path::new(&format!("/proc/{pid}")).exists()
        });
    }
}

#[test]
fn an_agent_that_is_drained_ends_with_its_last_job() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut one = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let last = submit_blocker(&pool, &server, "begun");
    let drained = cluster::drain(&server.broker(), "test", "one").unwrap();
    assert_eq!(drained.len(), 1);
    until("it is known", || server.overview().agents[0].draining);
    let next = pool.submit(Act::Echo(1)).unwrap();
    server.create("go");
    assert_eq!(last.result(), Ok(Done::Number(0)));
    assert!(one.wait().success());
    assert!(!next.is_done());
    let _two = AgentProcess::start(&server, "two", 1, LONG);
    assert_eq!(next.result(), Ok(Done::Number(1)));
}
