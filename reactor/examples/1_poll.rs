//! Two sockets, one thread: `poll` asks the system which socket has something to read. Only that
//! socket is read, so the thread never waits for the wrong one.

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::io;
use std::thread;
use std::time::Duration;

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let any = "127.0.0.1:0".parse().expect("an address");
    let mut sockets = [UdpSocket::bind(any)?, UdpSocket::bind(any)?];
    for (number, socket) in sockets.iter_mut().enumerate() {
        // Each event carries the token, which says which socket it is.
        poll.registry()
            .register(socket, Token(number), Interest::READABLE)?;
    }

    let addresses = [sockets[0].local_addr()?, sockets[1].local_addr()?];
    let sender = thread::spawn(move || -> io::Result<()> {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0")?;
        for (number, wait) in [(1, 20), (0, 40), (1, 20)] {
            thread::sleep(Duration::from_millis(wait));
            socket.send_to(format!("after {wait} ms").as_bytes(), addresses[number])?;
        }
        Ok(())
    });

    let mut events = Events::with_capacity(16);
    let mut messages = 0;
    while messages < 3 {
        poll.poll(&mut events, None)?; // Sleeps until one is ready.
        for event in &events {
            let Token(number) = event.token();
            let mut buffer = [0; 64];
            // Edge-triggered: an event comes once, so read until it would block.
            while let Ok(length) = sockets[number].recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]);
                println!("socket {number}: {text}");
                messages += 1;
            }
        }
    }
    sender.join().expect("no panic")
}
