//! Frames: messages, each with its length before it.

use crate::{Protocol, Reason, Transport};

/// The longest frame by default, in bytes.
pub const DEFAULT_MAX_FRAME: usize = 1024 * 1024;

/// How a length is written, in big-endian order, as in Twisted's Int8, Int16 and Int32 receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// One byte: up to 255.
    U8,
    /// Two bytes: up to 65,535.
    U16,
    /// Four bytes: up to 4,294,967,295.
    U32,
}

impl Prefix {
    fn width(self) -> usize {
        match self {
            Prefix::U8 => 1,
            Prefix::U16 => 2,
            Prefix::U32 => 4,
        }
    }

    fn read(self, bytes: &[u8]) -> Option<usize> {
        let prefix = bytes.get(..self.width())?;
        let length = prefix.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
        usize::try_from(length).ok()
    }

    /// `message` with its length before it; `None` if the prefix cannot hold the length.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::Prefix;
    ///
    /// assert_eq!(Prefix::U16.frame(b"abc").unwrap(), b"\x00\x03abc");
    /// assert_eq!(Prefix::U8.frame(&[0; 256]), None);
    /// ```
    pub fn frame(self, message: &[u8]) -> Option<Vec<u8>> {
        let length = message.len() as u64;
        let width = self.width();
        if width < 8 && length >> (8 * width) != 0 {
            return None;
        }
        let mut frame = Vec::with_capacity(width + message.len());
        frame.extend_from_slice(&length.to_be_bytes()[8 - width..]);
        frame.extend_from_slice(message);
        Some(frame)
    }
}

/// The methods that a connection with frames calls.
pub trait FrameHandler {
    /// As [`Protocol::connection_made`].
    fn connection_made(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// A whole frame has come. `frame` does not contain its length.
    fn frame_received(&mut self, transport: &Transport, frame: &[u8]);

    /// As [`Protocol::end_received`]: closes the connection, unless it is overridden.
    fn end_received(&mut self, transport: &Transport) {
        transport.close_because(Reason::EndOfStream);
    }

    /// As [`Protocol::pause_producing`].
    fn pause_producing(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// As [`Protocol::resume_producing`].
    fn resume_producing(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// As [`Protocol::connection_lost`].
    fn connection_lost(&mut self, reason: &Reason) {
        let _ = reason;
    }
}

/// A protocol that splits the bytes of a connection into frames, for a [`FrameHandler`].
///
/// A length over the limit closes the connection, with [`Reason::TooLong`], before any byte of the
/// frame is stored.
///
/// # Examples
///
/// ```
/// use reactor::{FrameHandler, FrameReceiver, Prefix, Transport, testing};
///
/// struct Length;
///
/// impl FrameHandler for Length {
///     fn frame_received(&mut self, transport: &Transport, frame: &[u8]) {
///         transport.write(&[frame.len() as u8]);
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let (reactor, _clock) = testing::reactor()?;
/// let peer = testing::connect(&reactor, FrameReceiver::new(Prefix::U32, Length).max_frame(9));
/// peer.send(b"\0\0\0\x03abc\0\0\0\x09");
/// peer.send(b"123456789");
/// assert_eq!(peer.received(), [3, 9]);
/// peer.send(b"\0\0\0\x0a");
/// assert_eq!(peer.lost().unwrap(), "a message of over 9 bytes");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct FrameReceiver<H> {
    handler: H,
    prefix: Prefix,
    max: usize,
    kept: Vec<u8>,
}

impl<H: FrameHandler> FrameReceiver<H> {
    /// A protocol that passes frames to `handler`.
    pub fn new(prefix: Prefix, handler: H) -> Self {
        FrameReceiver {
            handler,
            prefix,
            max: DEFAULT_MAX_FRAME,
            kept: Vec::new(),
        }
    }

    /// Sets the limit of a frame, in bytes.
    #[must_use]
    pub fn max_frame(mut self, bytes: usize) -> Self {
        self.max = bytes;
        self
    }

    /// Handles whole frames. Returns how many bytes they had.
    fn frames(&mut self, transport: &Transport, data: &[u8]) -> usize {
        let mut done = 0;
        while transport.is_open() && !transport.is_paused() {
            let data = &data[done..];
            let Some(length) = self.prefix.read(data) else {
                break;
            };
            if length > self.max {
                let (what, limit) = ("a message", self.max);
                transport.close_because(Reason::TooLong { what, limit });
                break;
            }
            let end = self.prefix.width() + length;
            let Some(frame) = data.get(self.prefix.width()..end) else {
                break;
            };
            self.handler.frame_received(transport, frame);
            done += end;
        }
        done
    }

    /// Whether `kept` and `more` bytes contain a whole frame, or a length over the limit.
    fn is_due(&self) -> bool {
        match self.prefix.read(&self.kept) {
            Some(length) => length > self.max || self.kept.len() >= self.prefix.width() + length,
            None => false,
        }
    }
}

impl<H: FrameHandler> Protocol for FrameReceiver<H> {
    fn connection_made(&mut self, transport: &Transport) {
        self.handler.connection_made(transport);
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        if self.kept.is_empty() {
            let done = self.frames(transport, data);
            if transport.is_open() {
                self.kept.extend_from_slice(&data[done..]);
            }
            return;
        }
        self.kept.extend_from_slice(data);
        if self.is_due() {
            self.reading_resumed(transport);
        }
    }

    fn end_received(&mut self, transport: &Transport) {
        self.handler.end_received(transport);
    }

    fn pause_producing(&mut self, transport: &Transport) {
        self.handler.pause_producing(transport);
    }

    fn resume_producing(&mut self, transport: &Transport) {
        self.handler.resume_producing(transport);
    }

    fn reading_resumed(&mut self, transport: &Transport) {
        let mut kept = std::mem::take(&mut self.kept);
        let done = self.frames(transport, &kept);
        if transport.is_open() && done < kept.len() {
            kept.drain(..done);
            self.kept = kept;
        }
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.handler.connection_lost(reason);
    }
}
