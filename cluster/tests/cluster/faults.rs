//! Agents that die, stand still, or are cut off.

use executors::{Error, Executor, Options};
use rustix::process::Signal;

use crate::proxy::Proxy;
use crate::support::{Act, AgentProcess, Done, LONG, SHORT, Server, pool, submit_blocker, until};

fn submit_repeatable(
    pool: &cluster::RedisPool,
    server: &Server,
    name: &str,
) -> executors::Future<Done> {
    let job = Act::Mark(server.file(name), server.file("go"));
    let future = pool.submit_with(job, &Options::new().retries(1)).unwrap();
    until("the job runs", || server.has(name));
    future
}

#[test]
fn an_agent_that_is_killed_loses_its_jobs_and_those_that_may_be_are_repeated() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut one = AgentProcess::start(&server, "one", 2, SHORT);
    let pool = pool(&server, SHORT);
    let once = submit_blocker(&pool, &server, "once");
    let twice = submit_repeatable(&pool, &server, "twice");
    one.kill();
    let result = once.result();
    let Err(Error::Lost { what }) = &result else {
        panic!("{result:?}");
    };
    assert!(what.contains("one-") && what.contains("1.5s"), "{what}");
    assert!(!twice.is_done());
    let _two = AgentProcess::start(&server, "two", 2, SHORT);
    until("it runs again", || server.lines("twice").len() == 2);
    server.create("go");
    assert_eq!(twice.result(), Ok(Done::Number(0)));
    assert_eq!(server.lines("once").len(), 1);
}

#[test]
fn an_agent_that_stands_still_beyond_its_lease_is_dead_and_comes_back_as_another() {
    let Some(server) = Server::start() else {
        return;
    };
    let one = AgentProcess::start(&server, "one", 1, SHORT);
    let pool = pool(&server, SHORT);
    let before = server.overview().agents[0].id.clone();
    let once = submit_blocker(&pool, &server, "once");
    one.signal(Signal::STOP);
    // Its worker is another process: it does its work meanwhile.
    server.create("go");
    let result = once.result();
    assert!(matches!(result, Err(Error::Lost { .. })), "{result:?}");
    one.signal(Signal::CONT);
    until("it is there again", || {
        let agents = server.overview().agents;
        agents.len() == 1 && agents[0].id != before
    });
    assert_eq!(
        pool.submit(Act::Echo(1)).unwrap().result(),
        Ok(Done::Number(1))
    );
    assert_eq!(server.lines("once").len(), 1);
    // What it said of that job was refused, and not counted as an agent's of that name.
    let agents: Vec<String> = server.command(&["KEYS", "{test}:agent:*"]);
    assert_eq!(agents.len(), 1, "{agents:?}");
}

#[test]
fn a_job_that_takes_much_longer_than_the_lease_runs_once() {
    let Some(server) = Server::start() else {
        return;
    };
    let _one = AgentProcess::start(&server, "one", 1, SHORT);
    let pool = pool(&server, SHORT);
    let long = submit_repeatable(&pool, &server, "long");
    let beats = |id: &str| -> u64 { server.command(&["HGET", "{test}:beats", id]) };
    let id = server.overview().agents[0].id.clone();
    let now = beats(&id);
    until("three leases have passed", || beats(&id) > now + 18);
    until("its client is told that it runs", || long.is_running());
    server.create("go");
    assert_eq!(long.result(), Ok(Done::Number(0)));
    assert_eq!(server.lines("long").len(), 1);
}

#[test]
fn an_agent_that_is_cut_off_for_less_than_its_lease_loses_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    let proxy = Proxy::to(server.port);
    let _one = AgentProcess::start_at(&proxy.url(), "one", 2, LONG);
    let pool = pool(&server, LONG);
    let once = submit_blocker(&pool, &server, "once");
    proxy.cut();
    // The job ends while its agent is disconnected.
    server.create("go");
    let waiting = pool.submit(Act::Echo(1)).unwrap();
    until("the agent has tried to come back", || proxy.refused() > 2);
    assert!(!once.is_done() && !waiting.is_done());
    proxy.mend();
    assert_eq!(once.result(), Ok(Done::Number(0)));
    assert_eq!(waiting.result(), Ok(Done::Number(1)));
    assert_eq!(server.lines("once").len(), 1);
}

#[test]
fn an_agent_that_is_cut_off_for_good_is_told_of_to_the_client() {
    let Some(server) = Server::start() else {
        return;
    };
    let proxy = Proxy::to(server.port);
    let _one = AgentProcess::start_at(&proxy.url(), "one", 1, SHORT);
    let pool = pool(&server, SHORT);
    let once = submit_blocker(&pool, &server, "once");
    // Nothing is closed: no packet comes through any more.
    proxy.freeze();
    let result = once.result();
    assert!(matches!(result, Err(Error::Lost { .. })), "{result:?}");
    proxy.mend();
    assert_eq!(
        pool.submit(Act::Echo(1)).unwrap().result(),
        Ok(Done::Number(1))
    );
}

#[test]
fn a_client_that_is_cut_off_is_told_so_and_comes_back() {
    let Some(server) = Server::start() else {
        return;
    };
    let _one = AgentProcess::start(&server, "one", 1, SHORT);
    let proxy = Proxy::to(server.port);
    let broker = cluster::Broker::at(&proxy.url()).unwrap();
    let pool = cluster::RedisPool::builder().prefix("test").lease(SHORT);
    let pool = pool.connect(&broker).unwrap();
    let running = submit_blocker(&pool, &server, "begun");
    proxy.freeze();
    let result = running.result();
    assert!(
        matches!(result, Err(Error::Disconnected { .. })),
        "{result:?}"
    );
    let refused = pool.submit(Act::Echo(1));
    assert!(
        matches!(refused, Err(Error::Disconnected { .. })),
        "{refused:?}"
    );
    proxy.mend();
    until("it is there again", || {
        pool.submit(Act::Echo(1))
            .is_ok_and(|future| future.result() == Ok(Done::Number(1)))
    });
}

#[test]
fn a_job_whose_acceptance_gets_lost_on_its_way_runs_once() {
    let Some(server) = Server::start() else {
        return;
    };
    let _one = AgentProcess::start(&server, "one", 1, LONG);
    let proxy = Proxy::to(server.port);
    let broker = cluster::Broker::at(&proxy.url()).unwrap();
    let pool = cluster::RedisPool::builder().prefix("test").lease(LONG);
    let pool = pool.connect(&broker).unwrap();
    assert_eq!(
        pool.submit(Act::Echo(0)).unwrap().result(),
        Ok(Done::Number(0))
    );
    proxy.lose_answers();
    std::thread::scope(|scope| {
        let job = Act::Log(server.file("log"), 1);
        let submitted = scope.spawn(|| pool.submit(job).unwrap());
        until("the broker has it", || {
            server.overview().totals.submitted == 2
        });
        proxy.mend();
        let future = submitted.join().unwrap();
        assert_eq!(future.result(), Ok(Done::Number(1)));
    });
    until("nothing is left", || {
        let overview = server.overview();
        overview.running + overview.offered + overview.waiting == 0
    });
    assert_eq!(server.lines("log").len(), 1);
    assert_eq!(server.overview().totals.done, 2);
}
