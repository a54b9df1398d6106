//! Lines of bounded length.

use std::io::{self, BufRead};

/// What [`read_line`] has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// A line with its end.
    Whole,
    /// A line with its end that is longer than was allowed.
    TooLong,
    /// A line that the input ended in.
    Unfinished,
    /// The input's end.
    End,
}

/// Reads a line of at most `most` bytes into `line`, without its end (`\n` or `\r\n`). Of one that is
/// longer, no more is kept than is allowed; all of it is read.
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
/// assert_eq!((read_line(&mut input, 8, &mut line)?, &line[..]), (Line::Unfinished, &b"last"[..]));
/// assert_eq!(read_line(&mut input, 8, &mut line)?, Line::End);
/// # Ok(()) }
/// ```
pub fn read_line(reader: &mut impl BufRead, most: usize, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let (mut too_long, mut anything) = (false, false);
    loop {
        let buffer = match reader.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(match (anything, too_long || line.len() > most) {
                (false, _) => Line::End,
                (true, true) => Line::TooLong,
                (true, false) => Line::Unfinished,
            });
        }
        anything = true;
        let end = memchr::memchr(b'\n', buffer);
        let piece = &buffer[..end.unwrap_or(buffer.len())];
        // Its end may have two bytes.
        too_long |= line.len() + piece.len() > most + 1;
        if !too_long {
            line.extend_from_slice(piece);
        }
        let used = piece.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(match too_long || line.len() > most {
                true => Line::TooLong,
                false => Line::Whole,
            });
        }
    }
}
