//! Arranges bars on lanes, for the text and the SVG picture.

use super::record::{Kind, Process, Span, Timeline};
use std::collections::HashMap;

/// The maximum number of lanes for tasks per process: more would not fit a screen. The rest are
/// counted.
const MAX_TASK_LANES: usize = 32;

/// A timeline arranged for drawing.
pub(super) struct Picture<'t> {
    /// The first start, in nanoseconds.
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) names: Vec<Name<'t>>,
    pub(super) lanes: Vec<Lane<'t>>,
    /// The number of tasks without a lane.
    pub(super) hidden_tasks: usize,
    /// The reasons why the picture is not complete.
    pub(super) losses: Vec<String>,
}

/// A span name with its totals. Names are in the order of their first start.
pub(super) struct Name<'t> {
    pub(super) name: &'t str,
    /// The number of runs of spans with this name.
    pub(super) runs: usize,
    /// Their total time, in nanoseconds; it includes the spans inside them.
    pub(super) busy: u64,
}

pub(super) struct Lane<'t> {
    pub(super) label: String,
    pub(super) bars: Vec<Bar<'t>>,
}

#[derive(Clone, Copy)]
pub(super) struct Bar<'t> {
    pub(super) span: &'t Span,
    /// Index in the picture's names.
    pub(super) name: usize,
    /// The number of bars of this lane that contain this one.
    pub(super) depth: usize,
}

impl Bar<'_> {
    /// Whether this is the lifetime of a task, drawn behind the pieces that ran.
    pub(super) fn is_task(&self) -> bool {
        self.span.kind == Kind::Task
    }
}

impl Lane<'_> {
    pub(super) fn depth(&self) -> usize {
        self.bars.iter().map(|bar| bar.depth + 1).max().unwrap_or(1)
    }
}

impl<'t> Picture<'t> {
    /// Arranges a timeline. `None` if nothing was recorded.
    pub(super) fn of(timeline: &'t Timeline) -> Option<Picture<'t>> {
        let (start, end) = timeline.bounds()?;
        let names = names(timeline);
        let index: HashMap<&str, usize> = names.iter().map(|name| name.name).zip(0..).collect();
        let mut picture = Picture {
            start,
            end,
            names,
            lanes: Vec::new(),
            hidden_tasks: 0,
            losses: timeline.losses(),
        };
        let ran = |process: &&Process| !process.spans.is_empty();
        let several = timeline.processes.iter().filter(ran).count() > 1;
        for (number, process) in (1..).zip(timeline.processes.iter().filter(ran)) {
            picture.add(process, several.then_some(number), &index);
        }
        Some(picture)
    }

    /// Adds a process's lanes. `process_number`: there are other processes, so the label names this
    /// one. The system's number of a process would be another one in each run.
    fn add(
        &mut self,
        process: &'t Process,
        process_number: Option<usize>,
        index: &HashMap<&str, usize>,
    ) {
        let mut lanes: Vec<(String, Vec<&Span>)> = threads(process);
        let mut tasks = pack(spans_of(process, |span| span.kind == Kind::Task));
        let hidden = tasks.split_off(tasks.len().min(MAX_TASK_LANES));
        self.hidden_tasks += hidden.iter().map(Vec::len).sum::<usize>();
        let named = task_lanes(&tasks).into_iter().zip(tasks);
        lanes.extend(named.map(|(name, tasks)| (name, with_their_runs(tasks, process))));
        let lane = |(number, (name, spans)): (usize, (String, Vec<&'t Span>))| Lane {
            // The process is named once, on the first of its lanes.
            label: match process_number {
                Some(process) if number == 0 => format!("process {process} {name}"),
                _ => name,
            },
            bars: nest(spans, index),
        };
        self.lanes.extend(lanes.into_iter().enumerate().map(lane));
    }

    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.hidden_tasks > 0 {
            remarks.push(format!("{} more tasks are not shown", self.hidden_tasks));
        }
        let losses = self.losses.iter();
        remarks.extend(losses.map(|loss| format!("incomplete: {loss}")));
        remarks
    }
}

fn names(timeline: &Timeline) -> Vec<Name<'_>> {
    let mut spans: Vec<&Span> = timeline.processes.iter().flat_map(|it| &it.spans).collect();
    spans.sort_by_key(|span| span.start);
    let mut names: Vec<Name<'_>> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    for span in spans {
        let at = *index.entry(&span.name).or_insert_with(|| {
            names.push(Name {
                name: &span.name,
                runs: 0,
                busy: 0,
            });
            names.len() - 1
        });
        if span.kind != Kind::Task {
            names[at].runs += 1;
            names[at].busy += span.end - span.start;
        }
    }
    names
}

