//! A trap: readiness is an edge. The system reports once that a socket has become readable. A loop
//! that reads one message for each event leaves the others in the socket. Look for: how many
//! messages are read? The cure: read until the socket would block.

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::io;
use std::time::Duration;

/// Sends three messages, and reads until no event has come for 100 ms.
fn receive(reads_all: bool) -> io::Result<usize> {
    let mut poll = Poll::new()?;
    let mut socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    let registry = poll.registry();
    registry.register(&mut socket, Token(0), Interest::READABLE)?;
    let client = std::net::UdpSocket::bind("127.0.0.1:0")?;
    for _ in 0..3 {
        client.send_to(b"a message", socket.local_addr()?)?;
    }

    let (mut events, mut messages, mut buffer) = (Events::with_capacity(8), 0, [0; 64]);
    loop {
        poll.poll(&mut events, Some(Duration::from_millis(100)))?;
        if events.is_empty() {
            return Ok(messages);
        }
        for _ in &events {
            while socket.recv(&mut buffer).is_ok() {
                messages += 1;
                if !reads_all {
                    break;
                }
            }
        }
    }
}

fn main() -> io::Result<()> {
    println!("one read for each event: {} of 3 messages", receive(false)?);
    println!("until it would block: {} of 3 messages", receive(true)?);
    Ok(())
}
