//! The chat server with async functions: one task for each connection.
//!
//! The rules and messages are in [`protocols::chat::Room`]; this file only serves them. A
//! connection's task owns its socket and does three things at once: it reads lines, it writes its
//! outbox, and it waits for the request to end. When one of these ends, the others are dropped.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use event_loop::AcceptErrors;
use protocols::chat::{MAX_LINE, MISSED, Room, STALL_TIMEOUT, TOO_LONG, WELCOME};

use crate::executor::{Either, select, sleep, spawn, timeout, yield_now};
use crate::io::{Line, Lines, TcpListener, TcpStream};
use crate::sync::{Event, Semaphore};

/// How many bytes may wait for a member that does not read. It misses later lines, and is told so.
/// This is enough for a member that reads, but is delayed for some milliseconds while others send
/// at full speed.
pub const OUTBOX: usize = 1 << 20;

/// How many connections may be open at once by default. More wait to be accepted.
pub const MAX_CONNECTIONS: usize = 10_000;

/// How long connections may take to send their outboxes when the server ends. After Ctrl-C a program
/// ends within a second.
pub const GRACE: Duration = Duration::from_millis(800);

/// The longest answer to a member's own line. A line is not handled before there is room for its
/// answer, so that no answer is missed.
const ANSWER: usize = 256;

/// A chat server.
///
/// # Examples
///
/// ```
/// use scheduler::chat_server::Server;
/// use scheduler::executor::{Executor, spawn};
/// use scheduler::io::{Line, Lines, TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new()?.block_on(async {
///     let server = Server::new();
///     let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
///     let address = listener.local_addr()?;
///     let serving = spawn({
///         let server = server.clone();
///         async move { server.serve(listener).await }
///     });
///     let ann = TcpStream::connect(address).await?;
///     let line = Lines::new(&ann, 1024).next().await?.map(|line| format!("{line:?}"));
///     assert!(line.is_some());
///     server.end();
///     serving.await.map_err(std::io::Error::other)
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    room: Rc<RefCell<Room<Outbox>>>,
    places: Semaphore,
    max_connections: usize,
    ending: Event,
}

impl Default for Server {
    fn default() -> Self {
        Server::new()
    }
}

impl Server {
    /// A server with an empty room, for [`MAX_CONNECTIONS`].
    pub fn new() -> Server {
        Server::with_max_connections(MAX_CONNECTIONS)
    }

    /// A server with an empty room, for this many connections at once, at least one.
    pub fn with_max_connections(max_connections: usize) -> Server {
        let max_connections = max_connections.max(1);
        Server {
            room: Rc::default(),
            places: Semaphore::named("places in the chat", max_connections),
            max_connections,
            ending: Event::named("the end of the chat"),
        }
    }

    /// Makes [`serve`](Server::serve) end: no more connections are accepted, and open connections
    /// have [`GRACE`] to send their outboxes.
    pub fn end(&self) {
        self.ending.set();
    }

    /// Accepts connections until [`end`](Server::end) is called and all connections are closed.
    pub async fn serve(&self, listener: TcpListener) {
        let accepting = select(self.ending.wait(), self.accept(&listener));
        accepting.await;
        drop(listener);
        drop(self.places.acquire(self.max_connections).await);
    }

    async fn accept(&self, listener: &TcpListener) {
        let errors = AcceptErrors::default();
        loop {
            let place = self.places.acquire(1).await;
            match accept_member(listener).await {
                Ok(stream) => {
                    errors.accepted();
                    let server = self.clone();
                    drop(spawn(async move {
                        server.member(stream).await;
                        drop(place);
                    }));
                }
                // Most likely no descriptors are left. The client waits until a connection is
                // closed.
                Err(error) => {
                    errors.failed(&error);
                    sleep(AcceptErrors::RETRY).await;
                }
            }
        }
    }

    /// Serves one connection until its end. The reason of its end does not matter here.
    async fn member(&self, stream: TcpStream) {
        let outbox = Outbox::new();
        outbox.tell(WELCOME);
        let member = Member {
            number: self.room.borrow_mut().enter(outbox.clone()),
            server: self,
        };
        let talk = select(self.listen(&member, &outbox, &stream), outbox.send(&stream));
        let ended = select(self.ending.wait(), talk).await;
        drop(member);
        if let Either::Left(()) = ended {
            // A member that is cut off here was told so.
            drop(timeout(GRACE, outbox.send_rest(&stream)).await);
        }
    }

