//! The layer that turns `tracing` spans into records.

use super::record::{Kind, Sink, Span, ThreadName};
use crate::sys::monotonic_nanos;
use std::borrow::Cow;
use std::fmt::{self, Debug};
use std::sync::Arc;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// The maximum length of a field's value, in characters: longer titles are hard to read.
const LONGEST_VALUE: usize = 200;

pub(super) struct Recorder<K> {
    sink: Arc<K>,
}

impl<K: Sink> Recorder<K> {
    pub(super) fn new(sink: Arc<K>) -> Self {
        Recorder { sink }
    }

    fn keep(&self, span: Span) {
        self.sink.keep(span, &ThreadName::current());
    }
}

/// A span that is not closed yet.
struct Open {
    name: &'static str,
    fields: Fields,
    created: u64,
    /// For each thread that is inside the span, the time when it entered.
    entered: Vec<(u64, u64)>,
    runs: u64,
}

impl Open {
    fn record(&self, id: &Id, kind: Kind, start: u64) -> Span {
        Span {
            name: Cow::Borrowed(self.name),
            fields: self.fields.0.clone(),
            id: id.into_u64(),
            kind,
            start,
            end: monotonic_nanos(),
        }
    }

    fn enter(&mut self, thread: u64) {
        self.entered.push((thread, monotonic_nanos()));
    }

    /// Removes the last entry of this thread: several threads may be inside a span at once.
    fn leave(&mut self, thread: u64) -> Option<u64> {
        let at = self.entered.iter().rposition(|&(id, _)| id == thread)?;
        self.runs += 1;
        Some(self.entered.remove(at).1)
    }
}

impl<S, K> Layer<S> for Recorder<K>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    K: Sink,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        span.extensions_mut().replace(Open {
            name: span.name(),
            fields,
            created: monotonic_nanos(),
            entered: Vec::new(),
            runs: 0,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            values.record(&mut open.fields);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            open.enter(ThreadName::current().id);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let thread = ThreadName::current().id;
        let record = span.extensions_mut().get_mut::<Open>().and_then(|open| {
            let start = open.leave(thread)?;
            Some(open.record(id, Kind::Run { thread }, start))
        });
        if let Some(record) = record {
            self.keep(record);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let task = span
            .extensions()
            .get::<Open>()
            .filter(|open| open.runs != 1)
            .map(|open| open.record(&id, Kind::Task, open.created));
        if let Some(task) = task {
            self.keep(task);
        }
    }
}

#[derive(Default)]
struct Fields(Vec<(Cow<'static, str>, String)>);

impl Fields {
    fn set(&mut self, field: &Field, value: &str) {
        let value = value.chars().take(LONGEST_VALUE).collect();
        match self.0.iter_mut().find(|(name, _)| name == field.name()) {
            Some((_, old)) => *old = value,
            None => self.0.push((Cow::Borrowed(field.name()), value)),
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.set(field, &fmt::format(format_args!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Memory, Process};
    use super::*;
    use std::pin::pin;
    use std::task::{Poll, Waker};
    use tracing::Instrument;
    use tracing_subscriber::layer::SubscriberExt;

    fn traced(work: impl FnOnce()) -> Process {
        let memory = Arc::new(Memory::new());
        let subscriber = tracing_subscriber::registry().with(Recorder::new(Arc::clone(&memory)));
        tracing::subscriber::with_default(subscriber, work);
        memory.process()
    }

    fn is_task(span: &Span) -> bool {
        span.kind == Kind::Task
    }

    #[test]
    fn a_synchronous_span_is_one_run_on_its_thread() {
        let process = traced(|| {
            tracing::info_span!("outer", n = 1, who = "me").in_scope(|| {
                tracing::info_span!("inner").in_scope(|| ());
            });
        });
        let [inner, outer] = process.spans.as_slice() else {
            panic!("{:?}", process.spans);
        };
        assert_eq!((&*inner.name, &*outer.name), ("inner", "outer"));
        assert!(outer.start <= inner.start && inner.end <= outer.end);
        assert_eq!(
            outer.fields,
            [
                ("n".into(), "1".to_owned()),
                ("who".into(), "me".to_owned())
            ]
        );
        let thread = crate::sys::thread_id();
        assert_eq!(outer.kind, Kind::Run { thread });
        let name = std::thread::current().name().unwrap().to_owned();
        assert_eq!(process.threads[&thread], name);
    }

    #[test]
    fn an_async_task_is_a_run_per_poll_and_a_lifetime() {
        let process = traced(|| {
            let mut polls = 0;
            let future = std::future::poll_fn(|_| {
                polls += 1;
                if polls < 3 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            });
            let mut task = pin!(future.instrument(tracing::info_span!("fetch")));
            let mut context = std::task::Context::from_waker(Waker::noop());
            while task.as_mut().poll(&mut context).is_pending() {}
        });
        let tasks: Vec<_> = process.spans.iter().filter(|span| is_task(span)).collect();
        let runs: Vec<_> = process.spans.iter().filter(|span| !is_task(span)).collect();
        assert_eq!(tasks.len(), 1);
        // Three polls, and one more while the future is dropped inside its span.
        assert_eq!(runs.len(), 4);
        assert!(runs.iter().all(|run| run.id == tasks[0].id));
        assert!(runs.iter().all(|run| tasks[0].start <= run.start));
    }

    #[test]
    fn later_values_replace_earlier_ones_and_long_ones_are_cut() {
        let process = traced(|| {
            let span = tracing::info_span!("job", done = 0, text = tracing::field::Empty);
            span.record("done", 5);
            span.record("text", "x".repeat(1000).as_str());
            span.in_scope(|| ());
        });
        let fields = &process.spans[0].fields;
        assert_eq!(fields[0].1, "5");
        assert_eq!(fields[1].1.len(), LONGEST_VALUE);
    }

    #[test]
    fn a_span_may_be_in_two_threads_at_once() {
        let process = traced(|| {
            let span = tracing::info_span!("shared");
            let here = span.enter();
            let dispatch = tracing::dispatcher::get_default(Clone::clone);
            std::thread::scope(|scope| {
                let other = || {
                    tracing::dispatcher::with_default(&dispatch, || span.in_scope(|| ()));
                };
                scope.spawn(other);
            });
            drop(here);
        });
        assert_eq!(process.threads.len(), 2);
        assert_eq!(
            process.spans.iter().filter(|span| !is_task(span)).count(),
            2
        );
    }
}
