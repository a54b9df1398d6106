//! The results as text and as JSON. Each conclusion follows from the figures.

use super::job::{Result, WAYS, Work};
use super::{svg, text};
use common::comparison::Standing;
use common::cpus;
use common::text::wrapped;
use common::timing::human_duration;
use concepts::diary::{Activity, Stretch};
use serde_json::{Value, json};

const WIDTH: usize = 80;

/// The whole demonstration as text; `quiet` leaves out the lanes and the explanations.
pub(super) fn text(results: &[Result], quiet: bool) -> String {
    let mut text = String::new();
    if !quiet {
        text.push_str(
            "Two rooms are painted in four ways. Each line is a thread. Time runs from left\nto right.\n",
        );
        text.push_str(text::LEGEND);
        text.push('\n');
    }
    if !quiet {
        for result in results {
            text.push_str(&lanes(result));
            text.push_str(&format!("\n{}\n", wrapped(&conclusion(result), WIDTH)));
        }
        text.push_str("\nTHE FIGURES\n\n");
    }
    let tables: Vec<String> = results.iter().map(|it| it.report.text()).collect();
    let tables: Vec<&str> = tables.iter().map(|it| it.trim_end()).collect();
    text.push_str(&tables.join("\n\n"));
    text.push('\n');
    if !quiet {
        let next = common::cli::read_next("concepts");
        text.push_str(&format!("\n{next}\nThe next room: primes\n"));
    }
    text
}

fn lanes(result: &Result) -> String {
    let longest = svg::longest(result);
    let mut text = match result.work {
        Work::Computes => "\nWORK THAT COMPUTES. Look for: which way ends sooner?\n".to_owned(),
        Work::Waits => {
            "\nWORK THAT WAITS: each room gets two coats, and the first has to dry.\nLook for: which painter is idle?\n"
                .to_owned()
        }
    };
    for (way, scene) in WAYS.iter().zip(&result.scenes) {
        let Some(scene) = scene else { continue };
        let time = human_duration(scene.length());
        text.push_str(&format!("\n{} ({time})\n", way.title));
        for (number, lane) in (1..).zip(&scene.lanes) {
            text.push_str(&format!(
                "  painter {number}  {}\n",
                text::lane(lane, longest)
            ));
        }
    }
    text
}

/// The conclusion about each way, compared with the first.
fn conclusion(result: &Result) -> String {
    let said = WAYS[1..].iter().filter_map(|way| {
        let standing = result.report.standing(way.name)?;
        let why = why(result.work, way.name, standing);
        Some(format!("- {}: {}. {why}", way.name, compared(standing)))
    });
    let mut lines: Vec<String> = said.collect();
    if !result.report.disturbances().is_empty() {
        let busy = "- The machine was busy (the signs are listed under the table): run it again.";
        lines.push(busy.to_owned());
    }
    lines.join("\n")
}

fn compared(standing: Standing) -> String {
    match standing {
        Standing::Faster(times) => format!("{times:.1} times as fast as one after another"),
        Standing::Equal(_) => "no faster than one after another".to_owned(),
        Standing::Slower(times) => {
            format!("took {:.2} times as long as one after another", 1.0 / times)
        }
    }
}

/// The reason; if the figure contradicts the theory, what to look at.
fn why(work: Work, way: &str, standing: Standing) -> &'static str {
    let faster = matches!(standing, Standing::Faster(_));
    match (work, way, faster) {
        (Work::Computes, "taking turns", false) => {
            "Going to and fro saves no time: one painter does one thing at a time."
        }
        (Work::Computes, "two painters", true) => "Work that computes gains from a second CPU.",
        (Work::Computes, "two painters", false) if cpus::usable().get() < 2 => {
            "This process may use one CPU: two threads have to share it."
        }
        (Work::Computes, "one ladder", false) => {
            "Two threads, but only one paints at a time, as with threads under Python's GIL."
        }
        (Work::Waits, "taking turns", true) => {
            "One thread is enough to wait for many things: it paints where paint is not wet. This is \
             what an event loop and async do."
        }
        (Work::Waits, "two painters", true) => "Two threads wait at the same time.",
        (Work::Waits, "one ladder", true) => {
            "A painter that waits needs no ladder: a global lock costs little where work waits, and \
             Python's threads help there."
        }
        _ => "The theory says something else: perhaps other programs used the CPUs. Run it again.",
    }
}

/// Everything measured, as one document.
pub(super) fn json(results: &[Result]) -> Value {
    results
        .iter()
        .map(|result| {
            let mut document = result.report.json();
            document["scenes"] = WAYS
                .iter()
                .zip(&result.scenes)
                .filter_map(|(way, scene)| {
                    let lanes = scene.as_ref()?.lanes.iter();
                    let lanes: Vec<Vec<Value>> = lanes
                        .map(|lane| lane.iter().map(stretch).collect())
                        .collect();
                    Some(json!({ "model": way.name, "lanes": lanes }))
                })
                .collect();
            document
        })
        .collect()
}

fn stretch(stretch: &Stretch) -> Value {
    let (activity, room) = match stretch.activity {
        Activity::Paints(room) => ("paints", Some(room)),
        Activity::WaitsForPaint => ("waits for paint", None),
        Activity::WaitsForLadder => ("waits for the ladder", None),
    };
    json!({
        "activity": activity,
        "room": room,
        "start_s": stretch.start.as_secs_f64(),
        "end_s": stretch.end.as_secs_f64(),
    })
}
