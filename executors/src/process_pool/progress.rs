//! The worker's side of a chunk's time limit: it sends the finished results before it ends.

use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::frame::{self, Kind};
use super::sys;

/// The results so far of the running chunk, if it has a time limit.
pub(super) struct Progress {
    running: Mutex<Option<Running>>,
    changed: Condvar,
}

struct Running {
    sequence: u32,
    /// `None`: too far in the future for an `Instant`.
    deadline: Option<Instant>,
    done: u32,
    results: Vec<u8>,
}

impl Progress {
    /// Starts the thread that watches the time limit.
    pub(super) fn start(output: File) -> io::Result<Arc<Self>> {
        let progress = Arc::new(Self {
            running: Mutex::new(None),
            changed: Condvar::new(),
        });
        let watched = Arc::clone(&progress);
        std::thread::Builder::new()
            .name("time-limit".to_owned())
            .spawn(move || watched.watch(output))?;
        Ok(progress)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A chunk starts.
    pub(super) fn begin(&self, sequence: u32, limit: Duration) {
        *self.lock() = Some(Running {
            sequence,
            deadline: Instant::now().checked_add(limit),
            done: 0,
            results: Vec::new(),
        });
        self.changed.notify_one();
    }

    /// A job of the chunk is done; `results` are all results so far. Results that do not fit in a
    /// frame are left out.
    pub(super) fn note(&self, results: &[u8], frame_limit: usize) {
        if let Some(running) = &mut *self.lock()
            && results.len() <= frame_limit
        {
            let have = running.results.len();
            running.results.extend_from_slice(&results[have..]);
            running.done += 1;
        }
    }

    /// The chunk has ended in time.
    pub(super) fn end(&self) {
        *self.lock() = None;
        self.changed.notify_one();
    }

    fn watch(&self, mut output: File) {
        let mut running = self.lock();
        loop {
            let left = match &*running {
                None => None,
                Some(Running { deadline: None, .. }) => None,
                Some(late) => match late.deadline {
                    Some(at) if at > Instant::now() => Some(at - Instant::now()),
                    _ => {
                        // Under the lock, so that the chunk can't end at this moment and reply too.
                        late.send(&mut output);
                        sys::exit_at_once(0);
                    }
                },
            };
            running = match left {
                None => self
                    .changed
                    .wait(running)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.changed.wait_timeout(running, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Running {
    fn send(&self, output: &mut File) {
        let mut frame = Vec::new();
        frame::begin(&mut frame);
        frame.extend_from_slice(&self.done.to_le_bytes());
        frame.extend_from_slice(&self.results);
        frame::seal(&mut frame, Kind::Partial);
        frame::set_sequence(&mut frame, self.sequence);
        // An error means that the pool is gone, so it can't be reported.
        let _ = output.write_all(&frame);
    }
}
