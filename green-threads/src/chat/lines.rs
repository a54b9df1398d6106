//! Lines of bounded length.

use std::io::{self, BufRead};

/// What [`read_line`] has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line with its end.
    Whole,
    /// A line that is longer than was allowed, told as soon as it is. The rest of it is still to be
    /// skipped, with its end: [`BufRead::skip_until`].
    TooLong,
    /// A line that the input ended in.
    Unfinished,
    /// The input's end.
    End,
}

/// Reads a line of at most `most` bytes into `line`, without its end (`\n` or `\r\n`). Of one that is
/// longer, no more is kept than is allowed.
///
/// # Errors
///
/// The reader's.
///
/// # Examples
///
/// ```
/// use green_threads::chat::{Line, read_line};
///
/// # fn main() -> std::io::Result<()> {
/// let mut input = &b"short\r\nmuch too long\nlast"[..];
/// let mut line = Vec::new();
/// assert_eq!((read_line(&mut input, 8, &mut line)?, &line[..]), (Line::Whole, &b"short"[..]));
/// assert_eq!(read_line(&mut input, 8, &mut line)?, Line::TooLong);
/// std::io::BufRead::skip_until(&mut input, b'\n')?;
/// assert_eq!((read_line(&mut input, 8, &mut line)?, &line[..]), (Line::Unfinished, &b"last"[..]));
/// assert_eq!(read_line(&mut input, 8, &mut line)?, Line::End);
/// # Ok(()) }
/// ```
pub fn read_line(reader: &mut impl BufRead, most: usize, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let mut anything = false;
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(match anything {
                false => Line::End,
                true if line.len() > most => Line::TooLong,
                true => Line::Unfinished,
            });
        }
        anything = true;
        let end = memchr::memchr(b'\n', buffer);
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        // Its end may have two bytes.
        let room = most + 1 - line.len();
        line.extend_from_slice(&piece[..piece.len().min(room)]);
        let is_full = line.len() > most && line.last() != Some(&b'\r');
        let used = piece.len();
        if used > room || is_full {
            reader.consume(used);
            return Ok(Line::TooLong);
        }
        reader.consume(used + usize::from(end.is_some()));
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(Line::Whole);
        }
    }
}
