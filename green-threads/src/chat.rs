//! The workshop's chat in straight lines: for each member a green thread that reads and one that
//! writes. The rules and the wording are [`protocols::chat`]'s.

use std::cell::{Cell, RefCell};
use std::io::{self, BufRead, BufReader, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use protocols::chat::{MAX_LINE, Room, STALL_TIMEOUT, TOO_LONG, WELCOME};

use crate::net::TcpStream;
use crate::sync::Event;
use crate::{spawn, yield_now};

/// How many bytes may wait for a member; it misses the lines that come then.
pub const OUTBOX: usize = 256 * 1024;

/// How long a talker waits for a member with half of [`OUTBOX`] waiting, so that who reads slowly
/// misses nothing. Nobody waits a second time for a member who has not read at all in the meantime.
pub const PATIENCE: Duration = Duration::from_secs(1);

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
    room: Rc<RefCell<Room<Rc<Outbox>>>>,
    stall: Duration,
}

impl Default for Chat {
    fn default() -> Self {
        Chat {
            room: Rc::default(),
            stall: STALL_TIMEOUT,
        }
    }
}

/// What waits to be written to a member.
#[derive(Debug, Default)]
struct Outbox {
    text: RefCell<String>,
    closed: Cell<bool>,
    /// Somebody has waited in vain for room.
    stalled: Cell<bool>,
    /// There is room again.
    room: Event,
    /// There is text, or it is closed.
    news: Event,
}

/// A line for a member; not at all if it has too much waiting.
fn tell(outbox: &Rc<Outbox>, line: &str) {
    let mut text = outbox.text.borrow_mut();
    if text.len() + line.len() < OUTBOX {
        text.push_str(line);
        text.push('\n');
        outbox.news.set();
    }
}

impl Chat {
    /// With another limit for who does not read than
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
        let outbox = Rc::new(Outbox::default());
        let writer = spawn({
            let (stream, outbox) = (stream.try_clone()?, Rc::clone(&outbox));
            move || write(&stream, &outbox)
        });
        tell(&outbox, WELCOME);
        let member = Membership {
            chat: self,
            outbox: &outbox,
            number: self.room.borrow_mut().enter(Rc::clone(&outbox)),
        };
        let mut reader = BufReader::new(&stream);
        let mut line = Vec::new();
        let read = loop {
            if memchr::memchr(b'\n', reader.buffer()).is_none() {
                // One who talks without a pause must not fill the outboxes before they are seen to.
                yield_now();
                self.wait_for_readers();
            }
            match read_line(&mut reader, &mut line) {
                Ok(Line::Whole) => {
                    let mut room = self.room.borrow_mut();
                    room.line(member.number, &line, tell);
                }
                Ok(Line::TooLong) => tell(&outbox, TOO_LONG),
                Ok(Line::End) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(member);
        // It still writes what waits, within its time-out.
        let written = writer.join().unwrap_or(Ok(()));
        read.and(written)
    }

    fn wait_for_readers(&self) {
        loop {
            let room = self.room.borrow();
            let filling = room.members().find(|outbox| outbox.is_filling()).cloned();
            drop(room);
            let Some(outbox) = filling else { return };
            outbox.room.clear();
            outbox.stalled.set(!outbox.room.wait_timeout(PATIENCE));
        }
    }
}

impl Outbox {
    fn is_filling(&self) -> bool {
        self.text.borrow().len() > OUTBOX / 2 && !self.stalled.get()
    }
}

/// Leaves the room however serving ends.
struct Membership<'a> {
    chat: &'a Chat,
    outbox: &'a Outbox,
    number: u64,
}

impl Drop for Membership<'_> {
    fn drop(&mut self) {
        self.chat.room.borrow_mut().leave(self.number, tell);
        self.outbox.closed.set(true);
        self.outbox.room.set();
        self.outbox.news.set();
    }
}

/// Writes what there is, in as few writes as possible, until the outbox is closed.
fn write(mut stream: &TcpStream, outbox: &Outbox) -> io::Result<()> {
    loop {
        outbox.news.wait();
        outbox.news.clear();
        let text = outbox.text.take();
        outbox.stalled.set(false);
        outbox.room.set();
        if text.is_empty() && outbox.closed.get() {
            return Ok(());
        }
        if let Err(error) = stream.write_all(text.as_bytes()) {
            // The one who reads from it must not wait any longer.
            let _ = stream.shutdown(Shutdown::Both);
            return Err(error);
        }
        if outbox.closed.get() {
            outbox.news.set();
        }
    }
}

enum Line {
    Whole,
    TooLong,
    /// What came after the last end of a line was never said.
    End,
}

/// Reads a line without its end; of one that is too long, no more is kept than fits.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    // Its end may have two bytes.
    let mut too_long = false;
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(Line::End);
        }
        let end = memchr::memchr(b'\n', buffer);
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        if line.len() + piece.len() > MAX_LINE + 1 {
            too_long = true;
            line.clear();
        }
        if !too_long {
            line.extend_from_slice(piece);
        }
        let used = piece.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(match too_long || line.len() > MAX_LINE {
                true => Line::TooLong,
                false => Line::Whole,
            });
        }
    }
}
