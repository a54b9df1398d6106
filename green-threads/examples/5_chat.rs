//! A chat: what a member writes goes to all the others. The green threads share the list of members
//! without a lock: another one runs only where this one waits.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::rc::Rc;

type Hub = Yielder<(), ()>;

/// Tries until the call does not block. Between two tries the others run.
fn wait<T>(hub: &Hub, mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => hub.suspend(()),
            result => return result,
        }
    }
}

fn member(hub: &Hub, mine: usize, members: &[TcpStream]) -> io::Result<()> {
    let mut buffer = [0; 1024];
    while let length @ 1.. = wait(hub, || (&members[mine]).read(&mut buffer))? {
        for (number, mut other) in members.iter().enumerate() {
            if number != mine {
                let _ = other.write(&buffer[..length]); // A member that does not read misses it.
            }
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut clients = Vec::new();
    let mut members = Vec::new();
    for name in ["Ann", "Ben", "Carl"] {
        let mut client = TcpStream::connect(listener.local_addr()?)?;
        client.write_all(format!("{name}: hello\n").as_bytes())?;
        client.shutdown(std::net::Shutdown::Write)?;
        clients.push(client);
        members.push(listener.accept()?.0);
        members[members.len() - 1].set_nonblocking(true)?;
    }
    let members = Rc::new(members);
    let start = |mine| {
        let members = Rc::clone(&members);
        Coroutine::new(move |hub: &Hub, ()| println!("{:?}", member(hub, mine, &members)))
    };
    let mut ready: VecDeque<_> = (0..clients.len()).map(start).collect();
    while let Some(mut thread) = ready.pop_front() {
        if let CoroutineResult::Yield(()) = thread.resume(()) {
            ready.push_back(thread);
        }
    }
    drop(members);
    for client in clients {
        println!("heard: {:?}", io::read_to_string(client)?);
    }
    Ok(())
}
