//! A socket: the executor asks the system which sockets are ready (`poll` of mio), and polls the
//! task that waits for it. Here there is one task, an echo server. Its client is an ordinary
//! thread.

use mio::net::TcpListener;
use mio::{Events, Interest, Poll as Selector, Registry, Token};
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Tries until the call does not block. Between two tries the task waits.
async fn when_ready<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let ready = poll_fn(|_| match attempt() {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
        result => Poll::Ready(result),
    });
    ready.await
}

async fn echo_once(registry: Registry, mut listener: TcpListener) -> io::Result<usize> {
    registry.register(&mut listener, Token(0), Interest::READABLE)?;
    let (mut stream, _) = when_ready(|| listener.accept()).await?;
    let both = Interest::READABLE | Interest::WRITABLE;
    registry.register(&mut stream, Token(1), both)?;
    let (mut buffer, mut total) = ([0; 1024], 0);
    loop {
        let length = when_ready(|| stream.read(&mut buffer)).await?;
        if length == 0 {
            return Ok(total);
        }
        total += length;
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            rest = &rest[when_ready(|| stream.write(rest)).await?..];
        }
    }
}

fn main() -> io::Result<()> {
    let mut selector = Selector::new()?;
    let listener = TcpListener::bind("127.0.0.1:0".parse().expect("an address"))?;
    let address = listener.local_addr()?;
    let client = std::thread::spawn(move || -> io::Result<String> {
        let mut stream = std::net::TcpStream::connect(address)?;
        stream.write_all(b"hello, socket")?;
        stream.shutdown(std::net::Shutdown::Write)?;
        io::read_to_string(stream)
    });
    let mut task = pin!(echo_once(selector.registry().try_clone()?, listener));
    let mut events = Events::with_capacity(8);
    let echoed = loop {
        match task.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => break result?,
            // Sleeps until a socket is ready. With many tasks, its token says which task waits for
            // it.
            Poll::Pending => selector.poll(&mut events, None)?,
        }
    };
    let answer = client.join().expect("no panic")?;
    println!("echoed {echoed} bytes; the client got {answer:?}");
    Ok(())
}
