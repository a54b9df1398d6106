//! The records of a trace, and the bounded memory for them.

use super::MAX_SPANS;
use crate::sys;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A named interval of time. Times are nanoseconds of the machine's monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Span {
    pub(super) name: Cow<'static, str>,
    pub(super) fields: Vec<(Cow<'static, str>, String)>,
    /// The span's id, shared by a task and the pieces of it that ran.
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) start: u64,
    pub(super) end: u64,
}

/// The kind of interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A span ran on the thread with this number.
    Run { thread: u64 },
    /// The lifetime of a task, running or not.
    Task,
}

/// One process's part of the trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) name: String,
    pub(super) threads: BTreeMap<u64, String>,
    pub(super) spans: Vec<Span>,
    /// The number of spans over the limit.
    pub(super) dropped: u64,
    /// The number of spans that could not be written to the worker's file.
    pub(super) lost: u64,
}

/// Everything that is drawn, this process first.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) processes: Vec<Process>,
    /// For each process without records, the reason.
    pub(super) unknown: Vec<String>,
}

impl Timeline {
    pub(super) fn dropped(&self) -> u64 {
        self.processes.iter().map(|process| process.dropped).sum()
    }

    pub(super) fn lost(&self) -> u64 {
        self.processes.iter().map(|process| process.lost).sum()
    }

    /// The reasons why the timeline is not complete, one sentence each.
    pub(super) fn losses(&self) -> Vec<String> {
        let mut losses = Vec::new();
        if self.dropped() > 0 {
            losses.push(format!(
                "{} spans are over the limit of {MAX_SPANS}",
                self.dropped()
            ));
        }
        if self.lost() > 0 {
            losses.push(format!(
                "{} spans of worker processes could not be written to {}: is it full?",
                self.lost(),
                std::env::temp_dir().display()
            ));
        }
        losses.extend(self.unknown.iter().cloned());
        losses
    }

    /// The first start and the last end; `None` if nothing was recorded.
    pub(super) fn bounds(&self) -> Option<(u64, u64)> {
        let spans = || self.processes.iter().flat_map(|process| &process.spans);
        let start = spans().map(|span| span.start).min()?;
        let end = spans().map(|span| span.end).max()?;
        Some((start, end))
    }
}

/// The thread that a record comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ThreadName {
    pub(super) id: u64,
    pub(super) name: String,
}

impl ThreadName {
    /// The calling thread. It is looked up once per thread, and again while the thread-local values
    /// are being destroyed, because a span may still be closed then.
    pub(super) fn current() -> Rc<ThreadName> {
        thread_local!(static CURRENT: Rc<ThreadName> = Rc::new(ThreadName::look_up()));
        CURRENT
            .try_with(Rc::clone)
            .unwrap_or_else(|_| Rc::new(ThreadName::look_up()))
    }

    fn look_up() -> ThreadName {
        let id = sys::thread_id();
        let name = std::thread::current()
            .name()
            .map_or_else(|| format!("thread {id}"), str::to_owned);
        ThreadName { id, name }
    }
}

/// The program's file name.
pub(super) fn program_name() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "process".to_owned())
}

/// A destination for records.
pub(super) trait Sink: Send + Sync + 'static {
    fn keep(&self, span: Span, thread: &ThreadName);
}

/// The records of this process.
#[derive(Debug)]
pub(super) struct Memory {
    process: Mutex<Process>,
}

impl Memory {
    pub(super) fn new() -> Memory {
        let process = Process {
            pid: std::process::id(),
            name: program_name(),
            ..Process::default()
        };
        Memory {
            process: Mutex::new(process),
        }
    }

    pub(super) fn process(&self) -> Process {
        self.lock().clone()
    }

    /// Ignores a poisoned lock: a thread panicked, but each record is complete.
    fn lock(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Memory {
    fn keep(&self, span: Span, thread: &ThreadName) {
        let mut process = self.lock();
        if process.spans.len() >= MAX_SPANS {
            process.dropped += 1;
            return;
        }
        let name = || thread.name.clone();
        process.threads.entry(thread.id).or_insert_with(name);
        process.spans.push(span);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    pub(in super::super) fn run(
        name: &'static str,
        id: u64,
        thread: u64,
        start: u64,
        end: u64,
    ) -> Span {
        Span {
            name: name.into(),
            fields: vec![("n".into(), id.to_string())],
            id,
            kind: Kind::Run { thread },
            start: start * MS,
            end: end * MS,
        }
    }

    pub(in super::super) fn task(name: &'static str, id: u64, start: u64, end: u64) -> Span {
        Span {
            kind: Kind::Task,
            ..run(name, id, 0, start, end)
        }
    }

    pub(in super::super) fn process(
        pid: u32,
        threads: &[(u64, &str)],
        spans: Vec<Span>,
    ) -> Process {
        Process {
            pid,
            name: "primes".to_owned(),
            threads: threads
                .iter()
                .map(|&(id, name)| (id, name.to_owned()))
                .collect(),
            spans,
            dropped: 0,
            lost: 0,
        }
    }

    #[test]
    fn beyond_the_bound_records_are_counted_not_kept() {
        let memory = Memory::new();
        let thread = ThreadName {
            id: 1,
            name: "main".to_owned(),
        };
        for _ in 0..MAX_SPANS + 3 {
            memory.keep(run("a", 1, 1, 0, 1), &thread);
        }
        let process = memory.process();
        assert_eq!(process.spans.len(), MAX_SPANS);
        assert_eq!(process.dropped, 3);
    }
}
