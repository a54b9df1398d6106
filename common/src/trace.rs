//! Records what ran when, on which thread and in which process. Draws it as a Chrome trace, text
//! lanes, or SVG.
//!
//! A [`Trace`] provides a [`tracing_subscriber::Layer`]. It makes one record each time a span is
//! left. So a synchronous span is one bar on its thread's lane, and an `async` span is one bar per
//! poll. A span that was entered more than once, or never, is a task. A task has its own lane from
//! its creation to its close; these lanes show the concurrency on one thread.
//!
//! # Worker processes
//!
//! A process that traces its workers ([`Trace::with_workers`]) creates the folder `<temporary
//! folder>/many-hands-trace-<its pid>`, which only its user may read. A worker calls [`worker`]
//! first. If the parent's folder exists and belongs to the same user, the worker writes each span
//! to a file there, when the span is left. The parent merges the files when it draws a picture, so
//! the spans of a killed worker are kept. No command-line argument is needed, and code that starts
//! processes does not know about traces. All times are `CLOCK_MONOTONIC`, which is the same for all
//! processes of the machine. Dropping the `Trace` removes the folder. A folder left by a killed
//! process is replaced by the next process with the same pid.
//!
//! # Limits
//!
//! A process keeps its first [`MAX_SPANS`] records, and merges as many from its workers. Records
//! over the limit, and records that a worker could not write, are counted; every picture shows this
//! number. Workers are merged on Unix only.

mod chrome;
mod lanes;
mod layer;
mod record;
#[cfg(unix)]
mod spool;
#[cfg(not(unix))]
#[path = "trace/no_spool.rs"]
mod spool;
mod svg;
mod text;

use layer::Recorder;
use record::{Memory, Timeline};
use spool::Spool;
use std::io;
use std::sync::Arc;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;

/// The maximum number of records per process, and of merged records from all workers together: at
/// most about 50 MB, and as many as Perfetto shows easily.
pub const MAX_SPANS: usize = 200_000;

/// The level of the spans that are drawn. Libraries use DEBUG and TRACE for their internals.
pub const LEVEL: LevelFilter = LevelFilter::INFO;

/// Collects the spans of this process, and of its workers if asked to.
///
/// # Examples
///
/// ```
/// use common::trace::Trace;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let trace = Trace::new();
/// let subscriber = tracing_subscriber::registry().with(trace.layer());
/// tracing::subscriber::with_default(subscriber, || {
///     tracing::info_span!("sieve", segment = 3).in_scope(|| 2 + 2);
/// });
/// println!("{}", trace.text_lanes(80));
/// assert!(trace.svg().contains("sieve"));
/// ```
#[derive(Debug)]
pub struct Trace {
    memory: Arc<Memory>,
    spool: Option<Spool>,
}

impl Trace {
    /// A trace of this process only.
    #[expect(
        clippy::new_without_default,
        reason = "a default trace would hide whether workers are merged"
    )]
    pub fn new() -> Trace {
        Trace {
            memory: Arc::new(Memory::new()),
            spool: None,
        }
    }

    /// A trace of this process and of the worker processes that call [`worker`].
    ///
    /// # Errors
    ///
    /// If the folder for the workers' spans can't be created, or this process already has such a
    /// trace.
    pub fn with_workers() -> io::Result<Trace> {
        Ok(Trace {
            memory: Arc::new(Memory::new()),
            spool: Some(Spool::create()?),
        })
    }

    /// The layer that records. Add it to a subscriber, with [`LEVEL`] as its filter.
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + 'static + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        Recorder::new(Arc::clone(&self.memory))
    }

    /// Writes the spans so far as a Chrome trace in JSON, which Perfetto and `chrome://tracing`
    /// open: real process and thread numbers, and their names.
    ///
    /// # Errors
    ///
    /// If `out` returns an error. Nothing is buffered here.
    pub fn chrome(&self, out: impl io::Write) -> io::Result<()> {
        chrome::write(&self.timeline(), out)
    }

    /// The spans so far as text, at most `width` columns wide if possible: a row per thread, then a
    /// row per task. Time goes from left to right.
    pub fn text_lanes(&self, width: usize) -> String {
        text::draw(&self.timeline(), width)
    }

    /// The spans so far as a self-contained SVG picture, for light and dark backgrounds.
    pub fn svg(&self) -> String {
        svg::draw(&self.timeline())
    }

    /// The reasons why the spans are not complete, one sentence each: the limit, a full disk, a
    /// worker's file that can't be read. Every picture shows them.
    pub fn losses(&self) -> Vec<String> {
        self.timeline().losses()
    }

    fn timeline(&self) -> Timeline {
        let mut processes = vec![self.memory.process()];
        let mut unknown = Vec::new();
        if let Some(spool) = &self.spool {
            let (workers, losses) = spool.read(MAX_SPANS);
            processes.extend(workers);
            unknown = losses;
        }
        Timeline { processes, unknown }
    }
}

/// Makes this process a traced worker, if its parent merges the traces of workers. Returns whether
/// it did.
///
/// A worker process calls it first, before it starts threads. The trace becomes the process's
/// global subscriber. If there is no trace to join, or a subscriber is set already, nothing
/// happens: a missing trace must not stop the work.
pub fn worker() -> bool {
    worker_layer().is_some_and(|layer| {
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(LEVEL));
        tracing::subscriber::set_global_default(subscriber).is_ok()
    })
}

/// The layer that [`worker`] installs, for a worker that has a subscriber of its own.
pub fn worker_layer<S>() -> Option<impl Layer<S> + Send + Sync + 'static + use<S>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    spool::join_parent().map(|file| Recorder::new(Arc::new(file)))
}
