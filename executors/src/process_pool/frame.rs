//! Frames: what travels over the pipes between a pool and its workers.
//!
//! ```text
//! 0      4     5      8          12       16         24
//! magic  kind  zeros  sequence   length   checksum   payload...
//! ```
//! Numbers are little-endian. The magic begins with a byte that no UTF-8 text contains, so text
//! that strays into a pipe is told from a frame by its first byte; the checksum catches what
//! strays into the middle of one. The sequence number of a reply is that of its job.

use std::io::{self, Read};
use std::time::Duration;

pub(super) const HEADER: usize = 24;
const MAGIC: [u8; 4] = [0xF5, b'm', b'h', 1];

/// A worker's first words. Whatever a program prints before its `main` reaches the hook comes
/// before them, and is told apart by them.
const GREETING: [u8; 16] = *b"\xF5many hands\xF5\r\n\0\x01";
/// How much may be printed before that: a banner, a warning or two. More is a program that never comes
/// to the hook, and is given up.
const MAX_PROLOGUE: usize = 64 << 10;

/// How long the list of a program's jobs may be that follows the greeting: some ten thousand names.
/// It has nothing to do with the length of the jobs.
const MAX_HELLO: usize = 1 << 20;

/// Payload capacity that a buffer keeps from one frame to the next: one huge job should not hold on to
/// its memory for ever.
pub(super) const KEPT_CAPACITY: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Pool to worker: jobs to be run.
    Job = 1,
    /// Worker to pool: their results.
    Reply = 2,
    /// Worker to pool: their results, which would not fit into a frame; the payload is their size.
    TooLarge = 3,
    /// Worker to pool: ready.
    Hello = 4,
    /// Worker to pool: the time limit has come; the payload is the number of jobs that were done
    /// by then, and their results. The worker then ends.
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

/// Begins a frame: append the payload, then [`seal`] it.
pub(super) fn begin(frame: &mut Vec<u8>) {
    frame.clear();
    frame.resize(HEADER, 0);
}

/// Completes a frame, but for its sequence number.
///
/// The payload must be shorter than 4 GiB.
pub(super) fn seal(frame: &mut [u8], kind: Kind) {
    let (header, payload) = frame.split_at_mut(HEADER);
    header[..4].copy_from_slice(&MAGIC);
    header[4] = kind as u8;
    header[12..16].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    header[16..].copy_from_slice(&checksum(payload).to_le_bytes());
}

/// Completes a frame with jobs, whose payload is preceded by room for this: their type and number,
/// and how long they may take.
pub(super) fn address(frame: &mut [u8], index: u32, count: u32, limit: Option<Duration>) {
    // 0 stands for no limit.
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

/// The greeting and the hello frame after it.
pub(super) fn greeting(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    begin(&mut frame);
    frame.extend_from_slice(payload);
    seal(&mut frame, Kind::Hello);
    [&GREETING, frame.as_slice()].concat()
}

/// Eight bytes at a time, multiplied and folded as in FxHash: several gigabytes a second, and
/// strong enough against accidents. (Against malice a checksum is no help: a job runs with all the
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

/// One frame that has arrived.
#[derive(Debug, PartialEq)]
pub(super) struct Frame<'a> {
    pub(super) kind: Kind,
    pub(super) sequence: u32,
    pub(super) payload: &'a [u8],
}

/// Why no frame can be read any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Garbage(String),
}

/// Takes frames out of a stream of bytes; usually one `read` brings one whole frame.
pub(super) struct FrameReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// Waits a short while for something to read before the thread goes to sleep over it.
    linger: fn(&R),
    /// `buffer[start..end]` has been read and not been used.
    start: usize,
    end: usize,
    limit: usize,
}

impl<R: Read> FrameReader<R> {
    /// `limit` is the longest payload accepted: nothing is allocated for what claims to be longer.
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

