//! A member of the chat, as the test plays it.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use super::{PATIENCE, Result, Wrong, wrong};
use crate::chat;

/// A member of the chat: a plain blocking socket.
pub(super) struct Member {
    pub(super) stream: BufReader<TcpStream>,
}

impl Member {
    /// Connects, and reads the welcome.
    pub(super) fn new(address: SocketAddr) -> Result<Member> {
        let stream = TcpStream::connect(address).map_err(wrong)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(wrong)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(wrong)?;
        let mut member = Member {
            stream: BufReader::new(stream),
        };
        member.hears(chat::WELCOME)?;
        Ok(member)
    }

    /// Connects, and has its name when this returns, because a later line was answered. It is tried
    /// again while the member that had the name before has not left yet.
    pub(super) fn join(address: SocketAddr, name: &str) -> Result<Member> {
        let mut member = Member::new(address)?;
        loop {
            member.say(&format!("{name}:"))?;
            member.say("answer me")?;
            let mut taken = false;
            loop {
                match member.line()? {
                    line if line == chat::NOT_UNDERSTOOD => break,
                    line => taken |= line == chat::TAKEN,
                }
            }
            if !taken {
                return Ok(member);
            }
            thread::yield_now();
        }
    }

    /// Another member joins, and this one is told.
    pub(super) fn meet(&mut self, address: SocketAddr, name: &str) -> Result<Member> {
        let other = Member::join(address, name)?;
        self.hears(&chat::joined(name))?;
        Ok(other)
    }

    /// Another member leaves, and this one is told.
    pub(super) fn sees_off(&mut self, other: Member, name: &str) -> Result {
        drop(other);
        self.hears(&chat::left(name))
    }

    pub(super) fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }

    pub(super) fn say(&mut self, line: &str) -> Result {
        self.send(format!("{line}\n").as_bytes())
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result {
        self.stream.get_mut().write_all(bytes).map_err(wrong)
    }

    pub(super) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(_) if line.ends_with('\n') => Ok(line.trim_end_matches('\n').to_owned()),
            Ok(_) => Err(Wrong(format!(
                "the connection ended; before that: {line:?}"
            ))),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                Err(Wrong(format!("nothing came within {PATIENCE:?}")))
            }
            Err(error) => Err(wrong(error)),
        }
    }

    pub(super) fn hears(&mut self, expected: &str) -> Result {
        let heard = self
            .line()
            .map_err(|error| Wrong(format!("waiting for {expected:?}: {error}")))?;
        match heard == expected {
            true => Ok(()),
            false => Err(Wrong(format!("heard {heard:?}, expected {expected:?}"))),
        }
    }
}
