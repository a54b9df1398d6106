//! Over real sockets: a cut is a reset, complete data arrives, and the idle time-out is exact.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use event_loop::net::{UnixListener, UnixStream};
use reactor::proxy::Proxy;
use reactor::{Error, Factory, Protocol, Reactor, Transport, by_peer, testing};

const HERE: &str = "127.0.0.1:0";

/// Runs a reactor with one port on this thread while `client` talks to it on another.
fn with_client<F, T>(factory: impl FnOnce(&Reactor) -> F, client: T)
where
    F: Factory + 'static,
    T: FnOnce(SocketAddr) + Send + 'static,
{
    let reactor = Reactor::new().unwrap();
    let factory = factory(&reactor);
    let port = reactor.listen_tcp(HERE.parse().unwrap(), factory).unwrap();
    let address = port.local_addr().unwrap();
    let remote = reactor.remote();
    let talking = thread::spawn(move || {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client(address)));
        remote.call_from_thread(|reactor| reactor.stop()).unwrap();
        result.unwrap();
    });
    reactor.run().unwrap();
    talking.join().unwrap();
}

fn read_all(stream: &mut TcpStream) -> (usize, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let result = stream.read_to_end(&mut bytes).map(drop);
    (bytes.len(), result)
}

struct Sends(fn(&Transport));

impl Protocol for Sends {
    fn connection_made(&mut self, transport: &Transport) {
        (self.0)(transport);
    }

    fn data_received(&mut self, _: &Transport, data: &[u8]) {
        assert_ne!(data, b"panic");
    }
}

#[test]
fn one_callback_may_write_anything_and_all_of_it_arrives() {
    with_client(
        |_| {
            || {
                Sends(|transport| {
                    for n in 0..20_001 {
                        transport.write(format!("{n:099}\n").as_bytes());
                    }
                    transport.close();
                })
            }
        },
        |address| {
            let (length, result) = read_all(&mut TcpStream::connect(address).unwrap());
            result.unwrap();
            assert_eq!(length, 2_000_100);
        },
    );
    with_client(
        |_| {
            || {
                Sends(|transport| {
                    transport.write(&vec![7; 100_000_000]);
                    transport.write(b"tail");
                    transport.close();
                })
            }
        },
        |address| {
            let (length, result) = read_all(&mut TcpStream::connect(address).unwrap());
            result.unwrap();
            assert_eq!(length, 100_000_004);
        },
    );
}

/// test_tcp.AbortConnectionMixin.test_fullWriteBufferAfterByteExchange and related tests: the other
/// end of `abortConnection` sees a lost connection, not an end of the stream.
#[test]
fn an_abort_is_a_reset() {
    with_client(
        |_| {
            || {
                Sends(|transport| {
                    transport.write(b"part");
                    let later = transport.clone();
                    let reactor = transport.reactor().unwrap();
                    reactor.call_later(Duration::from_millis(10), move |_| later.abort());
                })
            }
        },
        |address| {
            let (_, result) = read_all(&mut TcpStream::connect(address).unwrap());
            assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionReset);
        },
    );
}

#[test]
fn a_protocol_that_panicked_is_a_reset() {
    with_client(
        |_| || Sends(|transport| transport.write(b"half of an ans")),
        |address| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.read_exact(&mut [0; 14]).unwrap();
            stream.write_all(b"panic").unwrap();
            let (_, result) = read_all(&mut stream);
            assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionReset);
        },
    );
}

/// A server that resets after half an answer: closing with unread bytes is a reset. `nc` without a
/// reader does this.
fn resetting_server() -> SocketAddr {
    let listener = TcpListener::bind(HERE).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.read_exact(&mut [0; 1]).unwrap();
            stream
                .write_all(b"HTTP/1.0 200 OK\r\n\r\nhalf of it\n")
                .unwrap();
            // The rest of the request must have arrived, unread.
            stream.peek(&mut [0; 1]).unwrap();
        }
    });
    address
}

#[test]
fn a_reset_passes_through_the_proxy() {
    let upstream = resetting_server();
    with_client(
        move |reactor| Proxy::new(reactor, upstream),
        |address| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"a request").unwrap();
            let (_, result) = read_all(&mut stream);
            assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionReset);
        },
    );
}

#[cfg(feature = "cli")]
#[test]
fn fetch_reports_a_reset_and_fails() {
    let url = format!("http://{}/", resetting_server());
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("reactor"))
        .args(["fetch", &url])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("reset"), "{errors}");
}

