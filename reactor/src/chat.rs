//! The workshop's chat, served by a protocol: one [`Member`] for each connection.
//!
//! The rules and the words are [`protocols::chat`]'s.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use protocols::chat::{MAX_LINE, Room, STALL_TIMEOUT, TOO_LONG, WELCOME};

use crate::{Factory, LineHandler, LineReceiver, Protocol, Reason, Transport};

/// The chat's factory: a room, and a protocol for each who comes.
///
/// # Examples
///
/// ```
/// use reactor::{chat, testing};
///
/// # fn main() -> std::io::Result<()> {
/// let (reactor, _clock) = testing::reactor()?;
/// let server = chat::Server::default();
/// let ann = testing::connect(&reactor, server.member());
/// let bob = testing::connect(&reactor, server.member());
/// ann.received();
/// bob.send(b"bob:hi\n");
/// assert_eq!(ann.received(), b"*** bob has joined\n#[bob]>>> hi\n");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Server {
    room: Rc<RefCell<Room<Transport>>>,
    stall: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Server {
            room: Rc::default(),
            stall: STALL_TIMEOUT,
        }
    }
}

impl Server {
    /// With another limit than [`STALL_TIMEOUT`].
    #[must_use]
    pub fn stall_timeout(self, stall: Duration) -> Server {
        Server { stall, ..self }
    }

    /// A protocol for somebody who comes.
    pub fn member(&self) -> LineReceiver<Member> {
        let member = Member {
            server: self.clone(),
            number: 0,
        };
        LineReceiver::new(member).max_line(MAX_LINE)
    }
}

impl Factory for Server {
    fn build(&self) -> Option<Box<dyn Protocol>> {
        Some(Box::new(self.member()))
    }
}

/// One connection of the chat.
#[derive(Debug)]
pub struct Member {
    server: Server,
    number: u64,
}

/// A line with its end, in one write; not at all to who has too much waiting.
fn tell(transport: &Transport, text: &str) {
    transport.try_write(format!("{text}\n").as_bytes());
}

impl LineHandler for Member {
    fn connection_made(&mut self, transport: &Transport) {
        transport.set_stall_timeout(Some(self.server.stall));
        self.number = self.server.room.borrow_mut().enter(transport.clone());
        tell(transport, WELCOME);
    }

    fn line_received(&mut self, _: &Transport, line: &[u8]) {
        let mut room = self.server.room.borrow_mut();
        room.line(self.number, line, tell);
    }

    fn line_too_long(&mut self, transport: &Transport, _limit: usize) {
        tell(transport, TOO_LONG);
    }

    fn connection_lost(&mut self, _: &Reason) {
        self.server.room.borrow_mut().leave(self.number, tell);
    }
}
