//! The worker's side: read a frame, run the jobs in it, write a frame.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use super::codec;
use super::frame::{self, FrameReader, Kind};
use super::sys;
use crate::job::JobType;
use crate::{panics, span};

/// What a worker is told, in its environment: `FRAME_LIMIT,MEMORY_LIMIT`, the latter 0 for none.
pub(super) const VARIABLE: &str = "EXECUTORS_WORKER";
/// A worker's last argument. Processes that a job starts inherit the environment, but not this:
/// one mark alone makes no worker.
pub(super) const MARK: &str = "executors-worker";

/// Set while a job runs: what decides how a worker ends when its pool is gone.
pub(super) static BUSY: AtomicBool = AtomicBool::new(false);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) frame_limit: usize,
    pub(super) memory_limit: u64,
}

impl Settings {
    /// What this process is told, if it was started as a worker.
    pub(super) fn of_this_process() -> Option<Self> {
        if std::env::args_os().next_back()? != OsStr::new(MARK) {
            return None;
        }
        Self::parse(&std::env::var(VARIABLE).ok()?)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let (frame_limit, memory_limit) = text.split_once(',')?;
        Some(Self {
            frame_limit: frame_limit.parse().ok()?,
            memory_limit: memory_limit.parse().ok()?,
        })
    }
}

impl std::fmt::Display for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{},{}", self.frame_limit, self.memory_limit)
    }
}

/// Serves until the pool closes the pipe, and ends the process.
pub(super) fn serve(jobs: &[JobType], settings: Settings) -> ! {
    let status = match try_serve(jobs, settings) {
        Ok(()) => 0,
        Err(message) => {
            // Nobody may be reading: that is no reason to panic.
            let _ = writeln!(io::stderr(), "worker {}: {message}", process::id());
            1
        }
    };
    process::exit(status)
}

fn try_serve(jobs: &[JobType], settings: Settings) -> Result<(), String> {
    let (input, mut output) =
        sys::take_pipes().map_err(|error| format!("cannot set up the pipes: {error}"))?;
    sys::survive_interrupt();
    // Before any thread starts, as it asks.
    #[cfg(feature = "trace")]
    common::trace::worker();
    sys::end_with_pool(&input).map_err(|error| format!("cannot watch the pool: {error}"))?;
    if settings.memory_limit > 0 {
        sys::limit_memory(settings.memory_limit)
            .map_err(|error| format!("cannot limit its memory: {error}"))?;
    }
    panics::install();

    let hello = [process::id(), jobs.len() as u32];
    let hello = hello.map(u32::to_le_bytes).concat();
    if output.write_all(&frame::greeting(&hello)).is_err() {
        return Ok(()); // The pool is gone.
    }
    let mut reader = FrameReader::new(input, usize::MAX).with_linger(sys::linger);
    let mut reply = Vec::new();
    loop {
        let frame = reader.next().map_err(|error| error.to_string())?;
        let Some(frame) = frame else {
            return Ok(());
        };
        let sequence = frame.sequence;
        let batch = codec::split_jobs(frame.payload)
            .and_then(|(index, count, input)| Some((jobs.get(index as usize)?, count, input)));
        let (job, count, input) = batch.ok_or("received no job of its own")?;
        BUSY.store(true, Ordering::Relaxed);
        frame::begin(&mut reply);
        let limit = settings.frame_limit.saturating_add(frame::HEADER);
        span::job(|| (job.run)(input, count, &mut reply, limit));
        let mut kind = Kind::Reply;
        let size = reply.len() - frame::HEADER;
        if size > settings.frame_limit {
            // Many faults, each with its message: no output alone makes the reply too long.
            kind = Kind::TooLarge;
            frame::begin(&mut reply);
            reply.extend_from_slice(&(size as u64).to_le_bytes());
        }
        frame::seal(&mut reply, kind);
        frame::set_sequence(&mut reply, sequence);
        BUSY.store(false, Ordering::Relaxed);
        if output.write_all(&reply).is_err() {
            return Ok(());
        }
        if reply.capacity() > frame::KEPT_CAPACITY {
            reply = Vec::new();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_environment() {
        let settings = Settings {
            frame_limit: 64 << 20,
            memory_limit: 0,
        };
        assert_eq!(Settings::parse(&settings.to_string()), Some(settings));
        assert_eq!(Settings::parse("64"), None);
        assert_eq!(Settings::parse("a,b"), None);
    }

    #[test]
    fn a_process_without_both_marks_is_no_worker() {
        assert_eq!(Settings::of_this_process(), None);
    }
}
