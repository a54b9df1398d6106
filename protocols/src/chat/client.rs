//! The common part of the chat's clients: which lines they refuse to send, and their messages.

use std::io::{self, BufRead, Read};

use super::{MAX_LINE, MAX_NAME, is_good_name};

/// The longest line from a server that is shown. It has room for the longest name and message and
/// the server's own words.
pub const MAX_SHOWN: usize = 4 * MAX_LINE;

/// Shown when the connection ends before everything was sent.
pub const GONE: &str = "the server has gone";

/// Checks a name: returns it as it is sent, or an error.
///
/// # Errors
///
/// The message for the user. It is one line, without control characters, whatever the name
/// contains.
///
/// # Examples
///
/// ```
/// use protocols::chat::client::name;
///
/// assert_eq!(name(" ann "), Ok("ann"));
/// let error = name("a\nb:I am b").unwrap_err();
/// assert!(error.starts_with("a\\nb:I am b: a name has 1 to 32 characters"));
/// ```
pub fn name(text: &str) -> Result<&str, String> {
    // Only the spaces that a shell's quotes let through are removed. A new line would end the name.
    let name = text.trim_matches(' ');
    match is_good_name(name) {
        true => Ok(name),
        false => Err(format!(
            "{}: a name has 1 to {MAX_NAME} characters that can be seen, and no colon",
            text.escape_debug()
        )),
    }
}

/// The hint when no server listens; `program` is the client's name.
pub fn no_server(program: &str) -> String {
    format!("is the server running? `{program} chat-server` starts one")
}

/// The longest message, in bytes, of a member with this name.
pub fn most(name: &str) -> usize {
    MAX_LINE.saturating_sub(name.len() + 1)
}

/// Shown when a typed line has over `most` bytes.
pub fn not_sent(most: usize) -> String {
    format!("that line has over {most} bytes: it was not sent")
}

/// Shown in place of a line from the server of over [`MAX_SHOWN`] bytes.
pub fn not_shown() -> String {
    format!("*** the server has sent a line of over {MAX_SHOWN} bytes")
}

/// A line of standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line without its end.
    Line(Vec<u8>),
    /// A line of over `most` bytes. None of it is kept.
    TooLong,
    /// The end of the input.
    End,
}

/// Reads the next line, of at most `most` bytes. The last line may have no end.
///
/// # Errors
///
/// The system's error.
///
/// # Examples
///
/// ```
/// use protocols::chat::client::{Typed, read_line};
///
/// let mut typed = &b"hello\r\ntoo long\nbye"[..];
/// assert_eq!(read_line(&mut typed, 5).unwrap(), Typed::Line(b"hello".to_vec()));
/// assert_eq!(read_line(&mut typed, 5).unwrap(), Typed::TooLong);
/// assert_eq!(read_line(&mut typed, 5).unwrap(), Typed::Line(b"bye".to_vec()));
/// assert_eq!(read_line(&mut typed, 5).unwrap(), Typed::End);
/// ```
pub fn read_line(input: &mut impl BufRead, most: usize) -> io::Result<Typed> {
    let mut line = Vec::new();
    // The end of a line may have two bytes.
    let room = most as u64 + 2;
    input.by_ref().take(room).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(Typed::End);
    }
    if line.last() != Some(&b'\n') && line.len() as u64 == room {
        input.skip_until(b'\n')?;
        return Ok(Typed::TooLong);
    }
    for end in [b'\n', b'\r'] {
        if line.last() == Some(&end) {
            line.pop();
        }
    }
    Ok(match line.len() <= most {
        true => Typed::Line(line),
        false => Typed::TooLong,
    })
}
