//! The reactor under stress, over real sockets. Everything is counted, nothing is timed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use reactor::echo::Echo;
use reactor::proxy::Proxy;
use reactor::{Error, Factory, ListenOptions, Port, Protocol, Reactor, Reason, Remote, Transport};

const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// A reactor on a thread of its own.
struct Server {
    address: SocketAddr,
    remote: Remote,
    thread: JoinHandle<()>,
}

impl Server {
    fn start<F: Factory + 'static>(factory: impl FnOnce(&Reactor) -> F + Send + 'static) -> Server {
        Server::start_by(move |reactor| reactor.listen_tcp(HERE.into(), factory(reactor)).unwrap())
    }

    fn start_by(listen: impl FnOnce(&Reactor) -> Port + Send + 'static) -> Server {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            let reactor = Reactor::new().unwrap();
            let port = listen(&reactor);
            sender
                .send((port.local_addr().unwrap(), reactor.remote()))
                .unwrap();
            reactor.run().unwrap();
        });
        let (address, remote) = receiver.recv().unwrap();
        Server {
            address,
            remote,
            thread,
        }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    fn ask<T: Send + 'static>(&self, ask: impl FnOnce(&Reactor) -> T + Send + 'static) -> T {
        let (sender, receiver) = mpsc::channel();
        let call = move |reactor: &Reactor| sender.send(ask(reactor)).unwrap();
        self.remote.call_from_thread(call).unwrap();
        receiver.recv().unwrap()
    }

    /// Polls until this many connections are open.
    fn until_connections(&self, count: usize) {
        while self.ask(Reactor::connections) != count {
            thread::yield_now();
        }
    }

    fn stop(self) {
        self.remote.call_from_thread(Reactor::stop).unwrap();
        self.thread.join().unwrap();
    }
}

fn ping(stream: &mut TcpStream) {
    let mut answer = [0; 4];
    stream.write_all(b"ping").unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"ping");
}

#[test]
fn a_reader_that_never_reads_holds_up_nobody_else() {
    let server = Server::start(|_| || Echo);
    let mut deaf = server.connect();
    deaf.set_nonblocking(true).unwrap();
    // Until the server accepts no more: its buffers and the system's are full.
    let mut other = server.connect();
    let mut sent = 0;
    loop {
        match deaf.write(&[0; 65536]) {
            Ok(length) => sent += length,
            Err(_) => {
                ping(&mut other);
                if deaf.write(&[0]).is_err() {
                    break;
                }
            }
        }
    }
    assert!(sent > 0);
    (0..100).for_each(|_| ping(&mut other));
    // What the server had read is echoed when the client does read.
    deaf.set_nonblocking(false).unwrap();
    deaf.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = Vec::new();
    deaf.read_to_end(&mut back).unwrap();
    assert!(back.len() >= sent);
    drop((deaf, other));
    server.until_connections(0);
    server.stop();
}

/// `count` clients, each answered once: on one thread, turn by turn, so that waits can be counted.
fn clients(reactor: &Reactor, count: usize) -> Vec<TcpStream> {
    let port = reactor.listen_tcp(HERE.into(), || Echo).unwrap();
    let address = port.local_addr().unwrap();
    let mut clients: Vec<_> = (0..count)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    for client in &mut clients {
        client.write_all(b"ping").unwrap();
        reactor.run_pending().unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
    }
    clients
}

#[test]
fn a_message_is_one_wait() {
    let reactor = Reactor::new().unwrap();
    let mut clients = clients(&reactor, 20);
    let before = reactor.waits();
    for _ in 0..100 {
        clients[7].write_all(b"ping").unwrap();
        reactor.turn(None).unwrap();
        clients[7].read_exact(&mut [0; 4]).unwrap();
    }
    assert_eq!(reactor.waits() - before, 100);
}

#[test]
fn at_rest_it_waits_once_until_the_next_timer() {
    let reactor = Reactor::new().unwrap();
    let clients = clients(&reactor, 20);
    // A client that does not read leaves a reactor at rest too: its bytes wait, and the loop
    // sleeps.
    clients[0].set_nonblocking(true).unwrap();
    while (&clients[0]).write(&[0; 65536]).is_ok() {
        reactor.run_pending().unwrap();
    }
    let waits = || {
        let before = reactor.waits();
        reactor.call_later(Duration::from_millis(50), Reactor::stop);
        reactor.run().unwrap();
        reactor.waits() - before
    };
    // On a busy machine the system may still be moving bytes. A loop that spins never comes to
    // rest.
    assert!((0..40).any(|_| waits() == 1));
}

#[test]
fn several_loops_on_several_threads_share_a_port() {
    const LOOPS: usize = 3;
    const CLIENTS: usize = 96;
    let share = ListenOptions {
        share: true,
        ..ListenOptions::default()
    };
    let start = move |address| {
        Server::start_by(move |reactor| reactor.listen_tcp_with(address, share, || Echo).unwrap())
    };
    let first = start(HERE.into());
    let address = first.address;
    let mut servers = vec![first];
    servers.extend((1..LOOPS).map(|_| start(address)));
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| servers[0].connect()).collect();
    clients.iter_mut().for_each(ping);
    let shares: Vec<_> = servers
        .iter()
        .map(|server| server.ask(Reactor::connections))
        .collect();
    assert_eq!(shares.iter().sum::<usize>(), CLIENTS);
    // The system divides by the clients' ports. The odds that one loop gets none are one in 10^16.
    assert!(shares.iter().all(|&share| share > 0), "{shares:?}");
    // One loop ends, and the others go on alone.
    drop(clients);
    servers.remove(0).stop();
    for _ in 0..CLIENTS {
        let mut client = TcpStream::connect(address).unwrap();
        ping(&mut client);
    }
    servers.into_iter().for_each(Server::stop);
}

