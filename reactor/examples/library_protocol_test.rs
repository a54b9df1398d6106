//! A protocol tested without sockets and without waiting: with a connection in memory, and a clock
//! that stands still until the test moves it.
//!
//! cargo run --release -p reactor --example protocol_test

use std::time::Duration;

use reactor::{LineHandler, LineReceiver, Transport, testing};

/// Answers each line with the line reversed. Disconnects a client that sends nothing for a minute.
struct Mirror;

impl LineHandler for Mirror {
    fn connection_made(&mut self, transport: &Transport) {
        transport.set_idle_timeout(Some(Duration::from_secs(60)));
    }

    fn line_received(&mut self, transport: &Transport, line: &[u8]) {
        let turned: Vec<u8> = line.iter().rev().copied().chain([b'\n']).collect();
        transport.write(&turned);
    }
}

fn main() -> std::io::Result<()> {
    let (reactor, clock) = testing::reactor()?;
    let peer = testing::connect(&reactor, LineReceiver::new(Mirror));

    peer.send(b"del");
    assert_eq!(peer.received(), b"", "half a line is not a line");
    peer.send(b"iver\n");
    assert_eq!(peer.received(), b"reviled\n");

    clock.advance(Duration::from_secs(60));
    reactor.run_pending()?;
    assert_eq!(peer.lost().as_deref(), Some("idle for 60s"));
    println!("a minute has passed on the fake clock, and every check held");
    Ok(())
}
