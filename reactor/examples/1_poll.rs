//! Two sockets, one thread: `poll` asks the system which socket has something to read. Only that
//! socket is read, so the thread never waits for the wrong one. Here a message goes to and fro
//! between the two.

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::io;

fn main() -> io::Result<()> {
    let any = "127.0.0.1:0".parse().expect("an address");
    let mut sockets = [UdpSocket::bind(any)?, UdpSocket::bind(any)?];
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(16));
    for (number, socket) in sockets.iter_mut().enumerate() {
        // Each event carries the token, which says which socket it is.
        poll.registry()
            .register(socket, Token(number), Interest::READABLE)?;
    }
    sockets[0].send_to(b"hello", sockets[1].local_addr()?)?;

    let mut messages = 0;
    while messages < 4 {
        poll.poll(&mut events, None)?; // Sleeps until one is ready.
        for event in &events {
            let Token(number) = event.token();
            let mut buffer = [0; 64];
            // Edge-triggered: an event comes once, so read until it would block.
            while let Ok((length, sender)) = sockets[number].recv_from(&mut buffer) {
                println!("socket {number}: {length} bytes");
                sockets[number].send_to(&buffer[..length], sender)?;
                messages += 1;
            }
        }
    }
    Ok(())
}
