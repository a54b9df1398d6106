//! The life of a worker, seen from the pool: one thread starts it, reads it and buries it.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Child, ChildStdout, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::{Core, Stage, State, Verdict, Worker, refuse_all};
use super::frame::{FrameError, FrameReader, Kind};
use super::{Config, registry, sys, worker};
use crate::error::Error;
use crate::home::become_worker_of;
use crate::sync::{Mutex, MutexGuard, lock, wait_until};

/// Keeps a slot supplied with a worker for as long as the pool wants one there.
pub(super) fn run(core: &Arc<Core>, index: usize) {
    // Callbacks run on this thread: what they wait for would not arrive while they do.
    become_worker_of(core.id);
    while one_worker(core, index) {}
}

/// From a worker's start to its end; whether there is to be another.
fn one_worker(core: &Arc<Core>, index: usize) -> bool {
    let (child, output) = match start(core) {
        Ok(started) => started,
        Err(message) => return not_started(core, index, &message),
    };
    let pid = child.pid;
    let handle = Arc::clone(&child.child);
    {
        let mut state = lock(&core.state);
        let deadline = core.deadline(&mut state, Some(core.config.start_timeout));
        let slot = &mut state.slots[index];
        slot.stage = Stage::Starting { deadline };
        slot.worker = Some(child);
        if slot.verdict.is_some() {
            slot.kill(Verdict::Killed);
        }
    }
    let mut reader = FrameReader::new(output, core.config.frame_limit);
    let mut complaint = None;
    match greet(core, index, &mut reader) {
        Ok(true) => {
            let mut state = lock(&core.state);
            let first = core.next_job(&mut state, index);
            core.changed.notify_all();
            drop(state);
            core.deliver(first);
            if let Err(what) = listen(core, index, &mut reader) {
                lock(&core.state).slots[index].kill(Verdict::Garbled(what));
            }
        }
        Ok(false) => {}
        Err(reason) => complaint = Some(reason),
    }
    end(core, index, pid, &handle, complaint)
}

/// Starts a process.
fn start(core: &Core) -> Result<(Worker, ChildStdout), String> {
    let config = &core.config;
    let settings = worker::Settings {
        frame_limit: config.frame_limit,
        memory_limit: config.memory_limit.unwrap_or(0),
    };
    let mut command = sys::this_program().map_err(|error| error.to_string())?;
    command
        .args(&config.args)
        .arg(worker::MARK)
        .env(worker::VARIABLE, settings.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err("it has no pipes".to_owned());
    };
    let worker = Worker {
        pid: child.id(),
        child: Arc::new(Mutex::new(child)),
        pipe: Some(Arc::new(Mutex::new(input))),
    };
    Ok((worker, output))
}

/// No process could be started: tries again after a pause, if the pool's patience allows.
fn not_started(core: &Core, index: usize, message: &str) -> bool {
    let mut state = lock(&core.state);
    let reason = format!("a worker process could not be started: {message}");
    let abandoned = core.strike(&mut state, reason);
    let broken = state.closed.clone();
    // A full process table needs time to empty.
    let pause = Instant::now() + core.pause(&state);
    while state.closed.is_none() {
        match wait_until(&core.changed, state, Some(pause)) {
            Some(guard) => state = guard,
            None => {
                state = lock(&core.state);
                break;
            }
        }
    }
    drop(state);
    refuse_all(abandoned, broken);
    vacate(core, lock(&core.state), index, true)
}

/// Reads the greeting, and has the initializer run. False if the worker ended first; an error if
/// the pool cannot go on.
fn greet(core: &Core, index: usize, reader: &mut FrameReader<ChildStdout>) -> Result<bool, String> {
    // Whatever `main` prints before the hook belongs where the worker's later output goes.
    let prologue = |bytes: &[u8]| {
        let _ = std::io::stderr().write_all(bytes);
    };
    match reader.skip_to_greeting(prologue) {
        Ok(true) => {}
        Ok(false) | Err(FrameError::Io(_)) => return Ok(false),
        Err(FrameError::Garbage(what)) => return Err(what),
    }
    let jobs = match reader.next() {
        Ok(Some(hello)) if hello.kind == Kind::Hello => hello.payload.get(4..8).map(<[u8]>::to_vec),
        Ok(None) => return Ok(false),
        Ok(Some(_)) | Err(_) => None,
    };
    if jobs
        != registry::len()
            .ok()
            .map(|len| (len as u32).to_le_bytes().to_vec())
    {
        return Err("it does not know the same jobs as this process".to_owned());
    }
    let Some(initializer) = &core.config.initializer else {
        return Ok(true);
    };
    let pipe = {
        let state = lock(&core.state);
        let worker = state.slots[index].worker.as_ref();
        worker.and_then(|worker| worker.pipe.clone())
    };
    let Some(pipe) = pipe else {
        return Ok(false);
    };
    if lock(&pipe).write_all(&initializer.frame).is_err() {
        return Ok(false);
    }
    match reader.next() {
        Ok(Some(frame)) if frame.kind == Kind::Reply => (initializer.check)(frame.payload)
            .map(|()| true)
            .map_err(|error| format!("the initializer failed: {error}")),
        Ok(None) => Ok(false),
        Ok(Some(_)) | Err(_) => Err("the initializer's answer could not be read".to_owned()),
    }
}

