//! The workshop's chat: a client sends lines `name:message`, all others see `#[name]>>> message`.
//!
//! [`Room`] is the chat itself: plain code without connections. Each chat server of the workshop
//! uses it in its own way, and must pass the [conversation test](crate::conversation).
//!
//! The rules:
//!
//! - A new connection gets [`WELCOME`]. It has no name until its first good line. That name is
//!   announced to all others ([`joined`]); a line with an empty message only sets the name. A later
//!   line with another name changes it ([`renamed`]). When a connection ends, the others are told
//!   ([`left`]).
//! - A name has 1 to [`MAX_NAME`] characters, and only one connection may use it at a time. It
//!   contains no invisible character and none that changes the direction of writing
//!   ([`is_good_name`]), so that two different names never look the same because of them. White
//!   space around name and message is removed. Control characters in a message become spaces, so
//!   that nobody can change another member's terminal.
//! - A line that is not accepted is answered to its sender only, and the connection goes on:
//!   [`TOO_LONG`], [`NOT_UTF8`], [`NOT_UNDERSTOOD`], [`TAKEN`].
//! - If a connection ends in the middle of a line, that line is dropped.
//! - A line that is too long is answered as soon as that is clear, before its end has come.
//! - A member that does not read misses whole lines. In their place it gets [`MISSED`]. The others
//!   do not wait for it.

pub mod client;

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The longest line, in bytes, without its end.
pub const MAX_LINE: usize = 1024;
/// The longest name, in characters.
pub const MAX_NAME: usize = 32;
/// How long a member may read nothing while lines wait for it.
pub const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Sent to a new member.
pub const WELCOME: &str = "*** welcome: write NAME:MESSAGE";
/// The answer to a line of over [`MAX_LINE`] bytes.
pub const TOO_LONG: &str = "*** that line was over 1024 bytes: nobody got it";
/// The answer to a line that is not UTF-8.
pub const NOT_UTF8: &str = "*** that line was not UTF-8: nobody got it";
/// The answer to a line without a good name.
pub const NOT_UNDERSTOOD: &str = "*** not understood: write NAME:MESSAGE";
/// The answer to a line with a name that another member has.
pub const TAKEN: &str = "*** that name is taken: choose another";

/// Sent to a member that reads too slowly, in place of the lines that it misses.
pub const MISSED: &str = "*** you read too slowly: some lines are lost";

/// How the others see a message.
pub fn said(name: &str, message: &str) -> String {
    format!("#[{name}]>>> {message}")
}

/// How the others are told that a member has joined.
pub fn joined(name: &str) -> String {
    format!("*** {name} has joined")
}

/// How the others are told that a member's connection has ended.
pub fn left(name: &str) -> String {
    format!("*** {name} has left")
}

/// How the others are told that a member has a new name.
pub fn renamed(old: &str, new: &str) -> String {
    format!("*** {old} is now called {new}")
}

/// Which members get a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The member that sent it.
    Sender,
    /// All other members.
    Others,
}

/// The chat itself: its members, and which lines each gets. `M` is the handle that sends to a
/// member.
///
/// # Examples
///
/// ```
/// use protocols::chat::Room;
///
/// let mut room = Room::default();
/// let mut heard = Vec::new();
/// let ann = room.enter("ann's line");
/// let bob = room.enter("bob's line");
/// room.line(ann, b"ann:hello", |to, text| heard.push(format!("{to}: {text}")));
/// assert_eq!(heard, ["bob's line: *** ann has joined", "bob's line: #[ann]>>> hello"]);
/// ```
#[derive(Debug)]
pub struct Room<M> {
    members: BTreeMap<u64, (Option<String>, M)>,
    names: HashSet<String>,
    next: u64,
}

impl<M> Default for Room<M> {
    fn default() -> Self {
        Room {
            members: BTreeMap::new(),
            names: HashSet::new(),
            next: 0,
        }
    }
}

impl<M> Room<M> {
    /// Adds a member and returns its number. The caller sends it [`WELCOME`].
    pub fn enter(&mut self, member: M) -> u64 {
        let number = self.next;
        self.next += 1;
        self.members.insert(number, (None, member));
        number
    }

    /// Handles a line of a member, without its end. Calls `tell` for each member that gets
    /// something.
    pub fn line(&mut self, sender: u64, line: &[u8], mut tell: impl FnMut(&M, &str)) {
        for (to, text) in self.understand(sender, line) {
            self.tell(sender, to, &text, &mut tell);
        }
    }

    /// Removes a member whose connection has ended.
    pub fn leave(&mut self, number: u64, mut tell: impl FnMut(&M, &str)) {
        if let Some((Some(name), _)) = self.members.remove(&number) {
            self.names.remove(&name);
            self.tell(number, To::Others, &left(&name), &mut tell);
        }
    }

