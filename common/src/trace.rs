//! What ran when, on which thread, in which process: as a Chrome trace, text lanes, or an SVG.
//!
//! A [`Trace`] hands out a [`tracing_subscriber::Layer`] that keeps one record each time a span is
//! left, so a synchronous span is one bar on its thread's lane and an `async` one is a bar for every
//! poll. A span that was entered more than once, or never, is a task: it gets a lane of its own from
//! creation to close, which is where concurrency on one thread can be seen.
//!
//! # Worker processes
//!
//! A process that traces its workers ([`Trace::with_workers`]) makes a folder
//! `<temporary folder>/many-hands-trace-<its pid>`, for its user only. A worker calls [`worker`]
//! first thing; that looks for its parent's folder and, if it is there and belongs to the same
//! user, writes every span to a file in it as the span is left. The parent merges the files when
//! asked for a picture, so a killed worker keeps what it did until then. Nothing is passed on a
//! command line, and code that starts processes knows nothing of traces. All times are
//! `CLOCK_MONOTONIC`, which every process of the machine shares. The folder goes with its `Trace`;
//! one that a killed process leaves behind is replaced by the next process with its pid.
//!
//! # Limits
//!
//! A process keeps its first [`MAX_SPANS`] records, and as many are merged from the workers. What is
//! over that, and what a worker could not write, is counted; every picture says how much it was. On
//! systems other than Unix workers aren't merged.

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

/// Records kept per process, and merged from all its workers together: about 50 MB at worst, and
/// as much as Perfetto shows without effort.
pub const MAX_SPANS: usize = 200_000;

/// The spans that are drawn: libraries put their inner workings in DEBUG and TRACE.
pub const LEVEL: LevelFilter = LevelFilter::INFO;

/// Collects spans of this process, and of its workers if asked to.
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
    /// A trace of this process alone.
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
    /// When the folder for the workers' spans can't be made in the temporary folder, or this
    /// process has such a trace already.
    pub fn with_workers() -> io::Result<Trace> {
        Ok(Trace {
            memory: Arc::new(Memory::new()),
            spool: Some(Spool::create()?),
        })
    }

    /// The layer that records; give it to a subscriber, under [`LEVEL`] as a filter.
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
    /// Whatever `out` says. Nothing is buffered here.
    pub fn chrome(&self, out: impl io::Write) -> io::Result<()> {
        chrome::write(&self.timeline(), out)
    }

    /// The spans so far as text, at most `width` columns wide where that is feasible: a row per
    /// thread, then a row per task; time runs to the right.
    pub fn text_lanes(&self, width: usize) -> String {
        text::draw(&self.timeline(), width)
    }

    /// The spans so far as a self-contained SVG picture, for light and dark backgrounds.
    pub fn svg(&self) -> String {
        svg::draw(&self.timeline())
    }

    /// What the spans so far are not all of, in a sentence for each reason: more than the limit, a
    /// full disk, a worker's file that can't be read. Every picture says it, too.
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

/// Makes this process a traced worker if its parent merges workers' traces; says whether it did.
///
/// To be called first thing by a worker process, before threads start. It makes the trace the
/// process's global subscriber. When there is no trace to join, or a subscriber already, nothing
/// happens: a trace is never a reason for work to fail.
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
