//! What the chat's clients have in common: what they refuse to say, and their words.

use std::io::{self, BufRead, Read};

use super::{MAX_LINE, MAX_NAME, is_good_name};

/// The longest line of a server that is shown: the longest name and message, and more than a server
/// puts around them.
pub const MAX_SHOWN: usize = 4 * MAX_LINE;

/// Told when the connection ends before all was said.
pub const GONE: &str = "the server has gone";

/// A name as it may be sent, or what is wrong with it.
///
/// # Errors
///
/// What to tell the user. Whatever is in the name, that is harmless text of one line.
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
    // Of white space only the spaces that a shell's quotes let through: a new line would end the
    // name.
    let name = text.trim_matches(' ');
    match is_good_name(name) {
        true => Ok(name),
        false => Err(format!(
            "{}: a name has 1 to {MAX_NAME} characters that can be seen, and no colon",
            text.escape_debug()
        )),
    }
}

/// What to say when nobody listens; `program` is the client's.
pub fn no_server(program: &str) -> String {
    format!("is the server running? `{program} chat-server` starts one")
}

/// The longest message of a member with this name.
pub fn most(name: &str) -> usize {
    MAX_LINE.saturating_sub(name.len() + 1)
}

/// Told in place of a typed line of over `most` bytes.
pub fn not_sent(most: usize) -> String {
    format!("that line has over {most} bytes: it was not sent")
}

/// Shown in place of a server's line of over [`MAX_SHOWN`] bytes.
pub fn not_shown() -> String {
    format!("*** the server has sent a line of over {MAX_SHOWN} bytes")
}

/// What was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line without its end.
    Line(Vec<u8>),
    /// One of over `most` bytes, of which nothing is kept.
    TooLong,
    /// There is no more.
    End,
}

/// The next line of at most `most` bytes; the last one may have no end.
///
/// # Errors
///
/// What the system says.
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
    // An end of two bytes may follow.
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
