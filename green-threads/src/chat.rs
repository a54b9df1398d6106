//! The workshop's chat in straight lines: for each member a green thread that reads and one that
//! writes. The rules and the wording are [`protocols::chat`]'s.

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

/// How many bytes of what was said are kept for those who have not read it yet. Who falls further
/// behind is told [`MISSED`] and goes on behind the gap; nobody waits for anybody.
pub const KEPT: usize = 32 << 20;

/// How many bytes are written at once.
const WRITE: usize = 64 * 1024;

/// A chat; clones are the same one.
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
    /// Something was said, or somebody has left.
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
    /// Wakes all who write.
    fn announce(&self) {
        self.news.set();
        self.news.clear();
    }

    /// What the room wants told becomes a line of the log: once, however many are told.
    fn tell(&self, speaker: u64, talk: impl FnOnce(&mut Room<Rc<Cursor>>, &mut Tell)) {
        let (mut room, mut log) = (self.room.borrow_mut(), self.log.borrow_mut());
        let mut last = ptr::null();
        talk(&mut room, &mut |told, text| {
            if told.member == speaker {
                log.say(To::Only(speaker), text);
            } else if !ptr::eq(text.as_ptr(), last) {
                // The room tells all others the same text, one after the other.
                log.say(To::AllBut(speaker), text);
                last = text.as_ptr();
            }
        });
        drop((room, log));
        self.announce();
    }
}

/// How the room tells a member a line.
type Tell<'a> = dyn FnMut(&Rc<Cursor>, &str) + 'a;

/// A connection's place in the chat, from when it comes until it goes.
struct Member {
    shared: Rc<Shared>,
    /// In the room.
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

    /// Tells this one only.
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
    /// With another limit for members that do not read than
    /// [`STALL_TIMEOUT`].
    #[must_use]
    pub fn stall_timeout(self, stall: Duration) -> Chat {
        Chat { stall, ..self }
    }

    /// Serves a member until its connection ends.
    ///
    /// # Errors
    ///
    /// What went wrong with the connection.
    pub fn serve(&self, stream: TcpStream) -> io::Result<()> {
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
        // It still writes what waits, within its time-out.
        let written = writer.join().unwrap_or(Ok(()));
        read.and(written)
    }
}

/// Says what comes.
fn read(stream: &TcpStream, member: &Member) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        if memchr::memchr(b'\n', reader.buffer()).is_none() {
            // One who talks without a pause lets the others read in between.
            yield_now();
        }
        match read_line(&mut reader, MAX_LINE, &mut line)? {
            Line::Whole => member.says(&line),
            Line::TooLong => {
                member.answer(TOO_LONG);
                reader.skip_until(b'\n')?;
            }
            // What came after the last end of a line was never said.
            Line::Unfinished | Line::End => return Ok(()),
        }
    }
}

/// Writes what there is, in as few writes as possible, until the member has gone.
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
            // The one who reads from it must not wait any longer.
            let _ = stream.shutdown(Shutdown::Both);
            return Err(error);
        }
    }
}
