//! Datagrams, over real sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;

use reactor::{Reactor, UdpTransport};

const HERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

#[test]
fn datagrams_come_whole_in_order_and_beyond_a_panic() {
    // More than one turn receives, fewer than the system's buffer holds.
    const COUNT: usize = 150;
    let reactor = Reactor::new().unwrap();
    let echo = |socket: &UdpTransport, data: &[u8], from| {
        assert_ne!(data, b"panic");
        socket.send_to(data, from).unwrap();
    };
    let server = reactor.listen_udp(HERE.into(), echo).unwrap();
    let address = server.local_addr().unwrap();
    let heard = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&heard);
    let hear = move |_: &UdpTransport, data: &[u8], from| {
        assert_eq!(from, address);
        log.borrow_mut().push(data.to_vec());
    };
    let client = reactor.listen_udp(HERE.into(), hear).unwrap();
    let mut expected = vec![Vec::new(), vec![7; 60_000]];
    expected.extend((0..COUNT).map(|n| n.to_string().into_bytes()));
    client.send_to(b"panic", address).unwrap();
    for data in &expected {
        client.send_to(data, address).unwrap();
    }
    while heard.borrow().len() < expected.len() {
        reactor.turn(None).unwrap();
    }
    assert!(*heard.borrow() == expected);
    let too_long = client.send_to(&[0; 70_000], address);
    assert!(too_long.is_err(), "no datagram is so long");
    server.close();
    let closed = server.send_to(b"x", client.local_addr().unwrap());
    assert_eq!(closed.unwrap_err().kind(), ErrorKind::NotConnected);
    // No socket there: the system may report it at the next send, and the socket stays open.
    client.send_to(b"x", address).unwrap();
    reactor.run_pending().unwrap();
    assert!(client.local_addr().is_ok());
}
