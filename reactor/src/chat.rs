//! The workshop's chat: a client sends lines `name:message`, all others see `#[name]>>> message`.
//!
//! [`Room`] is the chat itself, plain code that knows no connections; every room of the workshop
//! that writes the server in its own way uses it, and must pass
//! [`testing::conversation`](crate::testing::conversation). [`Member`] is the server in this one's
//! way.
//!
//! The rules:
//!
//! - A connection is greeted with [`WELCOME`] and has no name until its first good line, which is
//!   announced to all others ([`joined`]); a line with an empty message only does that. Later
//!   lines with another name change it ([`renamed`]). When it ends, the others are told ([`left`]).
//! - A name is 1 to [`MAX_NAME`] characters without control characters, and one connection's at a
//!   time. White space around name and message is cut off, control characters in a message become
//!   spaces: nobody writes on another's terminal but plain text.
//! - What cannot be taken is answered to its sender only, and the connection goes on:
//!   [`TOO_LONG`], [`NOT_UTF8`], [`NOT_UNDERSTOOD`], [`TAKEN`].
//! - A line that is not ended when its connection is was never said.
//! - Who does not read misses lines, whole ones; the others are not kept waiting.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use crate::{Factory, LineHandler, LineReceiver, Protocol, Reason, Transport};

/// The longest line, in bytes, without its end.
pub const MAX_LINE: usize = 1024;
/// The longest name, in characters.
pub const MAX_NAME: usize = 32;

/// Told to who comes.
pub const WELCOME: &str = "*** welcome: write NAME:MESSAGE";
/// The answer to a line of over [`MAX_LINE`] bytes.
pub const TOO_LONG: &str = "*** that line was over 1024 bytes: nobody got it";
/// The answer to a line that is no text.
pub const NOT_UTF8: &str = "*** that line was not UTF-8: nobody got it";
/// The answer to a line without a good name.
pub const NOT_UNDERSTOOD: &str = "*** not understood: write NAME:MESSAGE";
/// The answer to a line with another's name.
pub const TAKEN: &str = "*** that name is taken: choose another";

/// How the others see a message.
pub fn said(name: &str, message: &str) -> String {
    format!("#[{name}]>>> {message}")
}

/// How the others learn a name.
pub fn joined(name: &str) -> String {
    format!("*** {name} has joined")
}

/// How the others are told that somebody's connection ended.
pub fn left(name: &str) -> String {
    format!("*** {name} has left")
}

/// How the others are told of a new name.
pub fn renamed(old: &str, new: &str) -> String {
    format!("*** {old} is now called {new}")
}

/// Who is to be told a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The one who sent it.
    Sender,
    /// Everybody else.
    Others,
}

/// The chat itself: who is there, and what to tell whom. `M` is what a member is reached by.
///
/// # Examples
///
/// ```
/// use reactor::chat::Room;
///
/// let mut room = Room::default();
/// let mut heard = Vec::new();
/// let ann = room.enter("ann's line");
/// let bob = room.enter("bob's line");
/// room.line(ann, b"ann:hello", |to, text| heard.push(format!("{to}: {text}")));
/// assert_eq!(heard, ["bob's line: *** ann has joined", "bob's line: #[ann]>>> hello"]);
/// ```
#[derive(Debug)]
pub struct Room<M> {
    members: BTreeMap<u64, (Option<String>, M)>,
    names: HashSet<String>,
    next: u64,
}

impl<M> Default for Room<M> {
    fn default() -> Self {
        Room {
            members: BTreeMap::new(),
            names: HashSet::new(),
            next: 0,
        }
    }
}

impl<M> Room<M> {
    /// Somebody has come, and is to be told [`WELCOME`]; returns the number to call them by.
    pub fn enter(&mut self, member: M) -> u64 {
        let number = self.next;
        self.next += 1;
        self.members.insert(number, (None, member));
        number
    }

    /// A member has sent a line, without its end; `tell` is called for each who is to be told
    /// something.
    pub fn line(&mut self, sender: u64, line: &[u8], mut tell: impl FnMut(&M, &str)) {
        for (to, text) in self.understand(sender, line) {
            self.tell(sender, to, &text, &mut tell);
        }
    }

    /// Somebody's connection has ended.
    pub fn leave(&mut self, number: u64, mut tell: impl FnMut(&M, &str)) {
        if let Some((Some(name), _)) = self.members.remove(&number) {
            self.names.remove(&name);
            self.tell(number, To::Others, &left(&name), &mut tell);
        }
    }

    /// Who is there.
    pub fn members(&self) -> impl Iterator<Item = &M> {
        self.members.values().map(|(_, member)| member)
    }

    fn tell(&self, sender: u64, to: To, text: &str, tell: &mut impl FnMut(&M, &str)) {
        match to {
            To::Sender => {
                if let Some((_, member)) = self.members.get(&sender) {
                    tell(member, text);
                }
            }
            To::Others => self
                .members
                .iter()
                .filter(|&(&number, _)| number != sender)
                .for_each(|(_, (_, member))| tell(member, text)),
        }
    }

    fn understand(&mut self, sender: u64, line: &[u8]) -> Vec<(To, String)> {
        let Some((current, _)) = self.members.get_mut(&sender) else {
            return Vec::new();
        };
        let (name, message) = match parse(line) {
            Ok(parts) => parts,
            Err(answer) => return vec![(To::Sender, answer.to_owned())],
        };
        let mut news = Vec::new();
        if current.as_deref() != Some(name) {
            if self.names.contains(name) {
                return vec![(To::Sender, TAKEN.to_owned())];
            }
            self.names.insert(name.to_owned());
            let old = current.replace(name.to_owned());
            news.push((
                To::Others,
                match &old {
                    Some(old) => renamed(old, name),
                    None => joined(name),
                },
            ));
            if let Some(old) = old {
                self.names.remove(&old);
            }
        }
        if !message.is_empty() {
            news.push((To::Others, said(name, &message)));
        }
        news
    }
}

/// A line's name and message, or what to answer.
fn parse(line: &[u8]) -> Result<(&str, String), &'static str> {
    if line.len() > MAX_LINE {
        return Err(TOO_LONG);
    }
    let text = str::from_utf8(line).map_err(|_| NOT_UTF8)?;
    let (name, message) = text.split_once(':').ok_or(NOT_UNDERSTOOD)?;
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=MAX_NAME).contains(&length) || name.contains(char::is_control) {
        return Err(NOT_UNDERSTOOD);
    }
    Ok((name, message.trim().replace(char::is_control, " ")))
}

/// How long a member may read nothing while lines wait for it.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);

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
