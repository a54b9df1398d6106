//! The servers: many clients, limits, signals.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;
use common::cli::interrupt::with_usual_signals;
use predicates::str::contains;
use rustix::process::{Pid, Signal, kill_process};

use super::support::{Server, ping, reactor};

#[cfg(target_os = "linux")]
#[test]
fn ten_thousand_idle_connections_take_half_a_kibibyte_each_and_leave_nothing() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const COUNT: u64 = 10_000;
    let limits = getrlimit(Resource::Nofile);
    // This process needs descriptors for the clients. The server raises its own limit.
    let current = Some(COUNT + 200);
    if limits.maximum.is_some_and(|most| Some(most) < current) {
        eprintln!("skipped: {COUNT} connections need more descriptors than {limits:?}");
        return;
    }
    if limits.current < current {
        setrlimit(Resource::Nofile, Rlimit { current, ..limits }).unwrap();
    }
    let server = Server::start(&["echo", "--listen", "0"]);
    let at_first = server.descriptors();
    let mut clients = vec![server.connect()];
    ping(&mut clients[0]);
    let before = server.memory();
    for _ in 0..COUNT {
        let mut client = server.connect();
        ping(&mut client);
        clients.push(client);
    }
    let memory = server.memory() - before;
    assert!(memory <= COUNT / 2, "{memory} KiB for {COUNT} connections");
    assert_eq!(server.descriptors(), at_first + clients.len());
    // Each client still gets an answer.
    clients.iter_mut().for_each(ping);
    drop(clients);
    server.until_descriptors(at_first);
}

#[cfg(target_os = "linux")]
#[test]
fn a_thousand_connections_that_come_and_go_leave_nothing_behind() {
    let server = Server::start(&["echo", "--listen", "0"]);
    let descriptors = server.descriptors();
    let thousand = || {
        for n in 0..1000 {
            let mut client = server.connect();
            ping(&mut client);
            if n % 2 == 0 {
                // Closing with unread bytes is a reset.
                client.write_all(b"unread").unwrap();
            }
        }
        server.until_descriptors(descriptors);
        server.memory()
    };
    // The first thousand allocate everything that is allocated only once.
    let before = thousand();
    let after = (0..4).map(|_| thousand()).max().unwrap();
    // If 16 bytes of each of four thousand connections were not freed, it would be more.
    assert!(after <= before + 60, "{before} KiB, then {after}");
}

#[test]
fn ctrl_c_ends_a_server_in_good_order() {
    let mut server = Server::start(&["echo", "--listen", "0"]);
    let mut client = server.connect();
    ping(&mut client);
    server.interrupt();
    assert_eq!(client.read(&mut [0]).unwrap(), 0, "it is closed, not reset");
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
}

/// Shells start background jobs this way, because Ctrl-C is not meant for them.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let server = "trap '' INT; exec \"$0\" echo --listen 0 \"$@\"";
    let mut shell = Command::new("sh");
    let mut server = Server::of(shell.args(["-c", server]).arg(cargo_bin!("reactor")));
    server.interrupt();
    let mut client = server.connect();
    ping(&mut client);
    kill_process(Pid::from_child(&server.process), Signal::TERM).unwrap();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
}

#[test]
fn the_second_ctrl_c_leaves_at_once() {
    let (mut server, mut other, _deaf) = with_somebody_deaf();
    server.interrupt();
    // Closed in good order, because it has nothing to send.
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
    // Within 200 ms after the first it would count as the same signal. So send until it ends.
    while server.process.try_wait().unwrap().is_none() {
        server.interrupt();
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
    assert_eq!(server.cuts(), 0, "it did not wait for the end of its grace");
}

/// `timeout` signals its child and then the group that the child is in.
#[test]
fn two_signals_at_once_are_one() {
    let (mut server, mut other, _deaf) = with_somebody_deaf();
    let pid = Pid::from_child(&server.process);
    // Both signals come while the process is stopped.
    for signal in [Signal::STOP, Signal::INT, Signal::TERM, Signal::CONT] {
        kill_process(pid, signal).unwrap();
    }
    assert_eq!(other.read(&mut [0]).unwrap(), 0, "closed, in good order");
    assert_eq!(server.process.wait().unwrap().code(), Some(130));
    assert_eq!(
        server.cuts(),
        1,
        "the client that reads nothing got its grace, and was cut"
    );
}

/// A server that has more to send to one client than this client accepts, and another client. The
/// server logs each connection that it cuts.
fn with_somebody_deaf() -> (Server, TcpStream, TcpStream) {
    let mut command = Command::new(cargo_bin!("reactor"));
    command.args(["echo", "--listen", "0"]);
    command
        .env("RUST_LOG", "reactor=debug")
        .stderr(Stdio::piped());
    let server = Server::of(with_usual_signals(&mut command));
    let (mut deaf, mut other) = (server.connect(), server.connect());
    // Until the server can send no more.
    deaf.set_nonblocking(true).unwrap();
    while deaf.write(&[0; 65536]).is_ok() {
        ping(&mut other);
    }
    (server, other, deaf)
}

/// A thousand clients are idle, and thirty are not. The test does not measure how long it took,
/// except that no connection was cut too early, which a busy machine cannot cause.
#[test]
fn whoever_is_idle_is_cut_and_nobody_else() {
    const IDLE: Duration = Duration::from_secs(1);
    common::cli::allow_descriptors();
    let server = Server::start(&["echo", "--listen", "0", "--idle", "1s"]);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let busy = scope.spawn(|| {
            let connect = |_| (Instant::now(), server.connect());
            let mut busy: Vec<_> = (0..30).map(connect).collect();
            let (mut pings, mut early) = (0, 0);
            while !stop.load(Ordering::Relaxed) {
                busy.retain_mut(|(since, client)| {
                    let before = Instant::now();
                    let answered =
                        client.write_all(b"x").is_ok() && client.read_exact(&mut [0]).is_ok();
                    match answered {
                        true => *since = before,
                        // On a busy machine this loop may have been delayed too long.
                        false => early += usize::from(since.elapsed() < IDLE),
                    }
                    pings += usize::from(answered);
                    answered
                });
            }
            (pings, early)
        });
        let connect = |_| (Instant::now(), server.connect());
        let idle: Vec<_> = (0..1000).map(connect).collect();
        let (mut resets, mut early) = (0, 0);
        for (since, mut client) in idle {
            let error = client.read(&mut [0]).unwrap_err();
            resets += usize::from(error.kind() == ErrorKind::ConnectionReset);
            early += usize::from(since.elapsed() < IDLE);
        }
        stop.store(true, Ordering::Relaxed);
        let (pings, cut) = busy.join().unwrap();
        assert_eq!((resets, early), (1000, 0), "of the idle clients");
        assert!(pings > 0 && cut == 0, "{cut} cut of the others");
    });
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Server::start(&["echo", "--listen", "0"]);
    let address = server.address.to_string();
    reactor(&["chat-server", "--listen", &address])
        .assert()
        .code(1)
        .stderr(contains(format!("{address}: cannot listen there")));
}