    /// Reads some more; false at the end of the stream.
    fn read_more(&mut self) -> io::Result<bool> {
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
        (self.linger)(&self.input);
        loop {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(count) => {
                    self.end += count;
                    return Ok(count > 0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes room for `size` bytes from `start` on.
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

    /// The next frame; `None` at the end of the stream, even within a frame (whoever wrote it
    /// died).
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        if self.start == self.end && self.buffer.len() > KEPT_CAPACITY {
            self.buffer = vec![0; 16 << 10];
            (self.start, self.end) = (0, 0);
        }
        let header = loop {
            let have = &self.buffer[self.start..self.end];
            // Looked at before the header is whole: five stray bytes must not be waited upon.
            let magic = have.len().min(MAGIC.len());
            if have[..magic] != MAGIC[..magic] {
                let shown = &have[..have.len().min(16)];
                return Err(FrameError::Garbage(format!(
                    "a frame cannot begin with \"{}\"",
                    shown.escape_ascii()
                )));
            }
            if let Some((header, _)) = have.split_first_chunk::<HEADER>() {
                break *header;
            }
            if !self.read_more()? {
                return Ok(None);
            }
        };
        let word = |at: usize| {
            u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let (sequence, length) = (word(8), word(12) as usize);
        let kind = Kind::from_byte(header[4]);
        let (Some(kind), [0, 0, 0]) = (kind, [header[5], header[6], header[7]]) else {
            return Err(FrameError::Garbage("a frame of no known kind".to_owned()));
        };
        let limit = match kind {
            Kind::Hello => MAX_HELLO,
            _ => self.limit,
        };
        if length > limit {
            return Err(FrameError::Garbage(format!(
                "a frame of {length} bytes where {limit} are the limit"
            )));
        }
        self.reserve(HEADER + length);
        while self.end - self.start < HEADER + length {
            if !self.read_more()? {
                return Ok(None);
            }
        }
        let payload = &self.buffer[self.start + HEADER..self.start + HEADER + length];
        self.start += HEADER + length;
        if header[16..] != checksum(payload).to_le_bytes() {
            return Err(FrameError::Garbage(
                "a frame whose checksum is wrong".to_owned(),
            ));
        }
        Ok(Some(Frame {
            kind,
            sequence,
            payload,
        }))
    }

    /// Skips to the greeting and past it; what came before is given to `prologue`. False if the
    /// stream ends first.
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
            if !self.read_more()? {
                prologue(&self.buffer[self.start..self.end]);
                return Ok(false);
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn sealed(kind: Kind, sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        begin(&mut frame);
        frame.extend_from_slice(payload);
        seal(&mut frame, kind);
        set_sequence(&mut frame, sequence);
        frame
    }

    /// Gives one byte at a time.
    struct Dribble<'a>(&'a [u8]);

    impl Read for Dribble<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.0.len().min(buffer.len()).min(1);
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn frames_come_out_as_they_went_in_however_the_bytes_arrive() {
        let big = vec![7; 100_000];
        let bytes = [
            sealed(Kind::Job, 1, b"first"),
            sealed(Kind::Reply, 2, &big),
            sealed(Kind::TooLarge, u32::MAX, b""),
        ]
        .concat();
        let inputs: [Box<dyn Read>; 2] = [Box::new(bytes.as_slice()), Box::new(Dribble(&bytes))];
        for input in inputs {
            let mut reader = FrameReader::new(input, 1 << 20);
            let frame = reader.next().unwrap().unwrap();
            assert_eq!(
                (frame.kind, frame.sequence, frame.payload),
                (Kind::Job, 1, &b"first"[..])
            );
            let frame = reader.next().unwrap().unwrap();
            assert_eq!((frame.kind, frame.sequence), (Kind::Reply, 2));
            assert!(frame.payload == big);
            let frame = reader.next().unwrap().unwrap();
            assert_eq!((frame.sequence, frame.payload.len()), (u32::MAX, 0));
            assert_eq!(reader.next().unwrap(), None);
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed_or_shortens_the_stream() {
        let frame = sealed(Kind::Reply, 5, b"a payload of some length");
        for bit in 0..frame.len() * 8 {
            let mut bytes = frame.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut reader = FrameReader::new(bytes.as_slice(), 1 << 20);
            match reader.next() {
                Err(FrameError::Garbage(_)) | Ok(None) => {}
                // Kind and sequence are not summed up: the receiver compares them with the job.
                Ok(Some(frame)) => assert!(frame.sequence != 5 || frame.kind != Kind::Reply),
                Err(error) => panic!("bit {bit}: {error}"),
            }
        }
    }

    #[test]
    fn text_is_told_from_a_frame_by_its_first_byte() {
        let mut reader = FrameReader::new(&b"x"[..], 100);
        let error = reader.next().unwrap_err().to_string();
        assert_eq!(error, "a frame cannot begin with \"x\"");
    }

    #[test]
    fn a_length_over_the_limit_is_refused_before_it_is_allocated() {
        let mut frame = sealed(Kind::Reply, 0, b"");
        frame[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut reader = FrameReader::new(frame.as_slice(), 100);
        let error = reader.next().unwrap_err().to_string();
        assert_eq!(error, "a frame of 4294967295 bytes where 100 are the limit");
        assert!(reader.buffer.capacity() < 1 << 20);
    }

    #[test]
    fn what_is_printed_before_the_greeting_is_handed_on() {
        for printed in [&b""[..], b"running 1 test\n", &[0xF5; 40], &[b'.'; 40_000]] {
            let bytes = [printed, &greeting(b"hi")].concat();
            for dribble in [false, true] {
                let input: Box<dyn Read> = if dribble {
                    Box::new(Dribble(&bytes))
                } else {
                    Box::new(bytes.as_slice())
                };
                let mut reader = FrameReader::new(input, 100);
                let mut prologue = Vec::new();
                assert!(
                    reader
                        .skip_to_greeting(|p| prologue.extend_from_slice(p))
                        .unwrap()
                );
                assert_eq!(prologue, printed);
                let frame = reader.next().unwrap().unwrap();
                assert_eq!((frame.kind, frame.payload), (Kind::Hello, &b"hi"[..]));
            }
        }
    }

    #[test]
    fn endless_printing_is_not_waited_for() {
        let mut reader = FrameReader::new(io::repeat(b'.'), 100);
        assert!(reader.skip_to_greeting(|_| ()).is_err());
    }
}
