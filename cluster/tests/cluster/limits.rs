//! Large values, full queues, cancelling, and clients beside each other.

use cluster::RedisPool;
use executors::{Error, Executor, Part};

use crate::support::{Act, AgentProcess, Done, LONG, SHORT, Server, pool, submit_blocker, until};

#[test]
fn large_values_travel_beside_the_streams_and_leave_nothing_behind() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 2, LONG);
    let pool = pool(&server, LONG);
    for size in [0, 1, 16_000, 16_383, 16_384, 16_385, 3_000_000] {
        let carried = pool.submit(Act::Carry(vec![3; size])).unwrap().result();
        assert_eq!(carried, Ok(Done::Number(size as u64)));
        let produced = pool.submit(Act::Produce(size)).unwrap().result();
        assert_eq!(produced, Ok(Done::Bytes(vec![7; size])));
    }
    until("nothing is kept", || {
        let keys: Vec<String> = server.command(&["KEYS", "{test}:values:*"]);
        keys.is_empty()
    });
}

#[test]
fn a_value_over_the_limit_is_refused_with_its_size() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = RedisPool::builder().prefix("test").size_limit(1000);
    let pool = pool.connect(&server.broker()).unwrap();
    let Err(Error::TooLarge { part, limit, .. }) = pool.submit(Act::Carry(vec![0; 1000])) else {
        panic!("accepted");
    };
    assert_eq!((part, limit), (Part::Input, 1000));
    // The agent's limit is 4 MiB.
    let result = pool.submit(Act::Produce(5 << 20)).unwrap().result();
    let Err(Error::TooLarge { part, size, .. }) = result else {
        panic!("{result:?}");
    };
    assert_eq!(part, Part::Result);
    assert!(size >= 5 << 20);
}

#[test]
fn a_full_queue_refuses_or_keeps_the_caller_waiting() {
    let Some(server) = Server::start() else {
        return;
    };
    let pool = RedisPool::builder().prefix("test").queue_limit(3);
    let pool = pool.connect(&server.broker()).unwrap();
    let waiting: Vec<_> = (0..3).map(|n| pool.submit(Act::Echo(n)).unwrap()).collect();
    let refused = pool.try_submit(Act::Echo(3)).unwrap_err();
    assert_eq!(refused.error, Error::QueueFull { limit: 3 });
    assert_eq!(refused.job, Act::Echo(3));
    std::thread::scope(|scope| {
        let more = scope.spawn(|| pool.submit(Act::Echo(3)).unwrap().result());
        let _agent = AgentProcess::start(&server, "one", 1, LONG);
        assert_eq!(more.join().unwrap(), Ok(Done::Number(3)));
        for (n, future) in (0..).zip(waiting) {
            assert_eq!(future.result(), Ok(Done::Number(n)));
        }
    });
}

#[test]
fn the_queue_limit_is_each_clients_own() {
    let Some(server) = Server::start() else {
        return;
    };
    let limited = || {
        let pool = RedisPool::builder().prefix("test").queue_limit(2);
        pool.connect(&server.broker()).unwrap()
    };
    let (one, two) = (limited(), limited());
    for pool in [&one, &two] {
        for n in 0..2 {
            drop(pool.try_submit(Act::Echo(n)).unwrap());
        }
        let refused = pool.try_submit(Act::Echo(2)).unwrap_err();
        assert_eq!(refused.error, Error::QueueFull { limit: 2 });
    }
    assert_eq!(server.overview().waiting, 4);
    for pool in [one, two] {
        pool.shutdown(false, true).unwrap();
    }
}

#[test]
fn a_broker_without_memory_refuses_jobs_and_still_answers_those_it_has() {
    let Some(server) = Server::start() else {
        return;
    };
    let pool = pool(&server, LONG);
    let waiting: Vec<_> = (0..20)
        .map(|n| pool.submit(Act::Echo(n)).unwrap())
        .collect();
    let most = |bytes: &str| -> String { server.command(&["CONFIG", "SET", "maxmemory", bytes]) };
    most("1");
    let Err(Error::Disconnected { message, .. }) = pool.submit(Act::Echo(20)) else {
        panic!("accepted");
    };
    assert!(message.contains("maxmemory"), "{message}");
    assert!(waiting[19].cancel());
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    for (n, future) in (0..19).zip(waiting) {
        assert_eq!(future.result(), Ok(Done::Number(n)));
    }
    most("0");
    let last = pool.submit(Act::Echo(21)).unwrap();
    assert_eq!(last.result(), Ok(Done::Number(21)));
}