#[test]
fn a_thousand_idle_connections_are_all_cut_and_a_busy_one_is_not() {
    struct Idle;
    impl Protocol for Idle {
        fn connection_made(&mut self, transport: &Transport) {
            transport.set_idle_timeout(Some(Duration::from_secs(1)));
        }
        fn data_received(&mut self, transport: &Transport, data: &[u8]) {
            transport.write(data);
        }
    }
    // A fake clock, so a slow machine causes no time-out.
    let (reactor, clock) = testing::reactor().unwrap();
    let peers: Vec<_> = (0..1000)
        .map(|_| testing::connect(&reactor, Idle))
        .collect();
    for step in 0..100 {
        clock.advance(Duration::from_millis(10));
        if step % 9 == 0 {
            peers[500].send(b"x");
        }
        // All deadlines are the same. None may be lost when another is set again.
        reactor.run_pending().unwrap();
    }
    let open: Vec<_> = (0..1000).filter(|&n| peers[n].is_open()).collect();
    assert_eq!(open, [500]);
}

/// A server at `path` whose backlog is full, and the connections in it.
fn full_backlog(path: &Path) -> (UnixListener, Vec<UnixStream>) {
    let full = event_loop::listen_unix(path, 0).unwrap();
    let more = std::iter::repeat_with(|| UnixStream::connect(path));
    (full, more.map_while(Result::ok).collect())
}

#[test]
fn shutting_down_cancels_who_waits_for_a_full_backlog() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let (_full, _waiting) = full_backlog(&path);
    let reactor = Reactor::new().unwrap();
    let (sender, outcome) = mpsc::channel();
    let _connecting = reactor
        .connect_unix(&path, reactor::echo::Echo)
        .add_errback(move |error| -> Result<Transport, Error> {
            sender.send(error.to_string()).unwrap();
            Err(error)
        });
    reactor.call_later(Duration::ZERO, |reactor| {
        reactor.shut_down(Duration::from_secs(60));
    });
    reactor.run().unwrap();
    assert_eq!(outcome.try_recv().unwrap(), Error::Cancelled.to_string());
}

#[test]
fn a_full_backlog_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let (full, _waiting) = full_backlog(&path);
    let reactor = Reactor::new().unwrap();
    let connecting = reactor.connect_unix(&path, reactor::echo::Echo);
    reactor.call_later(Duration::from_millis(20), move |_| {
        while full.accept().is_ok() {}
        // Kept open, as the connections are.
        std::mem::forget(full);
    });
    assert!(reactor.run_until(connecting).is_ok());
}

/// The check whether a server listens there does not wait for an answer.
#[test]
fn a_living_socket_with_a_full_backlog_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let (_full, _waiting) = full_backlog(&path);
    let reactor = Reactor::new().unwrap();
    let error = reactor.listen_unix(&path, || reactor::echo::Echo);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AddrInUse);
    assert!(path.exists());
}

#[test]
fn a_connection_whose_protocol_panicked_at_once_has_failed() {
    struct Panics;
    impl Protocol for Panics {
        fn connection_made(&mut self, _: &Transport) {
            panic!("at once");
        }
        fn data_received(&mut self, _: &Transport, _: &[u8]) {}
    }
    let reactor = Reactor::new().unwrap();
    let here = HERE.parse().unwrap();
    let port = reactor.listen_tcp(here, || reactor::echo::Echo).unwrap();
    let connecting = reactor.connect_tcp(port.local_addr().unwrap(), Panics);
    let error = reactor.run_until(connecting).unwrap_err();
    assert!(matches!(error, Error::Panicked(text) if text == "at once"));
}

#[test]
fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    drop(event_loop::listen_unix(&path, 1).unwrap());
    assert!(path.exists());
    let reactor = Reactor::new().unwrap();
    let port = reactor.listen_unix(&path, || reactor::echo::Echo).unwrap();
    let error = reactor.listen_unix(&path, || reactor::echo::Echo);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AddrInUse);
    port.close();
    assert!(!path.exists(), "its file is removed with it");
    std::fs::write(&path, "precious").unwrap();
    assert!(reactor.listen_unix(&path, || reactor::echo::Echo).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

#[test]
fn addresses_and_options_of_a_connection() {
    let (sender, receiver) = mpsc::channel();
    with_client(
        move |_| {
            by_peer(move |peer| {
                sender.send(peer.to_string()).unwrap();
                Some(Sends(|transport| {
                    transport.set_nodelay(true).unwrap();
                    transport
                        .set_keepalive(Some(Duration::from_secs(60)))
                        .unwrap();
                    transport.set_keepalive(None).unwrap();
                    transport.write(transport.local_addr().unwrap().to_string().as_bytes());
                    transport.close_write();
                }))
            })
        },
        move |address| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            assert_eq!(text, address.to_string());
            let here = stream.local_addr().unwrap().to_string();
            assert_eq!(receiver.recv().unwrap(), here);
        },
    );
}
