//! The two jobs, each done in all four ways.

use common::cli::{Interrupt, Progress};
use common::comparison::{Comparison, Report};
use concepts::paint::Brush;
use concepts::room::Room;
use concepts::scenes::{self, Scene};
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::args::Args;

/// The time of a stroke: much longer than a note in a diary, much shorter than a scene.
const STROKE: Duration = Duration::from_millis(1);

/// 100 strokes a room: the longest scene takes a fifth of a second.
const STROKES: u64 = 100;

/// Strokes of each of two coats, and how long the first one dries. Most of the time is waiting, and the
/// painting is long enough to be seen.
const COAT: u64 = 20;
const DRYING: Duration = Duration::from_millis(80);

/// How long each job is repeated. The demonstration has two jobs and takes at most ten seconds.
const REPEATING: Duration = Duration::from_millis(3500);

const THREE: NonZeroUsize = NonZeroUsize::new(3).expect("three is not zero");

/// A way to organise the painters.
pub(super) struct Way {
    /// The name in the table.
    pub(super) name: &'static str,
    /// A description in the field's words.
    pub(super) title: &'static str,
    painters: usize,
    /// How many rooms are under way at once.
    rooms: usize,
    run: fn(&[Room], Brush) -> Scene,
}

pub(super) const WAYS: [Way; 4] = [
    Way {
        name: "sequential",
        title: "One painter, one room after the other: sequential",
        painters: 1,
        rooms: 1,
        run: scenes::one_after_another,
    },
    Way {
        name: "taking turns",
        title: "One painter who goes to and fro: concurrent, not parallel",
        painters: 1,
        rooms: 2,
        run: scenes::taking_turns,
    },
    Way {
        name: "two painters",
        title: "Two painters: parallel",
        painters: 2,
        rooms: 2,
        run: scenes::two_painters,
    },
    Way {
        name: "one ladder",
        title: "Two painters and one ladder: two threads and a global lock",
        painters: 2,
        rooms: 2,
        run: scenes::one_ladder,
    },
];

/// The kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Computes,
    Waits,
}

/// A job done in all ways.
pub(super) struct Result {
    pub(super) work: Work,
    pub(super) report: Report<u64>,
    /// The last scene of each way, in the order of [`WAYS`]; none if it failed.
    pub(super) scenes: Vec<Option<Scene>>,
}

/// Both jobs.
pub(super) fn all(args: &Args, interrupt: &Interrupt) -> Vec<Result> {
    let brush = Brush::calibrated(STROKE);
    let progress = Progress::new("", 0, args.output.quiet);
    let results = [Work::Computes, Work::Waits]
        .map(|work| run(work, brush, args.runs, interrupt, &progress))
        .into();
    progress.finish();
    results
}

fn run(
    work: Work,
    brush: Brush,
    runs: Option<NonZeroUsize>,
    interrupt: &Interrupt,
    progress: &Progress,
) -> Result {
    let rooms = [0, 1].map(|number| match work {
        Work::Computes => Room::new(number, STROKES),
        Work::Waits => Room::with_two_coats(number, COAT, DRYING),
    });
    let scenes = RefCell::new(vec![None; WAYS.len()]);
    let comparison = Comparison::new(match work {
        Work::Computes => "two rooms, work that computes",
        Work::Waits => "two rooms, work that waits",
    })
    .input(match work {
        Work::Computes => format!("{STROKES} strokes a room"),
        Work::Waits => format!("two coats of {COAT} strokes a room"),
    })
    .agreement("the same paint on the walls");
    let mut comparison = match runs {
        Some(runs) => comparison.runs(runs),
        None => comparison.runs_within(THREE, REPEATING),
    };
    if work == Work::Waits {
        comparison = comparison.waiting();
    }
    for (at, way) in WAYS.iter().enumerate() {
        let (rooms, scenes) = (&rooms, &scenes);
        let job = move || {
            if interrupt.raised() {
                return Err("interrupted".into());
            }
            let scene = (way.run)(rooms, brush);
            let paint = scene.paint;
            scenes.borrow_mut()[at] = Some(scene);
            Ok(paint)
        };
        let workers = match work {
            Work::Computes => way.painters,
            Work::Waits => way.rooms,
        };
        comparison = match at {
            0 => comparison.baseline(way.name, workers, job),
            _ => comparison.model(way.name, workers, job),
        };
    }
    let report = comparison.run(&mut |way, time| progress.say(&format!("{way}, run {time}")));
    Result {
        work,
        report,
        scenes: scenes.into_inner(),
    }
}
