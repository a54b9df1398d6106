//! The limits of a picture, which may come from a stranger.

use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// The limits. They are checked with the header before anything is decoded; the time is checked
/// during decoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest side, in pixels (default: 65,535, the most that a JPEG can have).
    pub side: u32,
    /// The number of pixels (default: a hundred million). Cameras make up to sixty million. Some phones
    /// make two hundred million: raise the limit for them. A malicious header claims billions.
    pub pixels: u64,
    /// The memory for decoding (default: 512 MiB). In a run with several workers it is the limit for all
    /// together.
    pub memory: u64,
    /// The size of the file, which is read completely (default: 256 MiB).
    pub file: u64,
    /// The time for one picture (default: 30 s). It is checked when the decoder reads more of the file. A
    /// decoder that does not read can only be stopped from another process: use `--isolate`.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            side: 65_535,
            pixels: 100_000_000,
            memory: 512 << 20,
            file: 256 << 20,
            time: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// Checks a picture's size, and the memory for decoding it.
    ///
    /// # Errors
    /// [`Failure::OverLimit`].
    pub fn check(&self, width: u32, height: u32, bytes: u64) -> Result<(), Failure> {
        let pixels = u64::from(width) * u64::from(height);
        over(
            "its longer side",
            width.max(height).into(),
            self.side.into(),
            "--max-side",
        )?;
        over("its number of pixels", pixels, self.pixels, "--max-pixels")?;
        over(
            "the memory to decode it",
            bytes,
            self.memory,
            "--max-memory",
        )
    }

    /// Checks a file's size in bytes.
    ///
    /// # Errors
    /// [`Failure::OverLimit`].
    pub fn check_file(&self, bytes: u64) -> Result<(), Failure> {
        over("the file's size", bytes, self.file, "--max-file")
    }
}

fn over(what: &str, size: u64, limit: u64, flag: &str) -> Result<(), Failure> {
    if size <= limit {
        return Ok(());
    }
    Err(Failure::OverLimit {
        what: what.to_owned(),
        size,
        limit,
        flag: flag.to_owned(),
    })
}

/// A file's bytes for a decoder without a time limit: after the deadline, reading fails.
#[derive(Clone)]
pub(crate) struct DeadlineReader<'a> {
    pub(crate) bytes: io::Cursor<&'a [u8]>,
    pub(crate) deadline: Instant,
}

impl DeadlineReader<'_> {
    fn check(&self) -> io::Result<()> {
        if Instant::now() > self.deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(())
    }
}

/// The maximum bytes per read. Without it the clock would be checked for each byte.
const AT_ONCE: usize = 16 * 1024;

impl Read for DeadlineReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.bytes.read(buffer)
    }
}

impl BufRead for DeadlineReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        let rest = self.bytes.fill_buf()?;
        Ok(&rest[..rest.len().min(AT_ONCE)])
    }

    fn consume(&mut self, amount: usize) {
        self.bytes.consume(amount);
    }
}

impl Seek for DeadlineReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
