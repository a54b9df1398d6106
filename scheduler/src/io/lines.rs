//! Splits a stream into lines.

use std::io;

use super::TcpStream;

/// How many bytes are read at once.
const CHUNK: usize = 4096;

/// A line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line, without its `\n` or `\r\n`.
    Text(&'a [u8]),
    /// It was longer than the limit, and is skipped.
    TooLong,
}

/// Splits the bytes of a connection into lines. It uses memory only while there is a line that has
/// not ended, or was not taken.
#[derive(Debug)]
pub struct Lines<'a> {
    stream: &'a TcpStream,
    max: usize,
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// There is no end of a line before this place.
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

    /// The next line; `None` at the end. Bytes after the last `\n` are not a line.
    ///
    /// # Errors
    ///
    /// The system's error.
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
            // The end of a line may have two bytes.
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

    /// Whether the next line was read already.
    pub fn has_more(&self) -> bool {
        memchr::memchr(b'\n', &self.buffer[self.searched..]).is_some()
    }

    fn make_room(&mut self) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.searched = self.buffer.len();
    }

    /// Reads more. Returns false at the end.
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
