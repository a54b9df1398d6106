//! How often a job runs.

use executors::{Error, Executor, Options};

use crate::support::{Act, AgentProcess, Done, LONG, Server, pool};

#[test]
fn a_job_that_may_be_repeated_is_tried_so_often_and_then_a_dead_letter() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let once = pool.submit(Act::Die(server.file("once"))).unwrap().result();
    assert!(matches!(once, Err(Error::WorkerDied { .. })), "{once:?}");
    let options = Options::new().retries(2);
    let thrice = pool.submit_with(Act::Die(server.file("thrice")), &options);
    let thrice = thrice.unwrap().result();
    assert!(
        matches!(thrice, Err(Error::WorkerDied { .. })),
        "{thrice:?}"
    );
    assert_eq!(server.lines("once").len(), 1);
    assert_eq!(server.lines("thrice").len(), 3);
    let letters = cluster::dead_letters(&server.broker(), "test", 10).unwrap();
    assert_eq!(letters.len(), 1, "{letters:?}");
    assert_eq!((letters[0].retries, &*letters[0].number), (2, "2"));
    assert!(letters[0].job.starts_with("act version 0"), "{letters:?}");
    assert!(letters[0].why.contains("SIGKILL"), "{letters:?}");
    let totals = server.overview().totals;
    assert_eq!((totals.repeated, totals.lost, totals.done), (2, 2, 0));
}

#[test]
fn one_key_is_one_job() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let options = Options::new().key("the job");
    let job = || Act::Mark(server.file("begun"), server.file("go"));
    let first = pool.submit_with(job(), &options).unwrap();
    let second = pool.submit_with(job(), &options).unwrap();
    let other = pool.submit_with(Act::Echo(1), &options);
    assert!(matches!(other, Err(Error::KeyInUse { .. })), "{other:?}");
    server.create("go");
    assert_eq!(first.result(), Ok(Done::Number(0)));
    assert_eq!(second.result(), Ok(Done::Number(0)));
    assert_eq!(server.lines("begun").len(), 1);
}
