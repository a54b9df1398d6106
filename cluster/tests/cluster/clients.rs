//! A client's death, and leaving on purpose.

use std::process::{Command, Stdio};
use std::time::Duration;

use cluster::{Broker, RedisPool};
use executors::{Error, Executor};

use crate::support::{Act, AgentProcess, Done, LONG, SHORT, Server, pool, submit_blocker, until};

const URL: &str = "CLUSTER_TEST_CLIENT_URL";
const FOLDER: &str = "CLUSTER_TEST_CLIENT_FOLDER";

/// In the process of a client: submits one job that runs and ten that wait, and is killed meanwhile.
pub fn run_if_told() {
    let (Ok(url), Ok(folder)) = (std::env::var(URL), std::env::var(FOLDER)) else {
        return;
    };
    let broker = Broker::at(&url).unwrap();
    let pool = RedisPool::builder()
        .prefix("test")
        .lease(SHORT)
        .connect(&broker)
        .unwrap();
    let file = |name: &str| format!("{folder}/{name}");
    let running = pool
        .submit(Act::Mark(file("begun"), file("never")))
        .unwrap();
    let waiting: Vec<_> = (0..10)
        .map(|n| pool.submit(Act::Log(file("log"), n)).unwrap())
        .collect();
    std::fs::write(file("submitted"), "").unwrap();
    let _ = running.result();
    drop(waiting);
}

#[test]
fn a_client_that_dies_takes_its_jobs_with_it() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, SHORT);
    let mut client = Command::new(std::env::current_exe().unwrap())
        .args(["client", "--exact", "--nocapture"])
        .env(URL, server.url())
        .env(FOLDER, server.file(""))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    until("one runs and ten wait", || {
        server.has("begun") && server.has("submitted")
    });
    assert!(server.overview().clients[0].waiting >= 8);
    client.kill().unwrap();
    client.wait().unwrap();
    until("its jobs are gone", || {
        let overview = server.overview();
        overview.clients.is_empty() && overview.waiting + overview.offered + overview.running == 0
    });
    // The worker is free again.
    let pool = pool(&server, LONG);
    assert_eq!(
        pool.submit(Act::Echo(1)).unwrap().result(),
        Ok(Done::Number(1))
    );
    assert_eq!(server.lines("log"), [""; 0]);
}

#[test]
fn a_pool_that_is_detached_leaves_its_jobs_to_who_attaches() {
    let Some(server) = Server::start() else {
        return;
    };
    let first = pool(&server, LONG);
    let kept: Vec<_> = (0..3)
        .map(|n| first.submit(Act::Echo(n)).unwrap())
        .collect();
    let chunk = first.submit_batch(vec![Act::Echo(10), Act::Panic]).unwrap();
    let builder = || RedisPool::builder().prefix("test");
    let too_early = builder().attach(&server.broker(), &first.id());
    assert!(
        matches!(too_early, Err(Error::Lost { .. })),
        "{too_early:?}"
    );
    let id = first.detach(LONG).unwrap();
    for future in kept {
        let Err(Error::Lost { what }) = future.result() else {
            panic!("not lost");
        };
        assert!(what.contains(&id), "{what}");
    }
    drop(chunk);
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    until("some are answered", || server.overview().totals.done >= 2);
    let (second, jobs) = builder().attach(&server.broker(), &id).unwrap();
    assert_eq!(
        jobs.iter().map(|job| job.number()).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    let mut results = jobs.into_iter().map(|job| job.results::<Act>().unwrap());
    for n in 0..3 {
        assert_eq!(results.next().unwrap(), [Ok(Done::Number(n))]);
    }
    let chunk = results.next().unwrap();
    assert_eq!(chunk[0], Ok(Done::Number(10)));
    assert!(matches!(chunk[1], Err(Error::Panicked { .. })), "{chunk:?}");
    // It is a pool like any other.
    assert_eq!(
        second.submit(Act::Echo(5)).unwrap().result(),
        Ok(Done::Number(5))
    );
}

#[test]
fn a_detached_pools_jobs_run_on_and_its_answers_expire() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, SHORT);
    let pool = pool(&server, SHORT);
    let running = submit_blocker(&pool, &server, "begun");
    let id = pool.detach(Duration::from_secs(3)).unwrap();
    server.create("go");
    assert!(running.result().is_err());
    until("the broker has forgotten it", || {
        server.overview().clients.is_empty()
    });
    let again = RedisPool::builder()
        .prefix("test")
        .attach(&server.broker(), &id);
    let Err(Error::Expired { after, .. }) = again else {
        panic!("{again:?}");
    };
    assert_eq!(after, Duration::from_secs(3));
    until("no key is left", || {
        let keys: Vec<String> = server.command(&["KEYS", &format!("*:{id}")]);
        keys == [format!("{{test}}:kept:{id}")]
    });
    let unknown = RedisPool::builder()
        .prefix("test")
        .attach(&server.broker(), "nobody");
    assert!(matches!(unknown, Err(Error::Lost { .. })), "{unknown:?}");
}
