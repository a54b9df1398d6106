//! Running out of descriptors. It has a process of its own, because the limit is per process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::sync::mpsc;
use std::thread;

use reactor::{Reactor, echo::Echo};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

fn limit(descriptors: u64) {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = Some(descriptors);
    setrlimit(Resource::Nofile, Rlimit { current, maximum }).unwrap();
}

#[test]
fn accepting_stops_without_descriptors_and_goes_on_with_them() {
    const CLIENTS: usize = 20;
    let (sender, receiver) = mpsc::channel();
    let server = thread::spawn(move || {
        let reactor = Reactor::new().unwrap();
        let port = reactor
            .listen_tcp(([127, 0, 0, 1], 0).into(), || Echo)
            .unwrap();
        let address = port.local_addr().unwrap();
        sender.send((address, reactor.remote())).unwrap();
        reactor.run().unwrap();
    });
    let (address, remote) = receiver.recv().unwrap();
    let ask = |what: fn(&Reactor) -> u64| {
        let (sender, receiver) = mpsc::channel();
        remote
            .call_from_thread(move |reactor| sender.send(what(reactor)).unwrap())
            .unwrap();
        receiver.recv().unwrap()
    };
    let mut clients: Vec<_> = (0..CLIENTS)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    while ask(|reactor| reactor.connections() as u64) < CLIENTS as u64 {
        thread::yield_now();
    }
    // The lowest free descriptor. With the limit just above it, this is the last one.
    let probe = std::fs::File::open("/dev/null").unwrap();
    let last = probe.as_raw_fd() as u64;
    drop(probe);
    limit(last + 1);
    // The client takes it, so its connection must wait in the backlog.
    let mut waiting = TcpStream::connect(address).unwrap();
    waiting.write_all(b"ping").unwrap();
    let before = ask(Reactor::waits);
    let asks = 1000;
    let mut after = before;
    for _ in 0..asks {
        after = ask(Reactor::waits);
    }
    // A busy loop would wait many thousand times. Asking is up to two waits each; retries are few.
    assert!(after - before <= 3 * asks, "{before} to {after}");
    assert_eq!(ask(|reactor| reactor.connections() as u64), CLIENTS as u64);
    // One connection is closed, and the one that waited is accepted.
    drop(clients.pop());
    let mut answer = [0; 4];
    waiting.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
    // Another part of the process frees it. The reactor is not told, so it must retry. The client
    // has the descriptor of the closed connection.
    let mut waiting = TcpStream::connect(address).unwrap();
    waiting.write_all(b"ping").unwrap();
    limit(last + 20);
    waiting.read_exact(&mut answer).unwrap();
    remote.call_from_thread(Reactor::stop).unwrap();
    server.join().unwrap();
}
