//! Reads lines of limited length.

use std::io::{self, BufRead};

/// The result of [`read_line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line with its end.
    Whole,
    /// A line that is longer than the limit. This is returned as soon as that is clear. The rest of
    /// the line is still to be skipped: [`BufRead::skip_until`].
    TooLong,
    /// A last line without an end.
    Unfinished,
    /// The end of the input.
    End,
}

/// Reads a line of at most `most` bytes into `line`, without its end (`\n` or `\r\n`). Of a longer
/// line it keeps at most `most` bytes.
///
/// # Errors
///
/// The reader's error.
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
        // The end of a line may have two bytes.
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
