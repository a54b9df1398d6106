//! The workshop's chat as a protocol: one [`Member`] for each connection.
//!
//! The rules and messages are in [`protocols::chat`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use protocols::chat::{MAX_LINE, MISSED, Room, STALL_TIMEOUT, TOO_LONG, WELCOME};

use crate::{Factory, LineHandler, LineReceiver, Peer, Protocol, Reason, Transport};

/// The chat's factory: one room, and a protocol for each member.
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
    room: Rc<RefCell<Room<Outbox>>>,
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
    /// Sets a limit other than [`STALL_TIMEOUT`].
    #[must_use]
    pub fn stall_timeout(self, stall: Duration) -> Server {
        Server { stall, ..self }
    }

    /// Makes the protocol of a new member.
    pub fn member(&self) -> LineReceiver<Member> {
        let member = Member {
            server: self.clone(),
            number: 0,
            missed: Rc::default(),
        };
        LineReceiver::new(member).max_line(MAX_LINE)
    }
}

impl Factory for Server {
    fn build(&self, _: Peer) -> Option<Box<dyn Protocol>> {
        Some(Box::new(self.member()))
    }
}

/// One connection of the chat.
#[derive(Debug)]
pub struct Member {
    server: Server,
    number: u64,
    /// Lines were left out, and the member was not told yet.
    missed: Rc<Cell<bool>>,
}

/// Sends lines to a member.
#[derive(Clone, Debug)]
struct Outbox {
    transport: Transport,
    missed: Rc<Cell<bool>>,
}

impl Outbox {
    /// Sends a line with its end, in one write. A member with too much data waiting misses the
    /// line, and is told when there is room again. The other members do not wait for it.
    fn tell(&self, text: &str) {
        self.tell_of_missed();
        let missed = self.missed.get() || !self.transport.try_write(format!("{text}\n").as_bytes());
        self.missed.set(missed);
    }

    fn tell_of_missed(&self) {
        let told = self.missed.get() && self.transport.try_write(format!("{MISSED}\n").as_bytes());
        if told {
            self.missed.set(false);
        }
    }
}

impl Member {
    fn outbox(&self, transport: &Transport) -> Outbox {
        Outbox {
            transport: transport.clone(),
            missed: Rc::clone(&self.missed),
        }
    }
}

impl LineHandler for Member {
    fn connection_made(&mut self, transport: &Transport) {
        // Lines are short. Otherwise the system keeps a line for 40 ms if the client has not yet
        // acknowledged the one before (Nagle's algorithm). A connection that is gone is told later.
        let _ = transport.set_nodelay(true);
        transport.set_stall_timeout(Some(self.server.stall));
        let outbox = self.outbox(transport);
        outbox.tell(WELCOME);
        self.number = self.server.room.borrow_mut().enter(outbox);
    }

    fn line_received(&mut self, _: &Transport, line: &[u8]) {
        let mut room = self.server.room.borrow_mut();
        room.line(self.number, line, Outbox::tell);
    }

    fn line_too_long(&mut self, transport: &Transport, _limit: usize) {
        self.outbox(transport).tell(TOO_LONG);
    }

    fn resume_producing(&mut self, transport: &Transport) {
        self.outbox(transport).tell_of_missed();
    }

    fn connection_lost(&mut self, _: &Reason) {
        let mut room = self.server.room.borrow_mut();
        room.leave(self.number, Outbox::tell);
    }
}
