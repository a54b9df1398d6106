//! A chat server on one thread: what a member writes goes to all the others. This program plays two
//! members. With port 4000 instead of 0, and without these two, `nc 127.0.0.1 4000` is a member.

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::thread;

/// Serves until the last member has left.
fn serve(mut listener: TcpListener) -> io::Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    let (registry, read) = (poll.registry().try_clone()?, Interest::READABLE);
    registry.register(&mut listener, Token(0), read)?;
    let mut members: BTreeMap<Token, TcpStream> = BTreeMap::new();
    let mut joined = 0;
    loop {
        poll.poll(&mut events, None)?;
        for token in events.iter().map(|event| event.token()) {
            while token == Token(0)
                && let Ok((mut member, _)) = listener.accept()
            {
                joined += 1;
                registry.register(&mut member, Token(joined), read)?;
                members.insert(Token(joined), member);
            }
            let mut buffer = [0; 1024];
            while let Some(Ok(length)) = members.get_mut(&token).map(|it| it.read(&mut buffer)) {
                for (_, other) in members.iter_mut().filter(|(it, _)| **it != token) {
                    // A slow reader loses data here. The library queues it, with a limit.
                    let _ = other.write(&buffer[..length]);
                }
                if length == 0 {
                    members.remove(&token);
                }
            }
        }
        if joined > 0 && members.is_empty() {
            return Ok(());
        }
    }
}

fn hear(name: &str, stream: &std::net::TcpStream) {
    let line = BufReader::new(stream).lines().next();
    println!("{name} hears {line:?}");
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    let mut ann = std::net::TcpStream::connect(listener.local_addr()?)?;
    let mut ben = std::net::TcpStream::connect(listener.local_addr()?)?;
    thread::spawn(move || {
        hear("Ann", &ann);
        ann.write_all(b"Ann: hello Ben\n")
    });
    ben.write_all(b"Ben: hello\n")?;
    thread::spawn(move || hear("Ben", &ben));
    serve(listener)
}
