//! The reactor under abuse, over real sockets: everything is counted, nothing timed.

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
use reactor::{Error, Factory, Protocol, Reactor, Reason, Remote, Transport};

const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// A reactor on a thread of its own.
struct Server {
    address: SocketAddr,
    remote: Remote,
    thread: JoinHandle<()>,
}

impl Server {
    fn start<F: Factory + 'static>(factory: impl FnOnce(&Reactor) -> F + Send + 'static) -> Server {
        let (sender, receiver) = mpsc::channel();
        let thread = thread::spawn(move || {
            let reactor = Reactor::new().unwrap();
            let port = reactor.listen_tcp(HERE.into(), factory(&reactor)).unwrap();
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

    /// Waits, by asking, until so many connections are open.
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
    // Until the server takes no more: its buffers and the system's are full.
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
    // What was taken in is echoed all the same, when it does read.
    deaf.set_nonblocking(false).unwrap();
    deaf.shutdown(std::net::Shutdown::Write).unwrap();
    let mut back = Vec::new();
    deaf.read_to_end(&mut back).unwrap();
    assert!(back.len() >= sent);
    drop((deaf, other));
    server.until_connections(0);
    server.stop();
}

#[test]
fn a_thousand_connections_leave_nothing_behind() {
    let server = Server::start(|_| || Echo);
    ping(&mut server.connect());
    server.until_connections(0);
    for n in 0..1000 {
        let mut stream = server.connect();
        ping(&mut stream);
        if n % 2 == 0 {
            // With something unread, closing is a reset.
            stream.write_all(b"unread").unwrap();
        }
    }
    server.until_connections(0);
    server.stop();
}

#[test]
fn at_rest_it_does_not_wait_again_and_again() {
    let server = Server::start(|_| || Echo);
    let mut streams: Vec<_> = (0..20).map(|_| server.connect()).collect();
    streams.iter_mut().for_each(ping);
    // Asking wakes it, once for each time.
    let before = server.ask(Reactor::waits);
    let mut after = before;
    for _ in 0..10 {
        after = server.ask(Reactor::waits);
    }
    assert!(after - before <= 20, "{before} to {after}");
    // A message is a wait, a read and a write.
    for _ in 0..100 {
        ping(&mut streams[0]);
    }
    let busy = server.ask(Reactor::waits) - after;
    assert!((50..=120).contains(&busy), "{busy} waits for 100 messages");
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
    // Closed with bytes unread: a reset.
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
    // Nobody there: the client is told by being cut off.
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
fn nobody_listens_there_and_unix_sockets_and_names() {
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
    let port = reactor.listen_unix(&path, || Echo).unwrap();
    let transport = reactor
        .run_until(reactor.connect_unix(&path, Echo))
        .unwrap();
    assert!(transport.is_open() && reactor.listen_unix(&path, || Echo).is_err());
    port.close();

    let port = reactor.listen_tcp(HERE.into(), || Echo).unwrap();
    let number = port.local_addr().unwrap().port();
    let connecting = reactor.connect_host("localhost", number, || Box::new(Echo));
    assert!(reactor.run_until(connecting).unwrap().is_open());
    reactor.shut_down(Duration::from_secs(60));
    reactor.run().unwrap();
    assert_eq!(reactor.connections(), 0);
}
