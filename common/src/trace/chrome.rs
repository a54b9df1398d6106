//! The Chrome trace event format, which Perfetto reads.
//!
//! Source: "Trace Event Format", Google; events `X` (complete), `b`/`e` (async) and `M` (metadata).

use super::record::{Kind, Process, Span, Timeline};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

pub(super) fn write(timeline: &Timeline, mut out: impl Write) -> io::Result<()> {
    let zero = timeline.bounds().map_or(0, |(start, _)| start);
    let missing = json!({
        "dropped_spans": timeline.dropped(),
        "lost_spans": timeline.lost(),
        "losses": timeline.losses(),
    });
    write!(
        out,
        r#"{{"displayTimeUnit":"ms","otherData":{missing},"traceEvents":["#
    )?;
    // Write one event at a time: a `Value` of the whole document would need many times the trace's
    // memory.
    let mut separator = "\n";
    for event in events(timeline, zero) {
        write!(out, "{separator}{event}")?;
        separator = ",\n";
    }
    writeln!(out, "\n]}}")
}

fn events(timeline: &Timeline, zero: u64) -> impl Iterator<Item = Value> {
    timeline
        .processes
        .iter()
        .enumerate()
        .flat_map(move |(order, process)| {
            let spans = process
                .spans
                .iter()
                .flat_map(move |span| span_events(process, span, zero));
            names(order, process).into_iter().chain(spans)
        })
}

fn names(order: usize, process: &Process) -> Vec<Value> {
    let pid = process.pid;
    let about = |event: &str, tid: u64, args: Value| json!({"ph": "M", "name": event, "pid": pid, "tid": tid, "args": args});
    let main = u64::from(pid);
    let mut names = vec![
        about("process_name", main, json!({"name": process.name})),
        about("process_sort_index", main, json!({"sort_index": order})),
    ];
    let threads = process.threads.iter();
    names.extend(threads.map(|(&id, name)| about("thread_name", id, json!({"name": name}))));
    names
}

fn span_events(process: &Process, span: &Span, zero: u64) -> Vec<Value> {
    let pid = process.pid;
    let (start, end) = (micros(span.start, zero), micros(span.end, zero));
    let (name, args) = (&span.name, arguments(span));
    match span.kind {
        Kind::Run { thread } => vec![json!({
            "ph": "X", "name": name, "pid": pid, "tid": thread,
            "ts": start, "dur": micros(span.end, span.start), "args": args,
        })],
        Kind::Task => {
            let id = format!("{pid}.{}", span.id);
            let tid = u64::from(pid);
            let event = |phase: &str, at: f64| {
                json!({
                    "ph": phase, "cat": "task", "id": id, "name": name, "pid": pid, "tid": tid,
                    "ts": at, "args": args,
                })
            };
            vec![event("b", start), event("e", end)]
        }
    }
}

/// The format's unit is the microsecond, with a fraction.
fn micros(at: u64, zero: u64) -> f64 {
    at.saturating_sub(zero) as f64 / 1000.0
}

fn arguments(span: &Span) -> Map<String, Value> {
    span.fields
        .iter()
        .map(|(name, value)| (name.to_string(), Value::String(value.clone())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{process, run, task};
    use super::*;

    #[test]
    fn events_carry_real_pids_tids_names_and_microseconds() {
        let timeline = Timeline {
            processes: vec![
                process(40, &[(40, "main")], vec![run("split", 1, 40, 10, 30)]),
                process(
                    41,
                    &[(42, "worker")],
                    vec![run("sieve", 7, 42, 12, 20), task("fetch", 9, 13, 14)],
                ),
            ],
            unknown: Vec::new(),
        };
        let mut bytes = Vec::new();
        write(&timeline, &mut bytes).unwrap();
        let trace: Value = serde_json::from_slice(&bytes).unwrap();
        let events = trace["traceEvents"].as_array().unwrap();
        let sieve = events
            .iter()
            .find(|event| event["name"] == "sieve")
            .unwrap();
        assert_eq!(
            *sieve,
            json!({"ph": "X", "name": "sieve", "pid": 41, "tid": 42, "ts": 2000.0, "dur": 8000.0, "args": {"n": "7"}})
        );
        let thread = events
            .iter()
            .find(|event| event["name"] == "thread_name" && event["pid"] == 41)
            .unwrap();
        assert_eq!(thread["args"]["name"], "worker");
        let phases: Vec<_> = events
            .iter()
            .filter(|event| event["id"] == "41.9")
            .map(|event| (event["ph"].as_str().unwrap(), event["ts"].as_f64().unwrap()))
            .collect();
        assert_eq!(phases, [("b", 3000.0), ("e", 4000.0)]);
    }

    #[test]
    fn an_empty_trace_is_a_valid_document() {
        let mut bytes = Vec::new();
        let timeline = Timeline {
            processes: Vec::new(),
            unknown: Vec::new(),
        };
        write(&timeline, &mut bytes).unwrap();
        let trace: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(trace["traceEvents"], json!([]));
    }
}
