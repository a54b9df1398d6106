//! Lines: a protocol that splits bytes into lines.

use crate::{Protocol, Reason, Transport};

/// The longest line by default, in bytes, without its end.
pub const DEFAULT_MAX_LINE: usize = 16 * 1024;

/// The methods that a connection with lines calls.
pub trait LineHandler {
    /// As [`Protocol::connection_made`].
    fn connection_made(&mut self, transport: &Transport) {
        let _ = transport;
    }

    /// A whole line has come, without its `\n` or `\r\n`.
    fn line_received(&mut self, transport: &Transport, line: &[u8]);

    /// A line is longer than the limit. This is called once for each such line. It closes the
    /// connection. If you override it, the line is skipped.
    fn line_too_long(&mut self, transport: &Transport, limit: usize) {
        let what = "a line";
        transport.close_because(Reason::TooLong { what, limit });
    }

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

    /// As [`Protocol::connection_lost`]. A last line without an end was dropped.
    fn connection_lost(&mut self, reason: &Reason) {
        let _ = reason;
    }
}

/// A protocol that splits the bytes of a connection into lines, for a [`LineHandler`]. For an
/// example see [`testing::connect`](crate::testing::connect).
///
/// Whole lines are not copied. Memory is used only for a line that has not ended.
#[derive(Debug)]
pub struct LineReceiver<H> {
    handler: H,
    max: usize,
    kept: Vec<u8>,
    /// In the middle of a line that is too long.
    skipping: bool,
}

impl<H: LineHandler> LineReceiver<H> {
    /// A protocol that passes lines to `handler`.
    pub fn new(handler: H) -> Self {
        LineReceiver {
            handler,
            max: DEFAULT_MAX_LINE,
            kept: Vec::new(),
            skipping: false,
        }
    }

    /// Sets the limit of a line, in bytes.
    #[must_use]
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max = bytes;
        self
    }

    /// Handles whole lines, and returns the rest.
    fn lines<'a>(&mut self, transport: &Transport, mut data: &'a [u8]) -> &'a [u8] {
        while transport.is_open() && !transport.is_paused() {
            let Some(end) = memchr::memchr(b'\n', data) else {
                break;
            };
            let line = &data[..end];
            data = &data[end + 1..];
            if self.skipping {
                self.skipping = false;
                continue;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > self.max {
                self.handler.line_too_long(transport, self.max);
            } else {
                self.handler.line_received(transport, line);
            }
        }
        data
    }

    /// Keeps bytes that are not a whole line, or that come while reading is paused.
    fn keep(&mut self, transport: &Transport, rest: &[u8]) {
        if !transport.is_open() {
            return;
        }
        // The end of a line may have two bytes.
        let endless = !transport.is_paused() && self.kept.len() + rest.len() > self.max + 1;
        if endless && !self.skipping {
            self.skipping = true;
            self.handler.line_too_long(transport, self.max);
        }
        match self.skipping && !transport.is_paused() {
            true => self.kept = Vec::new(),
            false => self.kept.extend_from_slice(rest),
        }
    }

    fn go_on(&mut self, transport: &Transport, data: &[u8]) {
        if self.kept.is_empty() {
            let rest = self.lines(transport, data);
            return self.keep(transport, rest);
        }
        // Only the new bytes are searched, so a line that comes byte by byte does not cost
        // quadratic time.
        if !data.is_empty() && memchr::memchr(b'\n', data).is_none() && !transport.is_paused() {
            return self.keep(transport, data);
        }
        let mut all = std::mem::take(&mut self.kept);
        all.extend_from_slice(data);
        let rest = self.lines(transport, &all).len();
        all.drain(..all.len() - rest);
        self.keep(transport, &all);
    }
}

impl<H: LineHandler> Protocol for LineReceiver<H> {
    fn connection_made(&mut self, transport: &Transport) {
        self.handler.connection_made(transport);
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        self.go_on(transport, data);
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
        self.go_on(transport, &[]);
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.handler.connection_lost(reason);
    }
}