/// Passes on answers until the worker ends; an error if what comes is none.
fn listen(
    core: &Arc<Core>,
    index: usize,
    reader: &mut FrameReader<ChildStdout>,
) -> Result<(), String> {
    loop {
        let frame = match reader.next() {
            Ok(Some(frame)) => frame,
            Ok(None) | Err(FrameError::Io(_)) => return Ok(()),
            Err(FrameError::Garbage(what)) => return Err(what),
        };
        if !matches!(frame.kind, Kind::Reply | Kind::TooLarge) {
            return Err("a frame that is no answer".to_owned());
        }
        let job = core
            .answered(index, frame.sequence)
            .ok_or("an answer to no question")?;
        // If nobody holds the future any more, the result is dropped here, by code of its own.
        let _ = catch_unwind(AssertUnwindSafe(move || {
            match (frame.kind, frame.payload.first_chunk()) {
                (Kind::TooLarge, Some(size)) => job.outgrow(u64::from_le_bytes(*size) as usize),
                _ => job.finish(frame.payload),
            }
            drop(job);
        }));
    }
}

/// Buries a worker and settles what it leaves behind; whether there is to be another.
fn end(
    core: &Core,
    index: usize,
    pid: u32,
    child: &Mutex<Child>,
    complaint: Option<String>,
) -> bool {
    // Whoever is writing to it gets to say whether the job went out.
    let pipe = {
        let mut state = lock(&core.state);
        state.bench(index);
        let worker = state.slots[index].worker.as_mut();
        worker.and_then(|worker| worker.pipe.take())
    };
    if let Some(pipe) = pipe {
        drop(lock(&pipe));
    }
    let seen = lock(&core.state).lay_out(index);
    let (status, cpu) = reap(child);

    let mut state = lock(&core.state);
    state.bury(cpu.saturating_sub(seen));
    let slot = &mut state.slots[index];
    let end = End {
        pid,
        status,
        stage: std::mem::replace(&mut slot.stage, Stage::Leaving),
        verdict: slot.verdict.take(),
        complaint,
    };
    let mut abandoned = Vec::new();
    if end.complaint.is_some() {
        let reason = end.reason(&core.config);
        let broken = Error::PoolBroken { reason };
        abandoned = core.close(&mut state, broken.clone(), Some(broken));
    } else if end.is_loss() {
        abandoned = core.strike(&mut state, end.reason(&core.config));
    }
    let broken = state.closed.clone();
    drop(state);

    // While the slot still counts as taken: whoever waits for the end of the pool is to find every
    // future done.
    refuse_all(abandoned, broken);
    // An idle worker that was sent home is replaced only if there is something to do.
    let needed = !matches!(end.verdict, Some(Verdict::Retired));
    end.settle_job(&core.config);
    vacate(core, lock(&core.state), index, needed)
}

/// How a worker came to its end.
struct End {
    pid: u32,
    status: ExitStatus,
    /// What it was at.
    stage: Stage,
    /// Why the pool ended it, if the pool did.
    verdict: Option<Verdict>,
    /// Why the pool cannot go on, if it cannot.
    complaint: Option<String>,
}

impl End {
    /// For the error of a pool that it breaks.
    fn reason(&self, config: &Config) -> String {
        let Self { pid, status, .. } = self;
        match (&self.stage, &self.complaint, &self.verdict) {
            (_, Some(complaint), _) => format!("worker {pid}: {complaint}"),
            (Stage::Starting { .. }, _, Some(Verdict::StartedLate)) => format!(
                "worker {pid} was not ready within {:?}: is `executors::hook` the first line of \
                 main?",
                config.start_timeout
            ),
            (Stage::Starting { .. }, ..) => format!(
                "worker {pid} ended before it was ready ({status}): is `executors::hook` the \
                 first line of main?"
            ),
            (_, _, Some(Verdict::Garbled(what))) => format!("worker {pid} sent {what}"),
            _ => format!("worker {pid} died ({status})"),
        }
    }

    /// Whether it counts towards the restart limit: those that the pool itself ends do not.
    fn is_loss(&self) -> bool {
        !matches!(
            self.verdict,
            Some(Verdict::Retired | Verdict::Spent | Verdict::Overran | Verdict::Killed)
        )
    }

    /// Ends the job that it ran, if it ran one. Runs callbacks: not to be called under the lock.
    fn settle_job(self, config: &Config) {
        let Self { pid, status, .. } = self;
        let Stage::Busy { job, .. } = self.stage else {
            return;
        };
        job.fail(match self.verdict {
            Some(Verdict::Overran) => Error::Overran {
                limit: config.job_timeout.unwrap_or_default(),
                pid,
            },
            Some(Verdict::Killed) => Error::Killed { pid },
            Some(Verdict::Garbled(what)) => Error::Garbled { pid, what },
            _ => Error::WorkerDied { pid, status },
        });
    }
}

/// Frees the slot, or has it start another worker.
fn vacate(core: &Core, mut state: MutexGuard<'_, State>, index: usize, needed: bool) -> bool {
    let again = state.wants_successor(needed);
    state.vacate(index, again);
    core.changed.notify_all();
    core.alarm.notify_all();
    again
}

/// Makes sure that a worker ends, and waits for that: how it ended, and the CPU time it took.
fn reap(child: &Mutex<Child>) -> (ExitStatus, Duration) {
    let mut child = lock(child);
    // One that has closed its pipe and lives on is of no use. One that is ending by itself has its
    // status already, and keeps it.
    let _ = child.kill();
    // It fails only if somebody else has waited for this child (a handler of SIGCHLD that waits
    // for all children, say): then how it ended is lost.
    sys::reap(&mut child).unwrap_or_default()
}
