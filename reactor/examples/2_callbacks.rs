//! A loop with callbacks: the reactor has the loop of step 1. It calls the function that was
//! registered for a socket. Python: Twisted's reactor, asyncio's `loop.add_reader`.

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token};
use std::io;

type Callback = Box<dyn FnMut(&str) -> bool>;

struct Reactor {
    poll: Poll,
    /// A socket's token is its place in this list.
    readers: Vec<(UdpSocket, Callback)>,
}

impl Reactor {
    /// Registers a callback for the messages of a socket. It returns whether the reactor shall go
    /// on.
    fn on_message(&mut self, mut socket: UdpSocket, callback: Callback) -> io::Result<()> {
        let token = Token(self.readers.len());
        let registry = self.poll.registry();
        registry.register(&mut socket, token, Interest::READABLE)?;
        self.readers.push((socket, callback));
        Ok(())
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(16);
        loop {
            self.poll.poll(&mut events, None)?;
            for event in &events {
                let (socket, callback) = &mut self.readers[event.token().0];
                let mut buffer = [0; 64];
                while let Ok(length) = socket.recv(&mut buffer) {
                    if !callback(&String::from_utf8_lossy(&buffer[..length])) {
                        return Ok(());
                    }
                }
            }
        }
    }
}

fn main() -> io::Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0".parse().expect("an address"))?;
    let address = socket.local_addr()?;
    let client = std::net::UdpSocket::bind("127.0.0.1:0")?;
    for word in ["hello", "callback", "end"] {
        client.send_to(word.as_bytes(), address)?;
    }
    let (poll, readers) = (Poll::new()?, Vec::new());
    let mut reactor = Reactor { poll, readers };
    let print = |word: &str| {
        println!("a message: {word}");
        word != "end"
    };
    reactor.on_message(socket, Box::new(print))?;
    reactor.run()
}
