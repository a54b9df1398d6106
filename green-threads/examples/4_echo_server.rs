//! An echo server: when a read would block, the other green threads run, and the read is tried
//! again. `serve` reads like the code of a server with a thread for each client.
//!
//! This hub tries all sockets over and over. The library's hub sleeps until the system reports a
//! ready one.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

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

fn serve(hub: &Hub, mut stream: TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    let mut buffer = [0; 1024];
    loop {
        match wait(hub, || stream.read(&mut buffer))? {
            0 => return Ok(()),
            // Short answers fit into the socket's buffer. The library's `write_all` waits for room.
            length => stream.write_all(&buffer[..length])?,
        }
    }
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let clients = ["tea", "egg"].map(|word| {
        thread::spawn(move || -> io::Result<()> {
            let mut stream = TcpStream::connect(address)?;
            stream.write_all(word.as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            println!("{word} got {:?}", io::read_to_string(stream)?);
            Ok(())
        })
    });
    let mut ready = VecDeque::new();
    for _ in &clients {
        let (stream, _) = listener.accept()?;
        ready.push_back(Coroutine::new(move |hub: &Hub, ()| {
            println!("served: {:?}", serve(hub, stream));
        }));
    }
    while let Some(mut thread) = ready.pop_front() {
        if let CoroutineResult::Yield(()) = thread.resume(()) {
            ready.push_back(thread);
        }
    }
    clients
        .into_iter()
        .try_for_each(|it| it.join().expect("no panic"))
}
