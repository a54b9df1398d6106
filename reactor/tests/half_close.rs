//! Half a close over real sockets: what comes after one end has ended.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use reactor::echo::Echo;
use reactor::{Deferred, Error, Peer, Protocol, Reactor, Reason, Resolver, Transport};

const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// Waits for the end of the stream, then answers and closes.
struct LastWord {
    size: usize,
    held: Vec<u8>,
}

impl Protocol for LastWord {
    fn data_received(&mut self, _: &Transport, data: &[u8]) {
        self.held.extend_from_slice(data);
    }
    fn end_received(&mut self, transport: &Transport) {
        assert!(transport.has_ended() && transport.is_open());
        transport.write(&self.held.repeat(self.size));
        transport.close();
    }
}

/// The client's side of a half close: it sends, closes its half, and reads.
struct Asks {
    heard: Vec<u8>,
    told: Option<Resolver<Vec<u8>>>,
}

impl Protocol for Asks {
    fn connection_made(&mut self, transport: &Transport) {
        transport.write(b"well?");
        transport.close_write();
        transport.write(b" never sent");
    }
    fn data_received(&mut self, _: &Transport, data: &[u8]) {
        self.heard.extend_from_slice(data);
    }
    fn connection_lost(&mut self, reason: &Reason) {
        assert!(matches!(reason, Reason::EndOfStream), "{reason}");
        let told = self.told.take().unwrap();
        told.callback(std::mem::take(&mut self.heard)).unwrap();
    }
}

#[test]
fn half_a_close_leaves_the_other_half_over_tcp_and_unix() {
    // More than the system holds: sending it takes many turns, after the end was read.
    const SIZE: usize = 500_000;
    let reactor = Reactor::new().unwrap();
    let factory = || LastWord {
        size: SIZE,
        held: Vec::new(),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let unix = reactor.listen_unix(&path, factory).unwrap();
    let tcp = reactor.listen_tcp(HERE.into(), factory).unwrap();
    for by_unix in [true, false] {
        let (heard, told) = Deferred::new();
        let asks = Asks {
            heard: Vec::new(),
            told: Some(told),
        };
        let connecting = match by_unix {
            true => reactor.connect_unix(&path, asks),
            false => reactor.connect_tcp(tcp.local_addr().unwrap(), asks),
        };
        let transport = reactor.run_until(connecting).unwrap();
        assert_eq!(transport.peer() == Peer::Unix, by_unix);
        assert!(reactor.run_until(heard).unwrap() == b"well?".repeat(SIZE));
    }
    assert_eq!(unix.connections() + tcp.connections(), 0);
    // The file stays, but no server listens at it any more.
    unix.close();
    let refused = reactor.connect_unix(&path, Echo);
    assert!(matches!(reactor.run_until(refused), Err(Error::Io(_))));
}

/// When the other end of a Unix socket is closed, Linux reports EPOLLHUP. Other event loops then
/// spun or kept the connection. A half-open connection has no receiver here, so it must end.
#[test]
fn nobody_stays_half_open_for_an_end_that_is_closed() {
    struct Waits(Rc<RefCell<Vec<String>>>);
    impl Protocol for Waits {
        fn data_received(&mut self, _: &Transport, _: &[u8]) {}
        fn end_received(&mut self, _: &Transport) {}
        fn connection_lost(&mut self, reason: &Reason) {
            self.0.borrow_mut().push(reason.to_string());
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let reactor = Reactor::new().unwrap();
    let lost: Rc<RefCell<Vec<String>>> = Rc::default();
    let log = Rc::clone(&lost);
    let _port = reactor
        .listen_unix(&path, move || Waits(Rc::clone(&log)))
        .unwrap();
    drop(std::os::unix::net::UnixStream::connect(&path).unwrap());
    let late = reactor.call_later(Duration::from_secs(20), |_| ());
    while lost.borrow().is_empty() && late.is_active() {
        reactor.turn(None).unwrap();
    }
    assert_eq!(*lost.borrow(), ["closed by the other end"]);
}
