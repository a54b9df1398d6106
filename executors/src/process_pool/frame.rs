//! Frames: the messages on the pipes between a pool and its workers.
//!
//! ```text
//! 0      4     5      8          12       16         24
//! magic  kind  zeros  sequence   length   checksum   payload...
//! ```
//! Numbers are little-endian. The magic begins with a byte that does not occur in UTF-8 text. So
//! text that a program prints into the pipe is detected by its first byte; the checksum detects
//! text in the middle of a frame. A reply has the sequence number of its job.
//!
//! To write: [`begin`], append the payload, [`seal`]. To read: [`FrameReader::next`].

use std::io::{self, Read};
use std::time::Duration;

/// Bytes of the header before a payload.
pub(super) const HEADER: usize = 24;
const MAGIC: [u8; 4] = [0xF5, b'm', b'h', 1];

/// A worker's first message. Text that a program prints before its `main` reaches the hook comes
/// before it.
const GREETING: [u8; 16] = *b"\xF5many hands\xF5\r\n\0\x01";
/// The maximum length of such text: a banner, or a warning or two. A program that prints more never
/// reaches the hook, and its worker is given up.
const MAX_PROLOGUE: usize = 64 << 10;

/// The maximum length of a program's list of jobs, which follows the greeting: about ten thousand
/// names. It is independent of the length of the jobs.
const MAX_HELLO: usize = 1 << 20;

/// The capacity that a payload buffer keeps between frames: one huge job should not keep its memory
/// forever.
pub(super) const KEPT_CAPACITY: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Pool to worker: jobs to run.
    Job = 1,
    /// Worker to pool: their results.
    Reply = 2,
    /// Worker to pool: the results do not fit in a frame. The payload is their size.
    TooLarge = 3,
    /// Worker to pool: ready.
    Hello = 4,
    /// Worker to pool: the time limit is over. The payload contains the number of finished jobs and
    /// their results. The worker then ends.
    Partial = 5,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Self> {
        use Kind::{Hello, Job, Partial, Reply, TooLarge};
        [Job, Reply, TooLarge, Hello, Partial]
            .into_iter()
            .find(|&kind| kind as u8 == byte)
    }
}

/// The header before a payload.
struct Header {
    kind: Kind,
    sequence: u32,
    length: usize,
    checksum: u64,
}

impl Header {
    fn read(bytes: &[u8; HEADER]) -> Result<Self, FrameError> {
        let unknown = || FrameError::Garbage("a frame of an unknown kind".to_owned());
        let [
            _,
            _,
            _,
            _,
            kind,
            0,
            0,
            0,
            s0,
            s1,
            s2,
            s3,
            l0,
            l1,
            l2,
            l3,
            sum @ ..,
        ] = *bytes
        else {
            return Err(unknown());
        };
        Ok(Self {
            kind: Kind::from_byte(kind).ok_or_else(unknown)?,
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
            length: u32::from_le_bytes([l0, l1, l2, l3]) as usize,
            checksum: u64::from_le_bytes(sum),
        })
    }
}

/// Begins a frame. Append the payload, then [`seal`] it.
pub(super) fn begin(frame: &mut Vec<u8>) {
    frame.clear();
    frame.resize(HEADER, 0);
}

/// Completes a frame, except its sequence number.
///
/// The payload must be shorter than 4 GiB.
pub(super) fn seal(frame: &mut [u8], kind: Kind) {
    let (header, payload) = frame.split_at_mut(HEADER);
    header[..4].copy_from_slice(&MAGIC);
    header[4] = kind as u8;
    header[12..16].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[16..].copy_from_slice(&checksum(payload).to_le_bytes());
}

/// Completes a frame with jobs. Its payload has free space at the start for their type and number,
/// and their time limit.
pub(super) fn address(frame: &mut [u8], index: u32, count: u32, limit: Option<Duration>) {
    // 0 means no limit.
    let micros = |limit: Duration| u64::try_from(limit.as_micros()).unwrap_or(u64::MAX);
    let limit = limit.map_or(0, |limit| micros(limit).max(1));
    frame[HEADER..][..4].copy_from_slice(&index.to_le_bytes());
    frame[HEADER + 4..][..4].copy_from_slice(&count.to_le_bytes());
    frame[HEADER + 8..][..8].copy_from_slice(&limit.to_le_bytes());
    seal(frame, Kind::Job);
}

pub(super) fn set_sequence(frame: &mut [u8], sequence: u32) {
    frame[8..12].copy_from_slice(&sequence.to_le_bytes());
}

/// The greeting, followed by the hello frame.
pub(super) fn greeting(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    begin(&mut frame);
    frame.extend_from_slice(payload);
    seal(&mut frame, Kind::Hello);
    [&GREETING, frame.as_slice()].concat()
}

/// Eight bytes at a time, multiplied and folded as in FxHash: several gigabytes per second, and
/// strong enough against accidents. (A checksum does not help against attacks: a job has all the
/// rights of its worker.)
fn checksum(bytes: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let fold = |sum: u64, word: u64| (sum.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = bytes.as_chunks::<8>();
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| {
        fold(sum, u64::from_le_bytes(*word))
    });
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(sum, u64::from_le_bytes(last))
}

