//! A TLS stream over another stream. It never blocks, like the sockets below it.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use event_loop::after;
use rustls::Connection;

use super::Error;
use crate::stream::Stream;
use crate::{Reason, Resolver, Transport};

/// How long the other end may take to close after our *close_notify*.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// How many reads are discarded before other connections have their turn.
const DISCARDS_A_TURN: usize = 64;

/// One end of a TLS connection, before it has a transport.
pub struct Session {
    connection: Connection,
    handshake_timeout: Duration,
}

impl Session {
    pub(super) fn new(connection: Connection, handshake_timeout: Duration) -> Session {
        Session {
            connection,
            handshake_timeout,
        }
    }

    /// Runs TLS over `stream`.
    pub(crate) fn over(self, stream: Stream) -> Stream {
        Stream::Tls(Box::new(Tls {
            stream,
            connection: self.connection,
            phase: Phase::Handshake(Handshake::default()),
            ended: false,
            due: None,
            handshake_timeout: self.handshake_timeout,
        }))
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session")
    }
}

pub(crate) struct Tls {
    stream: Stream,
    connection: Connection,
    phase: Phase,
    /// The other end has sent *close_notify*.
    ended: bool,
    /// When the handshake, or closing, times out.
    due: Option<Instant>,
    handshake_timeout: Duration,
}

enum Phase {
    Handshake(Handshake),
    Open,
    /// Our *close_notify* is sent, and the other end has to close.
    Closing,
}

/// A handshake that is not done.
#[derive(Default)]
pub(crate) struct Handshake {
    /// The resolver of the caller that waits for the connection.
    pub(crate) waiting: Option<Resolver<Transport>>,
}

/// How far the handshake is.
pub(crate) enum Shaken {
    /// It was done before.
    Before,
    Now(Handshake),
    /// The other end must send something first.
    NotYet,
}

impl Tls {
    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    pub(crate) fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// Begins the handshake.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.due = Some(after(now, self.handshake_timeout));
    }

    pub(crate) fn handshake(&mut self) -> Option<&mut Handshake> {
        match &mut self.phase {
            Phase::Handshake(handshake) => Some(handshake),
            _ => None,
        }
    }

    fn is_handshaking(&self) -> bool {
        matches!(self.phase, Phase::Handshake(_))
    }

    fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing)
    }

    /// When this phase times out, and the reason that then ends the connection.
    pub(crate) fn deadline(&self) -> Option<(Instant, Reason)> {
        let reason = match &self.phase {
            Phase::Handshake(_) => Error::TimedOut(self.handshake_timeout).into(),
            Phase::Closing => Reason::Closed,
            Phase::Open => return None,
        };
        self.due.map(|due| (due, reason))
    }

    /// Goes on with the handshake as far as it can without waiting.
    pub(crate) fn shake(&mut self) -> io::Result<Shaken> {
        if !self.is_handshaking() {
            return Ok(Shaken::Before);
        }
        loop {
            match self.flush() {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
            if !self.connection.is_handshaking() {
                break;
            }
            match self.receive() {
                Ok(0) => return Err(Error::LeftDuringHandshake.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Shaken::NotYet),
                Err(error) => return Err(error),
            }
        }
        self.due = None;
        Ok(match std::mem::replace(&mut self.phase, Phase::Open) {
            Phase::Handshake(handshake) => Shaken::Now(handshake),
            _ => Shaken::Before,
        })
    }

    /// Reads and decrypts what has come, once; 0 when the stream below has ended.
    fn receive(&mut self) -> io::Result<usize> {
        let received = self.connection.read_tls(&mut self.stream)?;
        match self.connection.process_new_packets() {
            Ok(state) => self.ended |= state.peer_has_closed(),
            Err(error) => {
                // An alert tells the other end the reason, if it can be sent.
                let _ = self.flush();
                return Err(Error::from(error).into());
            }
        }
        Ok(received)
    }

    /// Queues *close_notify*.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush()
    }

    /// Sends *close_notify*, and waits for the other end to close. Returns false until it has
    /// closed or timed out. What the other end still sends is discarded.
    pub(crate) fn close(&mut self, now: Instant) -> io::Result<bool> {
        if self.is_handshaking() {
            return Ok(true);
        }
        if !self.is_closing() {
            self.end()?;
            if self.ended {
                return Ok(true);
            }
            self.stream.shut_write()?;
            self.phase = Phase::Closing;
            self.due = Some(after(now, CLOSE_TIMEOUT));
        }
        self.flush()?;
        if self.due.is_some_and(|due| due <= now) {
            return Ok(true);
        }
        let mut discarded = [0; 4096];
        for _ in 0..DISCARDS_A_TURN {
            match self.stream.read(&mut discarded) {
                Ok(0) => return Ok(true),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                // The connection is gone.
                Err(_) => return Ok(true),
            }
        }
        // The other end keeps sending and does not close: stop waiting.
        Ok(true)
    }

    pub(crate) fn has_unsent(&self) -> bool {
        self.connection.wants_write()
    }
}

impl Read for Tls {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.connection.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Err(Error::Truncated.into());
                }
                read => return read,
            }
            self.receive()?;
        }
    }
}

impl Write for Tls {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_handshaking() {
            return Err(ErrorKind::WouldBlock.into());
        }
        // The buffer is bounded: it accepts no more until it is sent.
        self.flush()?;
        let taken = self.connection.writer().write(bytes)?;
        match self.flush() {
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(&mut self.stream) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
