//! A protocol tested without sockets and without waiting: a connection in memory, and a clock that
//! stands still until it is told otherwise.
//!
//! cargo run --release -p reactor --example protocol_test

use std::time::Duration;

use reactor::{LineHandler, LineReceiver, Transport, testing};

/// Answers with the line turned round; hangs up on who says nothing for a minute.
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
    assert_eq!(peer.received(), b"", "half a line is none");
    peer.send(b"iver\n");
    assert_eq!(peer.received(), b"reviled\n");

    clock.advance(Duration::from_secs(60));
    reactor.run_pending()?;
    assert_eq!(peer.lost().as_deref(), Some("idle for 60s"));
    println!("a minute has passed, and all is as it should be");
    Ok(())
}