/// One received frame.
#[derive(Debug, PartialEq)]
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    pub(super) sequence: u32,
    pub(super) payload: &'a [u8],
}

/// The reason why no more frames can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Garbage(String),
}

/// Reads frames from a stream of bytes. Usually one `read` returns one complete frame.
pub(super) struct FrameReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// Waits a short time for input before the thread sleeps.
    linger: fn(&R),
    /// `buffer[start..end]` was read but not used.
    start: usize,
    end: usize,
    limit: usize,
}

impl<R: Read> FrameReader<R> {
    /// `limit` is the longest accepted payload. No memory is allocated for a longer one.
    pub(super) fn new(input: R, limit: usize) -> Self {
        Self {
            linger: |_| (),
            input,
            buffer: vec![0; 16 << 10],
            start: 0,
            end: 0,
            limit,
        }
    }

    pub(super) fn with_linger(mut self, linger: fn(&R)) -> Self {
        self.linger = linger;
        self
    }

    /// Reads more by `read`. False at the end of the stream.
    fn read_more(
        &mut self,
        mut read: impl FnMut(&mut R, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<bool> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
        if self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.end == self.buffer.len() {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        loop {
            match read(&mut self.input, &mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for input and reads more.
    fn wait_for_more(&mut self) -> io::Result<bool> {
        (self.linger)(&self.input);
        self.read_more(R::read)
    }

    /// Makes space for `size` bytes from `start` on.
    fn reserve(&mut self, size: usize) {
        if self.buffer.len() - self.start < size {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            if self.buffer.len() < size {
                self.buffer.resize(size, 0);
            }
        }
    }

    /// The next frame. `None` at the end of the stream, even within a frame (its writer died).
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        loop {
            if let Some(header) = self.whole()? {
                return self.take(header).map(Some);
            }
            if !self.wait_for_more()? {
                return Ok(None);
            }
        }
    }

    /// Like [`next`](Self::next), but reads by `read`, which may refuse to wait. The bytes read so
    /// far are kept.
    pub(super) fn next_by(
        &mut self,
        read: impl Fn(&mut R, &mut [u8]) -> io::Result<usize>,
    ) -> Result<Option<Frame<'_>>, FrameError> {
        loop {
            if let Some(header) = self.whole()? {
                return self.take(header).map(Some);
            }
            if !self.read_more(&read)? {
                return Ok(None);
            }
        }
    }

    /// The header of the next frame, if the whole frame was read. Otherwise it makes space for the
    /// frame.
    fn whole(&mut self) -> Result<Option<Header>, FrameError> {
        if self.start == self.end && self.buffer.len() > KEPT_CAPACITY {
            self.buffer = vec![0; 16 << 10];
            (self.start, self.end) = (0, 0);
        }
        let have = &self.buffer[self.start..self.end];
        // Check before the header is complete: it would be wrong to wait after five stray bytes.
        let magic = have.len().min(MAGIC.len());
        if have[..magic] != MAGIC[..magic] {
            let shown = &have[..have.len().min(16)];
            return Err(FrameError::Garbage(format!(
                "a frame cannot begin with \"{}\"",
                shown.escape_ascii()
            )));
        }
        let Some(header) = have.first_chunk().map(Header::read).transpose()? else {
            return Ok(None);
        };
        let limit = match header.kind {
            Kind::Hello => MAX_HELLO,
            _ => self.limit,
        };
        let length = header.length;
        if length > limit {
            return Err(FrameError::Garbage(format!(
                "a frame of {length} bytes where {limit} are the limit"
            )));
        }
        self.reserve(HEADER + length);
        Ok((self.end - self.start >= HEADER + length).then_some(header))
    }

    /// The frame of this header, which was read completely.
    fn take(&mut self, header: Header) -> Result<Frame<'_>, FrameError> {
        let end = self.start + HEADER + header.length;
        let payload = &self.buffer[self.start + HEADER..end];
        self.start = end;
        if header.checksum != checksum(payload) {
            return Err(FrameError::Garbage(
                "a frame whose checksum is wrong".to_owned(),
            ));
        }
        Ok(Frame {
            kind: header.kind,
            sequence: header.sequence,
            payload,
        })
    }

    /// Skips to the end of the greeting, and passes everything before it to `prologue`. False if
    /// the stream ends first.
    pub(super) fn skip_to_greeting(
        &mut self,
        mut prologue: impl FnMut(&[u8]),
    ) -> Result<bool, FrameError> {
        let mut skipped = 0;
        loop {
            let have = &self.buffer[self.start..self.end];
            let found = have.windows(GREETING.len()).position(|w| w == GREETING);
            // The end of it may be the beginning of the greeting.
            let before = found.unwrap_or(have.len().saturating_sub(GREETING.len() - 1));
            prologue(&have[..before]);
            skipped += before;
            self.start += before;
            if found.is_some() {
                self.start += GREETING.len();
                return Ok(true);
            }
            if skipped > MAX_PROLOGUE {
                return Err(FrameError::Garbage(format!(
                    "more than {MAX_PROLOGUE} bytes printed before the worker hook"
                )));
            }
            if !self.wait_for_more()? {
                prologue(&self.buffer[self.start..self.end]);
                return Ok(false);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
