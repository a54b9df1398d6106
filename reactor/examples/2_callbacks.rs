//! A loop with callbacks: `run` has the loop of step 1. It calls the function that was given for a
//! socket. Python: Twisted's reactor, asyncio's `loop.add_reader`.

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::io;

/// A function that is called with each message of a socket.
type Callback = Box<dyn FnMut(&str)>;

/// Ends after `most` messages.
fn run(readers: &mut [(UdpSocket, Callback)], most: usize) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(16));
    for (number, (socket, _)) in readers.iter_mut().enumerate() {
        // A socket's token is its place in the list.
        poll.registry()
            .register(socket, Token(number), Interest::READABLE)?;
    }
    let mut messages = 0;
    while messages < most {
        poll.poll(&mut events, None)?; // Sleeps until one is ready.
        for event in &events {
            let (socket, callback) = &mut readers[event.token().0];
            let mut buffer = [0; 64];
            while let Ok(length) = socket.recv(&mut buffer) {
                callback(&String::from_utf8_lossy(&buffer[..length]));
                messages += 1;
            }
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let any = "127.0.0.1:0".parse().expect("an address");
    let [one, two] = [UdpSocket::bind(any)?, UdpSocket::bind(any)?];
    one.send_to(b"hello", two.local_addr()?)?;
    two.send_to(b"callback", one.local_addr()?)?;
    let print = |text: &str| println!("a message: {text}");
    let count = |text: &str| println!("{} letters", text.len());
    run(&mut [(one, Box::new(print)), (two, Box::new(count))], 2)
}