fn spans_of(process: &Process, wanted: impl Fn(&Span) -> bool) -> Vec<&Span> {
    let mut spans: Vec<&Span> = process.spans.iter().filter(|span| wanted(span)).collect();
    // If two spans start together, the outer one comes first.
    spans.sort_by_key(|span| (span.start, u64::MAX - span.end));
    spans
}

/// The threads of a process that ran anything, in the order of their first span. Threads with the
/// same name that ran one after the other share a lane, because a pool that is created again for
/// each run is one pool for the reader.
fn threads(process: &Process) -> Vec<(String, Vec<&Span>)> {
    let mut threads: Vec<(u64, Vec<&Span>)> = Vec::new();
    let mut index: HashMap<u64, usize> = HashMap::new();
    for span in spans_of(process, |_| true) {
        let Kind::Run { thread } = span.kind else {
            continue;
        };
        let at = *index.entry(thread).or_insert_with(|| {
            threads.push((thread, Vec::new()));
            threads.len() - 1
        });
        threads[at].1.push(span);
    }
    let name = |id: u64| process.threads.get(&id).map_or("thread", String::as_str);
    let mut lanes: Vec<(&str, Vec<&Span>)> = Vec::new();
    for (id, spans) in threads {
        let start = spans.first().map_or(0, |span| span.start);
        let is_free = |(other, earlier): &&mut (&str, Vec<&Span>)| {
            *other == name(id) && earlier.iter().all(|span| span.end <= start)
        };
        match lanes.iter_mut().find(is_free) {
            Some((_, earlier)) => earlier.extend(spans),
            None => lanes.push((name(id), spans)),
        }
    }
    let names = numbered(lanes.iter().map(|(name, _)| (*name).to_owned()).collect());
    let spans = lanes.into_iter().map(|(_, spans)| spans);
    names.into_iter().zip(spans).collect()
}

/// The labels of the task lanes: the name of the tasks, if all tasks of the lane have the same;
/// with a number, if several lanes would have the same label.
fn task_lanes(lanes: &[Vec<&Span>]) -> Vec<String> {
    let common = |lane: &Vec<&Span>| {
        let first = lane.first()?;
        let same = lane.iter().all(|task| task.name == first.name);
        same.then(|| format!("task {}", first.name))
    };
    let name = |lane| common(lane).unwrap_or_else(|| "task lane".to_owned());
    numbered(lanes.iter().map(name).collect())
}

/// Adds numbers, from 1, to names that occur several times.
fn numbered(names: Vec<String>) -> Vec<String> {
    let numbered = |(at, name): (usize, &String)| {
        let alike = |names: &[String]| names.iter().filter(|it| *it == name).count();
        match alike(&names) {
            1 => name.clone(),
            _ => format!("{name} {}", alike(&names[..=at])),
        }
    };
    names.iter().enumerate().map(numbered).collect()
}

/// Puts each task on the first lane that is free when it starts.
fn pack(tasks: Vec<&Span>) -> Vec<Vec<&Span>> {
    let mut lanes: Vec<Vec<&Span>> = Vec::new();
    for task in tasks {
        let free = |lane: &&mut Vec<&Span>| lane.last().is_none_or(|last| last.end <= task.start);
        match lanes.iter_mut().find(free) {
            Some(lane) => lane.push(task),
            None => lanes.push(vec![task]),
        }
    }
    lanes
}

/// Each task, followed by the pieces of it that ran. Ids are used again after a task is closed, so
/// a piece must also lie inside the task's time.
fn with_their_runs<'t>(tasks: Vec<&'t Span>, process: &'t Process) -> Vec<&'t Span> {
    let mut runs: HashMap<u64, Vec<&Span>> = HashMap::new();
    for run in spans_of(process, |span| span.kind != Kind::Task) {
        runs.entry(run.id).or_default().push(run);
    }
    let pieces = |task: &'t Span| {
        let inside = |run: &&Span| task.start <= run.start && run.end <= task.end;
        let same_id = runs.get(&task.id).into_iter().flatten().copied();
        std::iter::once(task).chain(same_id.filter(inside))
    };
    tasks.into_iter().flat_map(pieces).collect()
}

