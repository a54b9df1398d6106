//! The load: connections, each with a message that is sent and comes back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::{CONNECTIONS, MESSAGE};

/// Connections. On each of them one message is always in flight.
#[derive(Debug)]
pub struct Clients {
    poll: Poll,
    clients: Vec<Client>,
}

#[derive(Debug)]
struct Client {
    stream: TcpStream,
    message: [u8; MESSAGE],
    /// The part of the message that has come back.
    answer: Vec<u8>,
}

impl Clients {
    /// Makes [`CONNECTIONS`] connections to an echo server, and sends the first messages.
    ///
    /// # Errors
    /// The system's error.
    pub fn connect(server: SocketAddr) -> io::Result<Clients> {
        let poll = Poll::new()?;
        let connect = |number: usize| {
            let stream = std::net::TcpStream::connect(server)?;
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(number), Interest::READABLE)?;
            let message = [number as u8; MESSAGE];
            stream.write_all(&message)?;
            Ok(Client {
                stream,
                message,
                answer: Vec::with_capacity(MESSAGE),
            })
        };
        let clients = (0..CONNECTIONS).map(connect).collect::<io::Result<_>>()?;
        Ok(Clients { poll, clients })
    }

    /// Makes `round_trips` round trips. After each answer the next message is sent.
    ///
    /// # Errors
    /// The system's error, or an echo that differs from the message.
    pub fn play(&mut self, round_trips: u32) -> io::Result<()> {
        let (mut events, mut buffer) = (Events::with_capacity(1024), [0; 4096]);
        let mut done = 0;
        while done < round_trips {
            self.poll.poll(&mut events, None)?;
            for event in &events {
                let client = &mut self.clients[event.token().0];
                match client.stream.read(&mut buffer) {
                    Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                    Ok(length) => client.answer.extend_from_slice(&buffer[..length]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                    Err(error) => return Err(error),
                }
                if client.answer.len() < MESSAGE {
                    continue;
                }
                if client.answer != client.message {
                    return Err(io::Error::other("it sent back something else"));
                }
                client.answer.clear();
                done += 1;
                client.stream.write_all(&client.message)?;
            }
        }
        Ok(())
    }
}
