//! Lines.

use std::io;

use super::TcpStream;

/// How much is read at once.
const CHUNK: usize = 4096;

/// A line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// Whole, without its `\n` or `\r\n`.
    Text(&'a [u8]),
    /// It was longer than the limit, and is passed over.
    TooLong,
}

/// Cuts what comes on a connection into lines. Memory is held only while there is a line that has
/// not ended, or has not been asked for.
#[derive(Debug)]
pub struct Lines<'a> {
    stream: &'a TcpStream,
    max: usize,
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to here there is no end of a line.
    searched: usize,
    /// In the middle of a line that is too long.
    skipping: bool,
}

impl<'a> Lines<'a> {
    /// Lines of at most `max` bytes.
    pub fn new(stream: &'a TcpStream, max: usize) -> Lines<'a> {
        Lines {
            stream,
            max,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            skipping: false,
        }
    }

    /// The next line; `None` at the end. What comes after the last `\n` is no line.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            if let Some(length) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
                let (start, end) = (self.start, self.searched + length);
                (self.start, self.searched) = (end + 1, end + 1);
                if std::mem::take(&mut self.skipping) {
                    continue;
                }
                let line = &self.buffer[start..end];
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                let fits = line.len() <= self.max;
                return Ok(Some(if fits {
                    Line::Text(line)
                } else {
                    Line::TooLong
                }));
            }
            self.make_room();
            // A line's end of two bytes may still come.
            if self.buffer.len() > self.max + 1 {
                self.buffer.clear();
                self.searched = 0;
                if !std::mem::replace(&mut self.skipping, true) {
                    return Ok(Some(Line::TooLong));
                }
            }
            if !self.fill().await? {
                return Ok(None);
            }
        }
    }

    /// Whether the next line has been read already.
    pub fn has_more(&self) -> bool {
        memchr::memchr(b'\n', &self.buffer[self.searched..]).is_some()
    }

    fn make_room(&mut self) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.searched = self.buffer.len();
    }

    /// Reads more; false at the end.
    async fn fill(&mut self) -> io::Result<bool> {
        if self.buffer.is_empty() {
            self.buffer = Vec::new();
            self.stream.readable().await?;
        }
        let kept = self.buffer.len();
        self.buffer.resize(kept + CHUNK, 0);
        let read = self.stream.read(&mut self.buffer[kept..]).await;
        self.buffer.truncate(kept + *read.as_ref().unwrap_or(&0));
        Ok(read? > 0)
    }
}
