//! The chat's conversation test: what every chat server of the workshop must do, in whatever
//! language it is written.
//!
//! Each function is one part of the test. It talks to the server at an address through blocking
//! sockets, and returns what went wrong. No time is measured, but a client that waits longer than
//! [`PATIENCE`] is an error.
//!
//! # Examples
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A server that listens at this address, for instance in a thread of this program.
//! let address = "127.0.0.1:4000".parse()?;
//! protocols::conversation::all(address)?;
//! # Ok(()) }
//! ```

mod client;
mod member;

use std::fmt::Display;
use std::net::{Shutdown, SocketAddr};
use std::thread;
use std::time::Duration;

use crate::chat;
pub use client::client;
use member::Member;

/// How long a client waits for a line before it times out.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What went wrong, in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Wrong(String);

type Result<T = ()> = std::result::Result<T, Wrong>;

/// Runs all parts but [`client`], one after the other. No other member may be in the chat.
///
/// # Errors
///
/// The first part that failed.
pub fn all(address: SocketAddr) -> Result {
    type Part = (&'static str, fn(SocketAddr) -> Result);
    let parts: [Part; 10] = [
        ("joins and leaves", joins_and_leaves),
        ("messages in order", messages_in_order),
        ("names", names),
        ("a clash of names", clash_of_names),
        ("byte by byte", byte_by_byte),
        ("slow reader", slow_reader),
        ("cut off mid-line", cut_off_mid_line),
        ("line too long", line_too_long),
        ("line too long before its end", line_too_long_before_its_end),
        ("invalid UTF-8", invalid_utf8),
    ];
    for (name, part) in parts {
        part(address).map_err(|error| Wrong(format!("{name}: {error}")))?;
    }
    Ok(())
}

/// Joins and leaves are announced to all others, and to them only.
///
/// # Errors
///
/// What went wrong.
pub fn joins_and_leaves(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    let mut cid = ann.meet(address, "cid")?;
    bob.hears(&chat::joined("cid"))?;
    cid.say("cid: hello ")?;
    ann.hears(&chat::said("cid", "hello"))?;
    bob.hears(&chat::said("cid", "hello"))?;
    drop(cid);
    ann.hears(&chat::left("cid"))?;
    bob.hears(&chat::left("cid"))?;
    // A connection that never gave a name neither joins nor leaves.
    drop(Member::new(address)?);
    bob.say("bob:bye")?;
    ann.hears(&chat::said("bob", "bye"))?;
    ann.sees_off(bob, "bob")
}

/// Several members send at once. All lines arrive at all others, complete, and in each sender's
/// order.
///
/// # Errors
///
/// What went wrong.
pub fn messages_in_order(address: SocketAddr) -> Result {
    const LINES: usize = 200;
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    let cid = ann.meet(address, "cid")?;
    bob.hears(&chat::joined("cid"))?;
    let mut talkers = [bob, cid];
    for n in 0..LINES {
        talkers[0].say(&format!("bob:{n}"))?;
        talkers[1].say(&format!("cid:{n}"))?;
    }
    let mut next = [0; 2];
    for _ in 0..2 * LINES {
        let line = ann.line()?;
        let expected = [("bob", 0), ("cid", 1)]
            .map(|(name, who)| (who, chat::said(name, &next[who].to_string())));
        match expected.iter().find(|(_, text)| *text == line) {
            Some(&(who, _)) => next[who] += 1,
            None => {
                return Err(Wrong(format!(
                    "heard {line:?}, expected one of {expected:?}"
                )));
            }
        }
    }
    let [mut bob, mut cid] = talkers;
    for n in 0..LINES {
        bob.hears(&chat::said("cid", &n.to_string()))?;
        cid.hears(&chat::said("bob", &n.to_string()))?;
    }
    ann.sees_off(bob, "bob")?;
    ann.sees_off(cid, "cid")
}

/// Only one member has a name at a time. A name can be changed, and must be a valid one.
///
/// # Errors
///
/// What went wrong.
pub fn names(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    bob.say("ann:I am ann")?;
    bob.hears(chat::TAKEN)?;
    bob.say("robert:it is me")?;
    ann.hears(&chat::renamed("bob", "robert"))?;
    ann.hears(&chat::said("robert", "it is me"))?;
    for line in [
        "no name",
        ":no name",
        "a\tb:x",
        "bob\u{200b}:x",
        "\u{202e}nna:x",
        &format!("{:33}:x", "n".repeat(33)),
    ] {
        bob.say(line)?;
        bob.hears(chat::NOT_UNDERSTOOD)?;
    }
    // Control characters of one member do not reach another's terminal. telnet ends lines with
    // `\r`.
    bob.say("robert:a\u{1b}[31mb: c\r")?;
    ann.hears(&chat::said("robert", "a [31mb: c"))?;
    ann.sees_off(bob, "robert")
}

/// A line may come byte by byte, or several at once.
///
/// # Errors
///
/// What went wrong.
pub fn byte_by_byte(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    bob.stream().set_nodelay(true).map_err(wrong)?;
    for byte in "bob:grün\n".bytes() {
        bob.send(&[byte])?;
    }
    ann.hears(&chat::said("bob", "grün"))?;
    bob.send(b"bob:1\nbob:2\n\nbob:3\n")?;
    for n in ["1", "2", "3"] {
        ann.hears(&chat::said("bob", n))?;
    }
    bob.hears(chat::NOT_UNDERSTOOD)?;
    ann.sees_off(bob, "bob")
}

/// A member that does not read does not delay the others. The lines that it gets in the end are
/// whole and in order; some may be missing.
///
/// # Errors
///
/// What went wrong.
pub fn slow_reader(address: SocketAddr) -> Result {
    // Together some 16 MB: more than a connection holds in the system's buffers.
    const LINES: usize = 20_000;
    let mut ann = Member::join(address, "ann")?;
    let mut slow = ann.meet(address, "slow")?;
    let mut bob = ann.meet(address, "bob")?;
    slow.hears(&chat::joined("bob"))?;
    let text = "x".repeat(800);
    thread::scope(|scope| {
        let saying = scope.spawn(|| {
            for n in 0..LINES {
                bob.say(&format!("bob:{n} {text}"))?;
            }
            Ok(())
        });
        for n in 0..LINES {
            ann.hears(&chat::said("bob", &format!("{n} {text}")))?;
        }
        saying
            .join()
            .unwrap_or_else(|_| Err(Wrong("panicked".to_owned())))
    })?;
    ann.sees_off(bob, "bob")?;
    // Now it reads what there is: until its own answer, or until it was disconnected.
    let mut answered = slow.say("no name");
    let mut last = None;
    while answered.is_ok() {
        let Ok(line) = slow.line() else { break };
        if line == chat::NOT_UNDERSTOOD {
            break;
        }
        // The answer may be among the missed lines. At the last try it has read them all.
        answered = slow.say("no name");
        if line == chat::left("bob") || line == chat::MISSED {
            continue;
        }
        let number = line
            .strip_prefix(&chat::said("bob", ""))
            .and_then(|rest| rest.strip_suffix(&text))
            .and_then(|number| number.trim().parse::<usize>().ok());
        match number {
            Some(number) if Some(number) > last => last = Some(number),
            _ => {
                let start: String = line.chars().take(40).collect();
                return Err(Wrong(format!(
                    "after {last:?}: {start:?}… ({} bytes)",
                    line.len()
                )));
            }
        }
    }
    drop(slow);
    ann.hears(&chat::left("slow"))
}

/// A line without its end is dropped. The others learn that its sender has left.
///
/// # Errors
///
/// What went wrong.
pub fn cut_off_mid_line(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    bob.send(b"bob:never")?;
    bob.stream().shutdown(Shutdown::Write).map_err(wrong)?;
    ann.hears(&chat::left("bob"))
}

/// A line that is too long is answered and skipped, and its connection goes on.
///
/// # Errors
///
/// What went wrong.
pub fn line_too_long(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    for length in [chat::MAX_LINE + 1, 100_000] {
        bob.say(&format!("bob:{}", "x".repeat(length - 4)))?;
        bob.hears(chat::TOO_LONG)?;
    }
    let longest = "y".repeat(chat::MAX_LINE - 4);
    bob.say(&format!("bob:{longest}"))?;
    ann.hears(&chat::said("bob", &longest))?;
    ann.sees_off(bob, "bob")
}

/// A line that is too long is answered as soon as that is clear, not only at its end. The bytes
/// after its end are a new line.
///
/// # Errors
///
/// What went wrong.
pub fn line_too_long_before_its_end(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    bob.send(format!("bob:{}", "x".repeat(3 * chat::MAX_LINE)).as_bytes())?;
    bob.hears(chat::TOO_LONG)?;
    // More bytes of the same line are not answered again.
    bob.send(&[b'x'; 10 * chat::MAX_LINE])?;
    bob.send(b"x\nbob:short\nno name\n")?;
    ann.hears(&chat::said("bob", "short"))?;
    bob.hears(chat::NOT_UNDERSTOOD)?;
    ann.sees_off(bob, "bob")
}

/// Two members want the same name at once. One gets it. The other gets an error, keeps its old
/// name, and may have the name when its owner has left.
///
/// # Errors
///
/// What went wrong.
pub fn clash_of_names(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut two = [Member::new(address)?, Member::new(address)?];
    for client in &mut two {
        client.say("both:")?;
    }
    ann.hears(&chat::joined("both"))?;
    // In each connection, an answer of its own follows the one about the name.
    let mut refused = Vec::new();
    for client in &mut two {
        client.say("answer me")?;
        let mut taken = false;
        loop {
            match client.line()? {
                line if line == chat::NOT_UNDERSTOOD => break,
                line => taken |= line == chat::TAKEN,
            }
        }
        refused.push(taken);
    }
    let [first, second] = two;
    let (owner, mut other) = match refused[..] {
        [false, true] => (first, second),
        [true, false] => (second, first),
        _ => {
            return Err(Wrong(format!(
                "these got the answer that the name is taken: {refused:?}"
            )));
        }
    };
    drop(owner);
    ann.hears(&chat::left("both"))?;
    other.hears(&chat::left("both"))?;
    other.say("both:mine now")?;
    ann.hears(&chat::joined("both"))?;
    ann.hears(&chat::said("both", "mine now"))?;
    ann.sees_off(other, "both")
}

/// A line that is not UTF-8 is answered and skipped, and its connection goes on.
///
/// # Errors
///
/// What went wrong.
pub fn invalid_utf8(address: SocketAddr) -> Result {
    let mut ann = Member::join(address, "ann")?;
    let mut bob = ann.meet(address, "bob")?;
    // Not the start of a character, an overlong slash, half a surrogate pair, a character without
    // its end, beyond Unicode: RFC 3629.
    for bytes in [
        &b"\xff\xfe"[..],
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\xe2\x82",
        b"\xf4\x90\x80\x80",
    ] {
        bob.send(&[b"bob:", bytes, b"\n"].concat())?;
        bob.hears(chat::NOT_UTF8)?;
        bob.send(&[bytes, b":bob\n"].concat())?;
        bob.hears(chat::NOT_UTF8)?;
    }
    bob.say("bob:ok")?;
    ann.hears(&chat::said("bob", "ok"))?;
    ann.sees_off(bob, "bob")
}

fn wrong(error: impl Display) -> Wrong {
    Wrong(error.to_string())
}