#[test]
fn a_broker_that_would_delete_jobs_is_refused() {
    let args = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
    let Some(server) = Server::start_with(&args, &[]) else {
        return;
    };
    let connect = || {
        RedisPool::builder()
            .prefix("test")
            .connect(&server.broker())
    };
    let error = connect().unwrap_err();
    assert!(error.to_string().contains("allkeys-lru"), "{error}");
    // Without a limit nothing is deleted.
    let _: String = server.command(&["CONFIG", "SET", "maxmemory", "0"]);
    connect().unwrap();
}

#[test]
fn answers_that_were_read_are_no_longer_kept() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 2, LONG);
    let pool = pool(&server, SHORT);
    let numbers = pool.map((0..3000).map(Act::Echo)).buffer(200);
    assert!(numbers.eq((0..3000).map(|n| Ok(Done::Number(n)))));
    let answers = format!("{{test}}:answers:{}", pool.id());
    until("the broker has forgotten them", || {
        server.command::<u64>(&["XLEN", &answers]) == 0
    });
    let jobs: u64 = server.command(&["XLEN", "{test}:jobs"]);
    assert_eq!(jobs, 0);
}

#[test]
fn a_job_is_claimed_or_cancelled_and_never_both() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 2, LONG);
    let pool = pool(&server, LONG);
    let log = server.file("log");
    let futures: Vec<_> = (0..400)
        .map(|n| pool.submit(Act::Log(log.clone(), n)).unwrap())
        .collect();
    // From the end, towards the agent.
    let cancelled: Vec<bool> = futures.iter().rev().map(|future| future.cancel()).collect();
    let cancelled: Vec<bool> = cancelled.into_iter().rev().collect();
    for (n, (future, cancelled)) in (0..).zip(futures.into_iter().zip(&cancelled)) {
        let expected = if *cancelled {
            Err(Error::Cancelled)
        } else {
            Ok(Done::Number(n))
        };
        assert_eq!(future.result(), expected);
    }
    let mut ran: Vec<u64> = server
        .lines("log")
        .iter()
        .map(|n| n.parse().unwrap())
        .collect();
    ran.sort_unstable();
    let expected: Vec<u64> = (0..400).filter(|&n| !cancelled[n as usize]).collect();
    assert_eq!(ran, expected);
    assert!(cancelled.iter().any(|it| *it), "none was cancelled in time");
}

#[test]
fn a_running_job_is_not_cancelled_unless_that_is_asked_for() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let running = submit_blocker(&pool, &server, "begun");
    assert!(!running.cancel());
    assert!(running.cancel_running());
    assert_eq!(running.result(), Err(Error::Cancelled));
    assert_eq!(
        pool.submit(Act::Echo(1)).unwrap().result(),
        Ok(Done::Number(1))
    );
}

#[test]
fn a_shutdown_takes_back_what_waits() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let running = submit_blocker(&pool, &server, "begun");
    let waiting: Vec<_> = (0..20)
        .map(|n| pool.submit(Act::Echo(n)).unwrap())
        .collect();
    pool.shutdown(false, true).unwrap();
    for future in waiting {
        assert_eq!(future.result(), Err(Error::Cancelled));
    }
    assert!(matches!(pool.submit(Act::Echo(0)), Err(Error::ShutDown)));
    server.create("go");
    assert_eq!(running.result(), Ok(Done::Number(0)));
    drop(pool);
    let overview = server.overview();
    assert_eq!(
        (overview.clients.len(), overview.waiting, overview.offered),
        (0, 0, 0)
    );
}

#[test]
fn one_clients_long_queue_does_not_starve_another() {
    let Some(server) = Server::start() else {
        return;
    };
    let _agent = AgentProcess::start(&server, "one", 1, LONG);
    let (greedy, modest) = (pool(&server, LONG), pool(&server, LONG));
    let blocker = submit_blocker(&greedy, &server, "begun");
    let log = server.file("log");
    let long: Vec<_> = (0..1000)
        .map(|n| greedy.submit(Act::Log(log.clone(), n)).unwrap())
        .collect();
    let short: Vec<_> = (0..10)
        .map(|n| modest.submit(Act::Log(log.clone(), 5000 + n)).unwrap())
        .collect();
    server.create("go");
    for future in short {
        future.result().unwrap();
    }
    blocker.result().unwrap();
    for future in long {
        future.result().unwrap();
    }
    // They take turns, after what had been offered to the agent: two jobs for its one worker.
    let lines = server.lines("log");
    let last = lines
        .iter()
        .rposition(|n| n.parse::<u64>().unwrap() >= 5000)
        .unwrap();
    assert!(
        last <= 22,
        "the last of the ten came at place {last} of {}",
        lines.len()
    );
}
