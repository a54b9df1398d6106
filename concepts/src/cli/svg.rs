//! The lanes of both jobs as one self-contained SVG picture.

use super::job::{Result, WAYS, Work};
use common::timing::human_duration;
use concepts::diary::{Activity, Stretch};
use concepts::scenes::Scene;
use std::fmt::Write;
use std::time::Duration;

const WIDTH: f64 = 860.0;
const LEFT: f64 = 90.0;
const RIGHT: f64 = 70.0;
const LANE: f64 = 16.0;
const LINE: f64 = 20.0;

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#222}.h{font-weight:600;font-size:14px}\
    .paper{fill:#fff}.a{fill:#4477aa}.b{fill:#ee9944}.dry{fill:#bbb;fill-opacity:.5}\
    .ladder{fill:#cc3311;fill-opacity:.35}@media(prefers-color-scheme:dark){text{fill:#ddd}\
    .paper{fill:#16181d}}";

/// Draws all scenes of both jobs. All scenes of a job have the same scale.
pub(super) fn draw(results: &[Result]) -> String {
    let mut body = String::new();
    let mut y = LINE;
    legend(&mut body, &mut y);
    for result in results {
        y += LINE / 2.0;
        let title = match result.work {
            Work::Computes => "Work that computes",
            Work::Waits => "Work that waits",
        };
        words(&mut body, 10.0, y, "h", title);
        y += LINE;
        let longest = longest(result);
        for (way, scene) in WAYS.iter().zip(&result.scenes) {
            let Some(scene) = scene else { continue };
            words(&mut body, 10.0, y, "", way.title);
            y += 6.0;
            lanes(&mut body, &mut y, scene, longest);
            y += LINE;
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" width=\"{WIDTH}\" \
         style=\"max-width:100%;height:auto\" role=\"img\">\n\
         <title>Painters and rooms: what ran when</title>\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{body}</svg>\n"
    )
}

/// How long the longest scene of a job took.
pub(super) fn longest(result: &Result) -> Duration {
    let lengths = result.scenes.iter().flatten().map(Scene::length);
    lengths.max().unwrap_or_default()
}

fn legend(body: &mut String, y: &mut f64) {
    let signs = [
        ("a", "paints room A"),
        ("b", "paints room B"),
        ("dry", "waits for paint to dry"),
        ("ladder", "waits for the ladder"),
    ];
    let mut x = 10.0;
    for (class, text) in signs {
        bar(body, class, (x, *y - 10.0, 12.0), "");
        words(body, x + 17.0, *y, "", text);
        x += 190.0;
    }
    *y += LINE;
}

fn lanes(body: &mut String, y: &mut f64, scene: &Scene, longest: Duration) {
    let scale = (WIDTH - LEFT - RIGHT) / longest.as_secs_f64().max(1e-9);
    let x = |at: Duration| LEFT + at.as_secs_f64() * scale;
    for (number, lane) in (1..).zip(&scene.lanes) {
        words(body, 10.0, *y + 12.0, "", &format!("painter {number}"));
        for stretch in lane {
            let (class, what) = kind(stretch);
            let time = human_duration(stretch.end - stretch.start);
            let width = x(stretch.end) - x(stretch.start);
            let title = format!("{what}: {time}");
            bar(body, class, (x(stretch.start), *y, width), &title);
        }
        *y += LANE;
    }
    let length = scene.length();
    let time = human_duration(length);
    words(body, x(length) + 6.0, *y - LANE + 12.0, "", &time);
}

fn kind(stretch: &Stretch) -> (&'static str, &'static str) {
    match stretch.activity {
        Activity::Paints(0) => ("a", "paints room A"),
        Activity::Paints(_) => ("b", "paints room B"),
        Activity::WaitsForPaint => ("dry", "waits for paint to dry"),
        Activity::WaitsForLadder => ("ladder", "waits for the ladder"),
    }
}

/// A bar at `(x, y, width)`. No text comes from outside, so none is escaped.
fn bar(body: &mut String, class: &str, (x, y, width): (f64, f64, f64), title: &str) {
    let _infallible = writeln!(
        body,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.2}\" \
         height=\"12\"><title>{title}</title></rect>"
    );
}

fn words(body: &mut String, x: f64, y: f64, class: &str, text: &str) {
    let _infallible = writeln!(
        body,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
    );
}