#[test]
fn stopped_and_run_again_it_has_all_that_was_open() {
    let reactor = Reactor::new().unwrap();
    let mut client = clients(&reactor, 1).remove(0);
    for _ in 0..3 {
        // Sent while the reactor does not run.
        client.write_all(b"ping").unwrap();
        reactor.call_later(Duration::ZERO, Reactor::stop);
        reactor.run().unwrap();
        reactor.run_pending().unwrap();
        client.read_exact(&mut [0; 4]).unwrap();
        assert_eq!(reactor.connections(), 1);
    }
}

/// With a full backlog the system gives no answer. The connection stays in progress until it is
/// cancelled.
#[cfg(target_os = "linux")]
#[test]
fn what_is_being_connected_when_it_is_shut_down_is_cancelled() {
    let full = event_loop::listen_tcp(HERE.into(), 0, false).unwrap();
    let address = full.local_addr().unwrap();
    let connect = |_| event_loop::net::TcpStream::connect(address).unwrap();
    let waiting: Vec<_> = (0..4).map(connect).collect();
    let reactor = Reactor::new().unwrap();
    let told: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = Rc::clone(&told);
    let connecting = reactor
        .connect_tcp(address, Echo)
        .add_errback(move |error| {
            log.borrow_mut().push(error.to_string());
            Err(error)
        });
    reactor.call_later(Duration::ZERO, |reactor| reactor.shut_down(Duration::ZERO));
    assert!(reactor.run_until(connecting).is_err());
    assert_eq!(*told.borrow(), ["cancelled"]);
    drop((full, waiting));
}

#[test]
fn an_abort_throws_away_what_was_not_sent() {
    struct Aborts;
    impl Protocol for Aborts {
        fn data_received(&mut self, transport: &Transport, _: &[u8]) {
            transport.write(b"never sent");
            transport.abort();
            assert!(!transport.is_open());
        }
    }
    let server = Server::start(|_| || Aborts);
    let mut client = server.connect();
    client.write_all(b"go").unwrap();
    let mut heard = Vec::new();
    // The end or a reset: the system chooses.
    let _ = client.read_to_end(&mut heard);
    assert_eq!(heard, b"");
    server.until_connections(0);
    server.stop();
}

#[test]
fn a_reset_in_the_middle_of_a_write_ends_one_connection() {
    struct Flood(Rc<RefCell<Vec<String>>>);
    impl Protocol for Flood {
        fn connection_made(&mut self, transport: &Transport) {
            transport.write(&[0; 500_000]);
        }
        fn data_received(&mut self, _: &Transport, _: &[u8]) {}
        fn resume_producing(&mut self, transport: &Transport) {
            transport.write(&[0; 500_000]);
        }
        fn connection_lost(&mut self, reason: &Reason) {
            self.0.borrow_mut().push(reason.to_string());
        }
    }
    let server = Server::start(|_| {
        let log = Rc::default();
        move || Flood(Rc::clone(&log))
    });
    let mut stream = server.connect();
    stream.read_exact(&mut [0; 100_000]).unwrap();
    // Closed with unread bytes: a reset.
    drop(stream);
    server.until_connections(0);
    let mut next = server.connect();
    next.read_exact(&mut [0; 1000]).unwrap();
    drop(next);
    server.until_connections(0);
    server.stop();
}

#[test]
fn the_proxy_hands_everything_on_both_ways_and_ends_by_halves() {
    let echo = Server::start(|_| || Echo);
    let target = echo.address;
    let proxy = Server::start(move |reactor| Proxy::new(reactor, target));
    let mut stream = proxy.connect();
    let data: Vec<u8> = (0..5_000_000_u32).map(|n| (n >> 3) as u8).collect();
    let mut writer = stream.try_clone().unwrap();
    let sent = data.clone();
    let writing = thread::spawn(move || {
        writer.write_all(&sent).unwrap();
        writer.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    writing.join().unwrap();
    assert!(back == data);
    proxy.until_connections(0);
    echo.until_connections(0);
    // No server there: the client is disconnected.
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let broken = Server::start(move |reactor| Proxy::new(reactor, nobody));
    assert!(matches!(broken.connect().read(&mut [0]), Ok(0) | Err(_)));
    broken.until_connections(0);
    for server in [proxy, echo, broken] {
        server.stop();
    }
}

#[test]
fn what_cannot_be_connected_to_is_an_error_and_names_are_looked_up() {
    let reactor = Reactor::new().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = reactor
        .run_until(reactor.connect_tcp(nobody, Echo))
        .unwrap_err();
    assert!(matches!(refused, Error::Io(_)), "{refused}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("echo");
    let _port = reactor.listen_unix(&path, || Echo).unwrap();
    assert!(reactor.listen_unix(&path, || Echo).is_err(), "it is there");

    let port = reactor.listen_tcp(HERE.into(), || Echo).unwrap();
    let number = port.local_addr().unwrap().port();
    let connecting = reactor.connect_host("localhost", number, || Box::new(Echo));
    assert!(reactor.run_until(connecting).unwrap().is_open());
    reactor.shut_down(Duration::from_secs(60));
    reactor.run().unwrap();
    assert_eq!(reactor.connections(), 0);
}
