//! A broker that is killed, stands still, or whose clock jumps.

use std::fs;
use std::path::Path;
use std::process::Command;

use executors::{Executor, Future};
use rustix::process::Signal;

use crate::proxy::Proxy;
use crate::support::{Act, AgentProcess, Done, LONG, SHORT, Server, pool, submit_blocker, until};

#[test]
fn a_broker_that_is_killed_and_started_again_has_lost_nothing() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let _one = AgentProcess::start(&server, "one", 2, LONG);
    let pool = pool(&server, LONG);
    let running = submit_blocker(&pool, &server, "begun");
    let log = server.file("log");
    let submit = |n| pool.submit(Act::Log(log.clone(), n)).unwrap();
    let mut futures: Vec<Future<Done>> = (0..200).map(submit).collect();
    server.kill();
    // It ends while there is no broker.
    server.create("go");
    std::thread::scope(|scope| {
        // Handed in while it is away: accepted when it is back.
        let more = scope.spawn(|| (200..300).map(submit).collect::<Vec<_>>());
        server.start_again();
        futures.extend(more.join().unwrap());
    });
    assert_eq!(running.result(), Ok(Done::Number(0)));
    for (n, future) in (0..).zip(futures) {
        assert_eq!(future.result(), Ok(Done::Number(n)));
    }
    let mut ran: Vec<u64> = server
        .lines("log")
        .iter()
        .map(|n| n.parse().unwrap())
        .collect();
    ran.sort_unstable();
    assert_eq!(ran, (0..300).collect::<Vec<_>>(), "each once");
    assert_eq!(server.lines("begun").len(), 1);
}

/// As celery/celery#8030 and #10205 report of other workers: none takes a job any more.
#[test]
fn connections_that_the_broker_closes_are_made_again_and_no_more_than_before() {
    let Some(server) = Server::start() else {
        return;
    };
    let _one = AgentProcess::start(&server, "one", 1, LONG);
    let pool = pool(&server, LONG);
    let connections = || {
        let list: String = server.command(&["CLIENT", "LIST"]);
        list.lines().count()
    };
    let echo = |n| {
        let answer = pool.submit(Act::Echo(n)).unwrap().result();
        assert_eq!(answer, Ok(Done::Number(n)));
    };
    echo(0);
    let before = connections();
    for n in 1..6 {
        let closed: i64 = server.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert!(closed > 0);
        echo(n);
    }
    until("as many connections as before", || connections() <= before);
}

#[test]
fn a_broker_that_stands_still_for_longer_than_the_leases_takes_nobody_for_dead() {
    let Some(server) = Server::start() else {
        return;
    };
    let proxy = Proxy::to(server.port);
    let _one = AgentProcess::start_at(&proxy.url(), "one", 1, SHORT);
    let pool = pool(&server, LONG);
    let running = submit_blocker(&pool, &server, "begun");
    let before = server.overview().agents[0].id.clone();
    server.signal(Signal::STOP);
    // Two of the agent's connections ask for something. Each is given up and made again after a third of
    // the lease without an answer: after 14, one of them has been tried seven times, for two leases.
    let connections = proxy.accepted();
    until("two leases have passed", || {
        proxy.accepted() >= connections + 14
    });
    server.signal(Signal::CONT);
    server.create("go");
    assert_eq!(running.result(), Ok(Done::Number(0)));
    assert_eq!(server.overview().agents[0].id, before);
}

/// A library that lets a program see another time of day; `None` if there is no C compiler.
fn clock(folder: &Path) -> Option<String> {
    let library = folder.join("clock.so").display().to_string();
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/clock.c");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o", &library, source])
        .status();
    match compiled {
        Ok(status) => assert!(status.success()),
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "cc is missing");
            println!("cc is not installed: skipped");
            return None;
        }
    }
    Some(library)
}

#[test]
fn a_clock_that_jumps_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(library) = clock(folder.path()) else {
        return;
    };
    let offset = folder.path().join("offset");
    let set = |seconds: i32| fs::write(&offset, seconds.to_string()).unwrap();
    set(0);
    let env = [
        ("LD_PRELOAD", &*library),
        ("CLOCK_OFFSET", offset.to_str().unwrap()),
    ];
    let Some(server) = Server::start_with(&[], &env) else {
        return;
    };
    let now = |server: &Server| server.overview().now_s;
    let real = now(&server);
    let mut one = AgentProcess::start(&server, "one", 2, SHORT);
    let pool = pool(&server, SHORT);
    let id = server.overview().agents[0].id.clone();
    let running = submit_blocker(&pool, &server, "begun");
    for jump in [3600, -3600, 0] {
        set(jump);
        let seen = now(&server) - real;
        assert!(
            (seen - f64::from(jump)).abs() < 600.0,
            "the clock has not jumped: {seen}"
        );
        let beats = || -> u64 { server.command(&["HGET", "{test}:beats", &id]) };
        let before = beats();
        until("a lease has passed", || beats() > before + 6);
        assert!(!running.is_done());
        assert_eq!(
            pool.submit(Act::Echo(1)).unwrap().result(),
            Ok(Done::Number(1))
        );
    }
    server.create("go");
    assert_eq!(running.result(), Ok(Done::Number(0)));
    // A dead agent is found while the clock stands an hour behind.
    set(-3600);
    fs::remove_file(server.file("go")).unwrap();
    let lost = submit_blocker(&pool, &server, "lost");
    one.kill();
    assert!(matches!(lost.result(), Err(executors::Error::Lost { .. })));
}
