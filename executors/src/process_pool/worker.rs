//! The worker's side: read a frame, run the jobs in it, write a frame.

use std::io::{self, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::frame::{self, FrameReader, Kind};
use super::progress::Progress;
use super::settings::Settings;
use super::{registry, sys};
use crate::codec::Batch;
use crate::job::JobType;
use crate::{panics, span, workers};

/// Set while a job runs. It decides how a worker ends when its pool is gone.
pub(super) static BUSY: AtomicBool = AtomicBool::new(false);

/// Runs jobs until the pool closes the pipe, and then ends the process.
pub(super) fn serve(jobs: &[JobType], settings: Settings) -> ! {
    let status = match try_serve(jobs, settings) {
        Ok(()) => 0,
        Err(message) => {
            // A closed standard error must not cause a panic.
            let _ = writeln!(io::stderr(), "worker {}: {message}", process::id());
            1
        }
    };
    process::exit(status)
}

/// Prepares this process as a worker: pipes, signals, limits.
fn set_up(settings: Settings) -> Result<(std::fs::File, std::fs::File), String> {
    let (input, output) =
        sys::take_pipes().map_err(|error| format!("cannot set up the pipes: {error}"))?;
    sys::name_after_program();
    sys::survive_signals();
    workers::set_share_of_process(settings.share);
    super::set_depth(settings.depth);
    // Before any thread starts, as it requires.
    #[cfg(feature = "trace")]
    common::trace::worker();
    sys::end_with_pool(&input, settings.ends_descendants)
        .map_err(|error| format!("cannot watch the pool: {error}"))?;
    sys::be_nice(settings.niceness)
        .map_err(|error| format!("cannot change its niceness: {error}"))?;
    if settings.memory_limit > 0 {
        sys::limit_memory(settings.memory_limit)
            .map_err(|error| format!("cannot limit its memory: {error}"))?;
    }
    panics::install();
    Ok((input, output))
}

fn try_serve(jobs: &[JobType], settings: Settings) -> Result<(), String> {
    let (input, output) = set_up(settings)?;
    // It stays open until the process has ended, because its end tells the pool about that.
    let output: &'static std::fs::File = Box::leak(Box::new(output));
    let mut output = output;
    if output
        .write_all(&frame::greeting(&registry::description()))
        .is_err()
    {
        return Ok(()); // The pool has ended.
    }
    let mut reader = FrameReader::new(input, usize::MAX).with_linger(sys::linger);
    let mut reply = Vec::new();
    let mut progress: Option<Arc<Progress>> = None;
    loop {
        let frame = reader.next().map_err(|error| error.to_string())?;
        let Some(frame) = frame else {
            return Ok(());
        };
        let sequence = frame.sequence;
        let order = Order::read(frame.payload).ok_or("received invalid data instead of a job")?;
        let job = jobs
            .get(order.index as usize)
            .ok_or("received an unknown type of job")?;
        // A single job is ended by the pool. In a chunk, the finished results must be sent.
        let timed = order.time_limit.filter(|_| order.count > 1);
        let watch = match timed {
            None => None,
            Some(limit) => {
                if progress.is_none() {
                    let output = output.try_clone().map_err(|error| error.to_string())?;
                    progress = Some(Progress::start(output).map_err(|error| error.to_string())?);
                }
                progress.as_deref().inspect(|it| it.begin(sequence, limit))
            }
        };
        BUSY.store(true, Ordering::Relaxed);
        frame::begin(&mut reply);
        let batch = Batch {
            input: order.jobs,
            count: order.count,
            output: &mut reply,
            limit: settings.frame_limit.saturating_add(frame::HEADER),
            check: settings.check,
            after_each: &mut |output| {
                if let Some(watch) = watch {
                    watch.note(&output[frame::HEADER..], settings.frame_limit);
                }
            },
        };
        span::job(|| (job.run)(batch));
        if let Some(watch) = watch {
            watch.end();
        }
        let mut kind = Kind::Reply;
        let size = reply.len() - frame::HEADER;
        if size > settings.frame_limit {
            // Many errors with their messages: no single output makes the reply too long.
            kind = Kind::TooLarge;
            frame::begin(&mut reply);
            reply.extend_from_slice(&(size as u64).to_le_bytes());
        }
        frame::seal(&mut reply, kind);
        frame::set_sequence(&mut reply, sequence);
        BUSY.store(false, Ordering::Relaxed);
        if reply.len() > sys::LARGE {
            sys::widen(output);
        }
        if output.write_all(&reply).is_err() {
            return Ok(());
        }
        if reply.capacity() > frame::KEPT_CAPACITY {
            reply = Vec::new();
        }
    }
}

/// A payload of jobs.
struct Order<'a> {
    /// The index of their type in the registry.
    index: u32,
    count: u32,
    time_limit: Option<Duration>,
    jobs: &'a [u8],
}

impl<'a> Order<'a> {
    fn read(payload: &'a [u8]) -> Option<Self> {
        let (index, rest) = payload.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (micros, jobs) = rest.split_first_chunk()?;
        let micros = u64::from_le_bytes(*micros);
        Some(Self {
            index: u32::from_le_bytes(*index),
            count: u32::from_le_bytes(*count),
            time_limit: (micros > 0).then(|| Duration::from_micros(micros)),
            jobs,
        })
    }
}