    /// The members.
    pub fn members(&self) -> impl Iterator<Item = &M> {
        self.members.values().map(|(_, member)| member)
    }

    fn tell(&self, sender: u64, to: To, text: &str, tell: &mut impl FnMut(&M, &str)) {
        match to {
            To::Sender => {
                if let Some((_, member)) = self.members.get(&sender) {
                    tell(member, text);
                }
            }
            To::Others => self
                .members
                .iter()
                .filter(|&(&number, _)| number != sender)
                .for_each(|(_, (_, member))| tell(member, text)),
        }
    }

    fn understand(&mut self, sender: u64, line: &[u8]) -> Vec<(To, String)> {
        let Some((current, _)) = self.members.get_mut(&sender) else {
            return Vec::new();
        };
        let (name, message) = match parse(line) {
            Ok(parts) => parts,
            Err(answer) => return vec![(To::Sender, answer.to_owned())],
        };
        let mut news = Vec::new();
        if current.as_deref() != Some(name) {
            if self.names.contains(name) {
                return vec![(To::Sender, TAKEN.to_owned())];
            }
            self.names.insert(name.to_owned());
            let old = current.replace(name.to_owned());
            news.push((
                To::Others,
                match &old {
                    Some(old) => renamed(old, name),
                    None => joined(name),
                },
            ));
            if let Some(old) = old {
                self.names.remove(&old);
            }
        }
        if !message.is_empty() {
            news.push((To::Others, said(name, &message)));
        }
        news
    }
}

/// The name and message of a line, or the answer to its sender.
fn parse(line: &[u8]) -> Result<(&str, String), &'static str> {
    if line.len() > MAX_LINE {
        return Err(TOO_LONG);
    }
    let text = str::from_utf8(line).map_err(|_| NOT_UTF8)?;
    let (name, message) = text.split_once(':').ok_or(NOT_UNDERSTOOD)?;
    let name = name.trim();
    if !is_good_name(name) {
        return Err(NOT_UNDERSTOOD);
    }
    Ok((name, message.trim().replace(char::is_control, " ")))
}

/// Whether this is a valid name: 1 to [`MAX_NAME`] characters, none of them a colon, invisible, or
/// one that changes the direction of writing; and no white space around it.
///
/// # Examples
///
/// ```
/// use protocols::chat::is_good_name;
///
/// assert!(is_good_name("J\u{fc}rgen \u{5b57}"));
/// assert!(!is_good_name("ann\u{200b}") && !is_good_name("\u{202e}nna") && !is_good_name("a\tb"));
/// assert!(!is_good_name("") && !is_good_name(" ann") && !is_good_name("a:b"));
/// ```
pub fn is_good_name(name: &str) -> bool {
    let length = name.chars().take(MAX_NAME + 1).count();
    (1..=MAX_NAME).contains(&length)
        && name.trim() == name
        && !name.contains(|c: char| c == ':' || c.is_control() || is_invisible(c))
}

/// Whether a character is invisible: by Unicode's property Default_Ignorable_Code_Point
/// (DerivedCoreProperties.txt, 16.0), or a line or paragraph separator or interlinear mark.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A line as a client shows it. Bytes that are not UTF-8 are replaced, and control characters are
/// escaped, so that a server cannot change the terminal.
///
/// # Examples
///
/// ```
/// assert_eq!(protocols::chat::shown(b"#[bob]>>> \xff\x1b[31m"), "#[bob]>>> \u{fffd}\\u{1b}[31m");
/// ```
pub fn shown(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    for c in String::from_utf8_lossy(line).chars() {
        match c.is_control() && c != '\t' {
            true => text.extend(c.escape_default()),
            false => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_because_of_what_is_not_seen_are_refused() {
        for c in [
            '\u{0}',
            '\u{7f}',
            '\u{85}',
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{200e}',
            '\u{202a}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{2028}',
            '\u{feff}',
            '\u{e0041}',
            '\u{3164}',
        ] {
            assert!(!is_good_name(&format!("a{c}b")), "{c:?}");
            let mut room = Room::default();
            let ann = room.enter(());
            let mut answers = Vec::new();
            let line = format!("a{c}b:hello");
            room.line(ann, line.as_bytes(), |(), text| {
                answers.push(text.to_owned())
            });
            assert_eq!(answers, [NOT_UNDERSTOOD], "{c:?}");
        }
        for name in [
            "ann",
            "J\u{fc}rgen",
            "\u{5b57}",
            "\u{5d0}\u{5d1}",
            "two words",
            "\u{1f600}",
        ] {
            assert!(is_good_name(name), "{name}");
        }
    }
}
