//! The chat with a member that reads too slowly, and the option of its sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::net::TcpStream;
use std::rc::Rc;

use protocols::chat::{MISSED, WELCOME, joined, left, said};
use reactor::{LineReceiver, Protocol, Reactor, Transport, chat, testing};

fn lines(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "whole lines only");
    text.lines().map(str::to_owned).collect()
}

/// The rules of [`protocols::chat`]: it misses whole lines, is told where, and gets the rest in
/// order.
#[test]
fn a_slow_reader_is_told_where_lines_are_missing() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let server = chat::Server::default();
    let slow = testing::connect(&reactor, server.member());
    let bob = testing::connect(&reactor, server.member());
    assert_eq!(lines(&slow.received()), [WELCOME]);
    slow.set_room(0);
    let text = "x".repeat(900);
    let message = |n: u32| format!("{n} {text}");
    for n in 0..1000 {
        bob.send(format!("bob:{}\n", message(n)).as_bytes());
    }
    slow.set_room(usize::MAX);
    // There is room again. First it is told about the missing lines.
    bob.send(b"bob:after\n");
    bob.transport().close();
    reactor.run_pending().unwrap();
    let heard = lines(&slow.received());
    assert_eq!(heard[0], joined("bob"));
    let missed = heard.iter().position(|line| line == MISSED).unwrap();
    for (n, line) in (0..).zip(&heard[1..missed]) {
        assert_eq!(*line, said("bob", &message(n)));
    }
    // High water is 64 KiB: some lines arrive, but far from all.
    assert!((60..80).contains(&missed), "{missed}");
    assert_eq!(heard[missed + 1..], [said("bob", "after"), left("bob")]);
}

/// It reads too slowly several times, and is told each time.
#[test]
fn it_is_told_each_time() {
    let (reactor, _clock) = testing::reactor().unwrap();
    let server = chat::Server::default();
    let slow = testing::connect(&reactor, server.member());
    let bob = testing::connect(&reactor, server.member());
    let line = format!("bob:{}\n", "x".repeat(900));
    for _ in 0..3 {
        slow.set_room(0);
        for _ in 0..200 {
            bob.send(line.as_bytes());
        }
        slow.set_room(usize::MAX);
        bob.send(b"bob:again\n");
        let heard = lines(&slow.received());
        assert_eq!(heard.iter().filter(|line| *line == MISSED).count(), 1);
        assert_eq!(heard.last().unwrap(), &said("bob", "again"));
    }
}

/// The chat's protocol. Once it has its connection, it notes the socket's option, and the reactor stops.
struct Noted(LineReceiver<chat::Member>, Rc<Cell<Option<bool>>>);

impl Protocol for Noted {
    fn connection_made(&mut self, transport: &Transport) {
        self.0.connection_made(transport);
        self.1.set(transport.nodelay().ok());
        transport.reactor().unwrap().stop();
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.0.data_received(transport, data);
    }
}

/// Without `TCP_NODELAY` the system keeps a line for up to 40 ms.
#[test]
fn a_line_is_sent_at_once() {
    let (reactor, nodelay) = (Reactor::new().unwrap(), Rc::default());
    let (server, note) = (chat::Server::default(), Rc::clone(&nodelay));
    let factory = move || Noted(server.member(), Rc::clone(&note));
    let port = reactor.listen_tcp(([127, 0, 0, 1], 0).into(), factory);
    let client = TcpStream::connect(port.unwrap().local_addr().unwrap()).unwrap();
    reactor.run().unwrap();
    assert_eq!(nodelay.get(), Some(true));
    drop(client);
}