    async fn listen(
        &self,
        member: &Member<'_>,
        outbox: &Outbox,
        stream: &TcpStream,
    ) -> io::Result<()> {
        let mut lines = Lines::new(stream, MAX_LINE);
        loop {
            if !lines.has_more() {
                // The members that got a line send it before more lines are read.
                yield_now().await;
            }
            let line = lines.next().await?;
            outbox.room().await;
            match line {
                None => return Ok(()),
                Some(Line::TooLong) => outbox.tell(TOO_LONG),
                Some(Line::Text(line)) => {
                    let mut room = self.room.borrow_mut();
                    room.line(member.number, line, Outbox::tell);
                }
            }
        }
    }
}

/// Accepts a connection that sends each line at once.
async fn accept_member(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _) = listener.accept().await?;
    // Lines are short. Otherwise the system keeps a line for 40 ms if the client has not yet
    // acknowledged the one before (Nagle's algorithm). It fails if the connection is gone: then its
    // first read fails too.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// A member of the room, until this is dropped. However its connection ends, the others are told.
struct Member<'a> {
    number: u64,
    server: &'a Server,
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        let mut room = self.server.room.borrow_mut();
        room.leave(self.number, Outbox::tell);
    }
}

/// The lines that wait to be sent to a member.
#[derive(Clone, Debug)]
struct Outbox {
    lines: Rc<RefCell<Vec<u8>>>,
    /// The last line did not fit.
    missing: Rc<Cell<bool>>,
    filled: Event,
    emptied: Event,
}

impl Outbox {
    fn new() -> Outbox {
        Outbox {
            lines: Rc::default(),
            missing: Rc::default(),
            filled: Event::named("something to send"),
            emptied: Event::named("room in the outbox"),
        }
    }

    /// Appends a line with its end. If too much waits already, this line is dropped, and the next
    /// ones too until there is room. In place of the first missing line, the member is told once.
    fn tell(&self, text: &str) {
        let mut lines = self.lines.borrow_mut();
        let fits = lines.len() + text.len() < OUTBOX;
        let told = self.missing.replace(!fits);
        let text = match fits {
            true => text,
            false if told => return,
            false => MISSED,
        };
        lines.extend_from_slice(text.as_bytes());
        lines.push(b'\n');
        self.filled.set();
    }

    /// Waits until there is room for an answer.
    async fn room(&self) {
        while self.lines.borrow().len() + ANSWER > OUTBOX {
            self.emptied.clear();
            self.emptied.wait().await;
        }
    }

    /// Sends the outbox for ever, or until the other end reads nothing for too long.
    async fn send(&self, stream: &TcpStream) -> io::Result<()> {
        loop {
            self.filled.wait().await;
            self.send_rest(stream).await?;
        }
    }

    async fn send_rest(&self, stream: &TcpStream) -> io::Result<()> {
        self.filled.clear();
        let mut sending = Sending {
            outbox: self,
            bytes: self.lines.take(),
            sent: 0,
        };
        self.emptied.set();
        while sending.sent < sending.bytes.len() {
            let writing = timeout(STALL_TIMEOUT, stream.write(&sending.bytes[sending.sent..]));
            sending.sent += writing.await.map_err(io::Error::other)??;
        }
        Ok(())
    }
}

/// Lines that are being sent. If this is dropped, the unsent rest goes back to the outbox.
struct Sending<'a> {
    outbox: &'a Outbox,
    bytes: Vec<u8>,
    sent: usize,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let unsent = &self.bytes[self.sent..];
        self.outbox
            .lines
            .borrow_mut()
            .splice(..0, unsent.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::executor::Executor;

    #[test]
    fn a_line_is_sent_at_once() {
        let nodelay = Executor::new().unwrap().block_on(async {
            let listener = TcpListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
            let client = std::net::TcpStream::connect(listener.local_addr().unwrap());
            let stream = accept_member(&listener).await.unwrap();
            drop(client);
            stream.nodelay()
        });
        assert!(nodelay.unwrap());
    }
}
