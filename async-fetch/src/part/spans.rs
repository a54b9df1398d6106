//! A file that is fetched in several ranges at once: which bytes exist, and which are being fetched.
//!
//! The first answer is read from the front. Helpers take ranges from the end, so that the first answer can be
//! read until they meet. Ranges get smaller as less is left (guided self-scheduling), so all requests end at
//! about the same time.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::extents::Extents;
use super::origin::Origin;
use super::{BUFFER, Left, Validator};
use crate::error::Error;

/// Bytes that may exist without being recorded yet: a run that is killed loses them.
const UNNOTED: u64 = 4 << 20;

/// The longest range. If its request fails, another has to fetch at most as much.
const LONGEST: u64 = 64 << 20;

/// The spans of a file.
#[derive(Debug)]
pub(crate) struct Spans {
    path: PathBuf,
    /// The path of the record.
    record: PathBuf,
    origin: Origin,
    total: u64,
    state: Mutex<State>,
    /// `None` once the file is complete, or started again: late bytes must not be written.
    file: Mutex<Option<File>>,
}

#[derive(Debug)]
struct State {
    there: Extents,
    /// Bytes that exist, or are being fetched.
    taken: Extents,
    unnoted: u64,
    /// Mirrors that have another file.
    useless: Vec<usize>,
    /// The first server sends no ranges of this file.
    is_whole_only: bool,
    /// Helpers have brought some of it.
    is_mixed: bool,
    /// The shortest range, and how many requests fetch at once.
    least: u64,
    at_once: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Spans {
    /// The spans of a record.
    pub(super) fn new(
        file: File,
        path: PathBuf,
        record: PathBuf,
        origin: Origin,
        total: u64,
    ) -> Spans {
        let there = origin.there.clone().unwrap_or_default();
        Spans {
            path,
            record,
            origin,
            total,
            state: Mutex::new(State {
                taken: there.clone(),
                there,
                unnoted: 0,
                useless: Vec::new(),
                is_whole_only: false,
                is_mixed: false,
                least: BUFFER as u64,
                at_once: 1,
            }),
            file: Mutex::new(Some(file)),
        }
    }

    pub(super) fn set(&self, at_once: usize, least: u64) {
        let mut state = lock(&self.state);
        state.at_once = at_once as u64;
        state.least = least.max(1);
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The number of existing bytes.
    pub(crate) fn there(&self) -> u64 {
        lock(&self.state).there.length()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.there() == self.total
    }

    /// Whether mirrors can be asked: their tags differ, so the date must show that they have the same file.
    pub(crate) fn can_be_elsewhere(&self) -> bool {
        self.origin.validator.elsewhere().is_some()
    }

    /// Records that a mirror, or the first server, did not send the requested range: it is not asked again.
    pub(crate) fn give_up(&self, mirror: Option<usize>) {
        let mut state = lock(&self.state);
        match mirror {
            Some(mirror) => state.useless.push(mirror),
            None => state.is_whole_only = true,
        }
    }

    pub(crate) fn is_whole_only(&self) -> bool {
        lock(&self.state).is_whole_only
    }

    pub(super) fn is_mixed(&self) -> bool {
        lock(&self.state).is_mixed
    }

    pub(crate) fn is_of_use(&self, mirror: usize) -> bool {
        !lock(&self.state).useless.contains(&mirror)
    }

    /// The first bytes that are missing.
    pub(super) fn gap(&self) -> Option<Range<u64>> {
        lock(&self.state).there.first_gap(self.total)
    }

    /// Reserves bytes from here on, and returns their end: here, if another request has them.
    pub(super) fn take_from(&self, at: u64) -> u64 {
        let mut state = lock(&self.state);
        let free = state.taken.free_until(at, self.total);
        let end = free.min(at + state.size(self.total));
        state.taken.insert(at..end);
        end
    }

    /// Reserves the last missing bytes.
    fn take_last(&self) -> Option<Range<u64>> {
        let mut state = lock(&self.state);
        let gap = state.taken.last_gap(self.total)?;
        let start = gap
            .start
            .max(gap.end.saturating_sub(state.size(self.total)));
        state.taken.insert(start..gap.end);
        Some(start..gap.end)
    }

    /// Gives back reserved bytes. Those that exist stay.
    pub(super) fn give_back(&self, range: Range<u64>) {
        let mut state = lock(&self.state);
        state.taken.remove(range);
        let there = state.there.clone();
        there.iter().for_each(|it| state.taken.insert(it.clone()));
    }

    /// Writes some bytes. Blocks.
    pub(super) fn write(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        let file = lock(&self.file);
        let Some(mut open) = file.as_ref() else {
            return Ok(());
        };
        open.seek(SeekFrom::Start(at))?;
        open.write_all(bytes)?;
        let mut state = lock(&self.state);
        let length = bytes.len() as u64;
        state.there.insert(at..at + length);
        state.unnoted += length;
        let notes = state.unnoted >= UNNOTED;
        drop(state);
        if notes {
            self.write_record()?;
        }
        Ok(())
    }

    /// Records which bytes exist. Blocks.
    pub(super) fn note(&self) -> io::Result<()> {
        let file = lock(&self.file);
        match file.is_some() {
            true => self.write_record(),
            false => Ok(()),
        }
    }

    /// With the file locked: the record must not stand beside other bytes.
    fn write_record(&self) -> io::Result<()> {
        let mut origin = self.origin.clone();
        {
            let mut state = lock(&self.state);
            state.unnoted = 0;
            origin.there = Some(state.there.clone());
        }
        // The old record stays until the new one is complete.
        let new = self.new_record();
        fs::write(&new, origin.to_text())?;
        fs::rename(&new, &self.record)
    }

    fn new_record(&self) -> PathBuf {
        let mut name = self.record.clone().into_os_string();
        name.push(".new");
        name.into()
    }

    /// Stops all writing. Blocks until running writes have ended.
    pub(super) fn close(&self) {
        *lock(&self.file) = None;
        let _ = fs::remove_file(self.new_record());
    }
}

impl State {
    /// How many bytes to reserve at once.
    fn size(&self, total: u64) -> u64 {
        let free = total - self.taken.length();
        (free / (2 * self.at_once)).min(LONGEST).max(self.least)
    }
}

/// One range of a file. When it is dropped, its bytes are kept, and its rest is given back.
#[derive(Debug)]
pub(crate) struct Segment {
    spans: Arc<Spans>,
    /// The next byte to be written.
    at: u64,
    end: u64,
    buffer: Vec<u8>,
    /// It is fetched from a mirror.
    elsewhere: bool,
}

impl Segment {
    /// Reserves the last missing bytes.
    pub(crate) fn take(spans: &Arc<Spans>, elsewhere: bool) -> Option<Segment> {
        let range = spans.take_last()?;
        Some(Segment {
            spans: Arc::clone(spans),
            at: range.start,
            end: range.end,
            buffer: Vec::new(),
            elsewhere,
        })
    }

    /// The position of the next byte.
    pub(crate) fn length(&self) -> u64 {
        self.at + self.buffer.len() as u64
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.length() == self.end
    }

    pub(crate) fn spans(&self) -> &Spans {
        &self.spans
    }

    /// The missing part.
    pub(crate) fn left(&self) -> Left {
        let validator: &Validator = &self.spans.origin.validator;
        Left {
            length: self.length(),
            until: Some(self.end),
            total: Some(self.spans.total),
            validator: match self.elsewhere {
                true => validator.elsewhere(),
                false => Some(validator.clone()),
            },
        }
    }

    /// Adds bytes to the buffer. Returns whether it is time to [`flush`](Segment::flush).
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        lock(&self.spans.state).is_mixed = true;
        self.buffer.extend_from_slice(bytes);
        self.buffer.len() >= BUFFER
    }

    /// Writes the buffer. Blocks.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        let written = self.spans.write(self.at, &self.buffer);
        written.map_err(Error::file(&self.spans.path))?;
        self.at = self.length();
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // Try to write the last bytes.
        let _ = self.flush();
        self.spans.give_back(self.at..self.end);
    }
}