/// Sets the depth of each bar. The spans must be sorted by start.
fn nest<'t>(spans: Vec<&'t Span>, index: &HashMap<&str, usize>) -> Vec<Bar<'t>> {
    let mut around: Vec<u64> = Vec::new();
    let mut bar = |span: &'t Span| {
        while around.last().is_some_and(|&end| end <= span.start) {
            around.pop();
        }
        // A piece of a task is drawn in front of its lifetime.
        let depth = around.len();
        if span.kind != Kind::Task {
            around.push(span.end);
        }
        let name = index[&*span.name];
        Bar { span, name, depth }
    };
    spans.into_iter().map(&mut bar).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::record::tests::{process, run, task};
    use super::*;

    /// Two processes, nesting, and two tasks that take turns on one thread.
    pub(in super::super) fn sample() -> Timeline {
        Timeline {
            processes: vec![
                process(
                    40,
                    &[(40, "main")],
                    vec![
                        run("count", 1, 40, 0, 100),
                        run("split", 2, 40, 0, 20),
                        run("merge", 3, 40, 80, 90),
                    ],
                ),
                process(
                    41,
                    &[(41, "worker-1"), (43, "worker-2")],
                    vec![run("sieve", 4, 41, 20, 80), run("sieve", 5, 43, 30, 60)],
                ),
                process(
                    50,
                    &[(50, "async")],
                    vec![
                        task("fetch", 7, 10, 60),
                        run("fetch", 7, 50, 10, 12),
                        run("fetch", 7, 50, 50, 60),
                        task("fetch", 8, 12, 70),
                        run("fetch", 8, 50, 12, 14),
                        run("fetch", 8, 50, 60, 70),
                        task("fetch", 7, 75, 95),
                        run("fetch", 7, 50, 75, 76),
                    ],
                ),
            ],
            unknown: Vec::new(),
        }
    }

    #[test]
    fn lanes_are_threads_then_tasks_that_fit_together() {
        let timeline = sample();
        let picture = Picture::of(&timeline).unwrap();
        let labels: Vec<_> = picture.lanes.iter().map(|lane| &*lane.label).collect();
        assert_eq!(
            labels,
            [
                "process 1 main",
                "process 2 worker-1",
                "worker-2",
                "process 3 async",
                "task fetch 1",
                "task fetch 2",
            ]
        );
        // Span id 7 was used twice. Each task has its own pieces.
        let first: Vec<_> = picture.lanes[4].bars.iter().map(Bar::is_task).collect();
        assert_eq!(first, [true, false, false, true, false]);
    }

    #[test]
    fn one_process_is_not_named_and_lanes_of_tasks_are_what_their_tasks_are() {
        let spans = vec![
            task("squares", 1, 0, 10),
            task("cubes", 2, 5, 10),
            task("squares", 3, 20, 30),
            task("cubes", 4, 20, 30),
            task("cubes", 5, 25, 30),
        ];
        let timeline = Timeline {
            processes: vec![
                process(9, &[], Vec::new()),
                process(1, &[(7, "worker 0")], spans),
            ],
            unknown: Vec::new(),
        };
        let picture = Picture::of(&timeline).unwrap();
        let labels: Vec<_> = picture.lanes.iter().map(|lane| &*lane.label).collect();
        assert_eq!(labels, ["task squares", "task cubes 1", "task cubes 2"]);
        let mixed = [task("a", 1, 0, 1), task("b", 2, 2, 3)];
        assert_eq!(task_lanes(&[mixed.iter().collect()]), ["task lane"]);
    }

    #[test]
    fn threads_of_one_name_share_a_lane_unless_they_ran_at_once() {
        let names = [
            (1, "main"),
            (2, "worker-0"),
            (3, "worker-0"),
            (4, "worker-0"),
        ];
        let spans = vec![
            run("check", 1, 2, 0, 10),
            run("check", 2, 3, 10, 20),
            run("check", 3, 4, 15, 30),
        ];
        let timeline = Timeline {
            processes: vec![process(1, &names, spans)],
            unknown: Vec::new(),
        };
        let picture = Picture::of(&timeline).unwrap();
        let lanes: Vec<_> = picture
            .lanes
            .iter()
            .map(|lane| (&*lane.label, lane.bars.len()))
            .collect();
        assert_eq!(lanes, [("worker-0 1", 2), ("worker-0 2", 1)]);
    }

    #[test]
    fn depth_counts_the_bars_around() {
        let timeline = sample();
        let picture = Picture::of(&timeline).unwrap();
        let depths: Vec<_> = picture.lanes[0].bars.iter().map(|bar| bar.depth).collect();
        assert_eq!(depths, [0, 1, 1]);
        assert_eq!(picture.lanes[0].depth(), 2);
    }

    #[test]
    fn names_are_counted_in_order_of_first_start() {
        let timeline = sample();
        let picture = Picture::of(&timeline).unwrap();
        let names: Vec<_> = picture
            .names
            .iter()
            .map(|name| (name.name, name.runs, name.busy / 1_000_000))
            .collect();
        assert_eq!(names[0], ("count", 1, 100));
        assert!(names.contains(&("sieve", 2, 90)));
        assert!(names.contains(&("fetch", 5, 25)));
    }

    #[test]
    fn tasks_beyond_the_lanes_are_counted() {
        let spans = (0..40).map(|id| task("fetch", id, 0, 10)).collect();
        let timeline = Timeline {
            processes: vec![process(1, &[], spans)],
            unknown: Vec::new(),
        };
        let picture = Picture::of(&timeline).unwrap();
        assert_eq!(picture.lanes.len(), MAX_TASK_LANES);
        assert_eq!(picture.remarks(), ["8 more tasks are not shown"]);
    }
}
