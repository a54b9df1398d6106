//! A broker that is killed, stands still, or whose clock jumps.

use std::fs;

use executors::{Executor, Future};
use rustix::process::Signal;

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

#[test]
fn a_broker_that_stands_still_for_longer_than_the_leases_takes_nobody_for_dead() {
    let Some(server) = Server::start() else {
        return;
    };
    let _one = AgentProcess::start(&server, "one", 1, SHORT);
    let pool = pool(&server, LONG);
    let running = submit_blocker(&pool, &server, "begun");
    let before = server.overview().agents[0].id.clone();
    server.signal(Signal::STOP);
    // The one sleep of these tests: a time has to pass, and nobody is there to see it pass.
    std::thread::sleep(SHORT * 2);
    server.signal(Signal::CONT);
    server.create("go");
    assert_eq!(running.result(), Ok(Done::Number(0)));
    assert_eq!(server.overview().agents[0].id, before);
}

/// Debian's faketime, which lets a program see another time.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

#[test]
fn a_clock_that_jumps_changes_nothing() {
    if !fs::exists(FAKETIME).unwrap() {
        assert!(std::env::var_os("CI").is_none(), "faketime is missing");
        println!("faketime is not installed: skipped (apt-get install faketime)");
        return;
    }
    let clock = tempfile::NamedTempFile::new().unwrap();
    let set = |offset: &str| fs::write(clock.path(), offset).unwrap();
    set("+0");
    let env = [
        ("LD_PRELOAD", FAKETIME),
        ("FAKETIME_TIMESTAMP_FILE", clock.path().to_str().unwrap()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
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
    for (offset, jump) in [("+1h", 3600.0), ("-1h", -3600.0), ("+0", 0.0)] {
        set(offset);
        let seen = now(&server) - real;
        assert!(
            (seen - jump).abs() < 600.0,
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
    set("-1h");
    std::fs::remove_file(server.file("go")).unwrap();
    let lost = submit_blocker(&pool, &server, "lost");
    one.kill();
    assert!(matches!(lost.result(), Err(executors::Error::Lost { .. })));
}
