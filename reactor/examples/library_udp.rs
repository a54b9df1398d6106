//! Datagrams: one socket asks, the other answers.
//!
//! cargo run --release -p reactor --example udp

use std::net::SocketAddr;

use reactor::{Reactor, UdpTransport};

fn main() -> std::io::Result<()> {
    let reactor = Reactor::new()?;
    let here = ([127, 0, 0, 1], 0).into();
    // A closure is enough. If it needs state, write a struct that implements `Datagrams`.
    let answer = |socket: &UdpTransport, question: &[u8], from: SocketAddr| {
        let answer = question.to_ascii_uppercase();
        if let Err(error) = socket.send_to(&answer, from) {
            eprintln!("{from}: {error}");
        }
    };
    let server = reactor.listen_udp(here, answer)?;
    let stop = reactor.clone();
    let client = reactor.listen_udp(here, move |_: &UdpTransport, answer: &[u8], from| {
        println!("{from} answers: {}", String::from_utf8_lossy(answer));
        stop.stop();
    })?;
    client.send_to(b"is anybody there?", server.local_addr()?)?;
    reactor.run()
}
