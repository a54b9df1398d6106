//! A loop with callbacks: `run` has the loop of step 1. It calls the function that was given for a
//! socket. Python: Twisted's reactor, asyncio's `loop.add_reader`.

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::io;

/// Called with each message of a socket. It returns whether the loop shall go on.
type Callback = Box<dyn FnMut(&str) -> bool>;

fn run(readers: &mut [(UdpSocket, Callback)]) -> io::Result<()> {
    let mut poll = Poll::new()?;
    for (number, (socket, _)) in readers.iter_mut().enumerate() {
        // A socket's token is its place in the list.
        poll.registry()
            .register(socket, Token(number), Interest::READABLE)?;
    }
    let mut events = Events::with_capacity(16);
    loop {
        poll.poll(&mut events, None)?; // Sleeps until one is ready.
        for event in &events {
            let (socket, callback) = &mut readers[event.token().0];
            let mut buffer = [0; 64];
            while let Ok(length) = socket.recv(&mut buffer) {
                if !callback(&String::from_utf8_lossy(&buffer[..length])) {
                    return Ok(());
                }
            }
        }
    }
}

fn main() -> io::Result<()> {
    let any = "127.0.0.1:0".parse().expect("an address");
    let socket = UdpSocket::bind(any)?;
    let address = socket.local_addr()?;
    let client = std::net::UdpSocket::bind("127.0.0.1:0")?;
    for word in ["hello", "callback", "end"] {
        client.send_to(word.as_bytes(), address)?;
    }
    let print = |word: &str| {
        println!("a message: {word}");
        word != "end"
    };
    run(&mut [(socket, Box::new(print))])
}
