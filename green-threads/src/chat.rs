//! The workshop's chat in code that reads from top to bottom. Each member has one green thread that
//! reads and one that writes. The rules and messages are in [`protocols::chat`].

mod lines;
mod log;

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::ptr;
use std::rc::Rc;
use std::time::Duration;

use protocols::chat::{MAX_LINE, Room, STALL_TIMEOUT, TOO_LONG, WELCOME};

pub use lines::{Line, read_line};
use log::{Cursor, Log, To};
pub use protocols::chat::MISSED;

use crate::net::TcpStream;
use crate::sync::Event;
use crate::{spawn, yield_now};

/// How many bytes are kept for members that have not read them yet. A member that falls further
/// behind gets [`MISSED`] in place of what it missed. No member waits for another.
pub const KEPT: usize = 32 << 20;

/// How many bytes are written at once.
const WRITE: usize = 64 * 1024;

/// A chat. Clones are the same chat.
///
/// # Examples
///
/// ```no_run
/// use green_threads::{chat::Chat, net::TcpListener, spawn};
///
/// # fn main() -> std::io::Result<()> {
/// let chat = Chat::default();
/// for stream in TcpListener::bind("127.0.0.1:4000")?.incoming() {
///     let (chat, stream) = (chat.clone(), stream?);
///     spawn(move || chat.serve(stream));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Chat {
    shared: Rc<Shared>,
    stall: Duration,
}

#[derive(Debug)]
struct Shared {
    room: RefCell<Room<Rc<Cursor>>>,
    log: RefCell<Log>,
    /// Fires when there is a new line, or when a member has left.
    news: Event,
}

impl Default for Chat {
    fn default() -> Self {
        Chat {
            shared: Rc::new(Shared {
                room: RefCell::default(),
                log: RefCell::new(Log::new(KEPT)),
                news: Event::new(),
            }),
            stall: STALL_TIMEOUT,
        }
    }
}

impl Shared {
    /// Wakes all green threads that write.
    fn announce(&self) {
        self.news.set();
        self.news.clear();
    }

    /// Adds what the room sends to the log: one line, however many members get it.
    fn tell(&self, speaker: u64, talk: impl FnOnce(&mut Room<Rc<Cursor>>, &mut Tell)) {
        let (mut room, mut log) = (self.room.borrow_mut(), self.log.borrow_mut());
        let mut last = ptr::null();
        talk(&mut room, &mut |told, text| {
            if told.member == speaker {
                log.say(To::Only(speaker), text);
            } else if !ptr::eq(text.as_ptr(), last) {
                // The room calls this for each of the others with the same text. The log stores it
                // once.
                log.say(To::AllBut(speaker), text);
                last = text.as_ptr();
            }
        });
        drop((room, log));
        self.announce();
    }
}

/// The function by which the room sends a line to a member.
type Tell<'a> = dyn FnMut(&Rc<Cursor>, &str) + 'a;

/// A connection's place in the chat, from its beginning to its end.
struct Member {
    shared: Rc<Shared>,
    /// Its number in the room.
    number: u64,
    cursor: Rc<Cursor>,
    closed: Rc<Cell<bool>>,
}

impl Member {
    fn enter(shared: &Rc<Shared>) -> Member {
        let cursor = shared.log.borrow_mut().enter();
        let member = Member {
            shared: Rc::clone(shared),
            number: shared.room.borrow_mut().enter(Rc::clone(&cursor)),
            cursor,
            closed: Rc::default(),
        };
        member.answer(WELCOME);
        member
    }

    /// Sends a line to this member only.
    fn answer(&self, text: &str) {
        let to = To::Only(self.cursor.member);
        self.shared.log.borrow_mut().say(to, text);
        self.shared.announce();
    }

    fn says(&self, line: &[u8]) {
        self.shared.tell(self.cursor.member, |room, tell| {
            room.line(self.number, line, |member, text| tell(member, text));
        });
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.closed.set(true);
        self.shared.tell(self.cursor.member, |room, tell| {
            room.leave(self.number, |member, text| tell(member, text));
        });
    }
}

impl Chat {
    /// Sets a time-out other than [`STALL_TIMEOUT`] for members that do not read.
    #[must_use]
    pub fn stall_timeout(self, stall: Duration) -> Chat {
        Chat { stall, ..self }
    }

    /// Serves a member until its connection ends.
    ///
    /// # Errors
    ///
    /// The error of the connection.
    pub fn serve(&self, stream: TcpStream) -> io::Result<()> {
        // Lines are short. Otherwise the system keeps a line for 40 ms if the client has not yet
        // acknowledged the one before (Nagle's algorithm).
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(self.stall))?;
        let member = Member::enter(&self.shared);
        let writer = spawn({
            let (stream, shared) = (stream.try_clone()?, Rc::clone(&self.shared));
            let (cursor, closed) = (Rc::clone(&member.cursor), Rc::clone(&member.closed));
            move || {
                let written = write(&stream, &shared, &cursor, &closed);
                shared.log.borrow_mut().leave(&cursor);
                written
            }
        });
        let read = read(&stream, &member);
        drop(member);
        // The writer still sends what waits, within its time-out.
        let written = writer.join().unwrap_or(Ok(()));
        read.and(written)
    }
}

/// Reads lines from a member and passes them to the chat.
fn read(stream: &TcpStream, member: &Member) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        if memchr::memchr(b'\n', reader.buffer()).is_none() {
            // A member that sends without a pause lets the others run in between.
            yield_now();
        }
        match read_line(&mut reader, MAX_LINE, &mut line)? {
            Line::Whole => member.says(&line),
            Line::TooLong => {
                member.answer(TOO_LONG);
                reader.skip_until(b'\n')?;
            }
            // A last line without an end is dropped.
            Line::Unfinished | Line::End => return Ok(()),
        }
    }
}

/// Writes all waiting lines, with as few writes as possible, until the member has left.
fn write(
    mut stream: &TcpStream,
    shared: &Shared,
    cursor: &Cursor,
    closed: &Cell<bool>,
) -> io::Result<()> {
    let mut text = String::new();
    loop {
        text.clear();
        if !shared.log.borrow().read(cursor, WRITE, &mut text) {
            if closed.get() {
                return Ok(());
            }
            shared.news.wait();
            continue;
        }
        if let Err(error) = stream.write_all(text.as_bytes()) {
            // The green thread that reads from it must not wait any longer.
            let _ = stream.shutdown(Shutdown::Both);
            return Err(error);
        }
    }
}
