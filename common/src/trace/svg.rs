//! Lanes as an SVG picture: one file without scripts, readable on light and dark backgrounds.

use super::lanes::{Bar, Lane, Picture};
use super::record::Timeline;
use crate::timing::human_duration;
use std::fmt::Write;
use std::time::Duration;

const WIDTH: f64 = 1100.0;
const LABELS: f64 = 210.0;
const MARGIN: f64 = 10.0;
const TOP: f64 = 40.0;
const BAR: f64 = 14.0;
const GAP: f64 = 6.0;
const LEGEND_COLUMN: f64 = 270.0;
const LEGEND_ROW: f64 = 18.0;
/// Longer labels are cut, to fit into `LABELS` and `LEGEND_COLUMN`.
const LONGEST_LABEL: usize = 32;
/// Bars with the same name that are closer and thinner than this, in pixels, are drawn as one. So a
/// browser can open a picture of 100,000 spans.
const FINEST: f64 = 0.5;

/// Colours of medium lightness, visible on white and on black. Most people with colour-blindness
/// can distinguish them too (after Paul Tol's "bright" and "muted" schemes).
const COLOURS: [&str; 12] = [
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#999933", "#cc6677",
    "#44aa99", "#bb8866", "#8877cc", "#888888",
];

/// No CSS variables: viewers other than browsers do not support them.
const STYLE: &str = "<style>\
text{font:12px system-ui,sans-serif;fill:#222}\
.paper{fill:#fff}\
line{stroke:#ddd}\
.task{fill-opacity:.3}\
@media(prefers-color-scheme:dark){text{fill:#ddd}.paper{fill:#16181d}line{stroke:#3a3d45}}\
</style>";

pub(super) fn draw(timeline: &Timeline) -> String {
    match Picture::of(timeline) {
        Some(picture) => document(&picture),
        None => document(&Picture {
            start: 0,
            end: 0,
            names: Vec::new(),
            lanes: Vec::new(),
            hidden_tasks: 0,
            losses: timeline.losses(),
        }),
    }
}

fn document(picture: &Picture<'_>) -> String {
    let lanes: f64 = picture.lanes.iter().map(height).sum();
    let bottom = TOP + lanes;
    let (legend, legend_end) = legend(picture, bottom + GAP);
    let total = legend_end + MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {total}\" \
         width=\"{WIDTH}\" style=\"max-width:100%;height:auto\" role=\"img\">\n\
         <title>What ran when, and where</title>\n{STYLE}\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
    );
    svg.push_str(&axis(picture, bottom));
    let mut y = TOP;
    for lane in &picture.lanes {
        svg.push_str(&draw_lane(lane, picture, y));
        y += height(lane);
    }
    svg.push_str(&legend);
    svg.push_str("</svg>\n");
    svg
}

fn height(lane: &Lane<'_>) -> f64 {
    lane.depth() as f64 * BAR + GAP
}

/// The horizontal position of a time.
fn x(picture: &Picture<'_>, at: u64) -> f64 {
    let span = (picture.end - picture.start).max(1) as f64;
    let part = (at - picture.start) as f64 / span;
    LABELS + part * (WIDTH - LABELS - MARGIN)
}

fn axis(picture: &Picture<'_>, bottom: f64) -> String {
    let mut svg = String::new();
    for at in ticks(picture.end - picture.start) {
        let x = x(picture, picture.start + at);
        let label = human_duration(Duration::from_nanos(at));
        let anchor = if x > WIDTH - 60.0 { "end" } else { "middle" };
        add(
            &mut svg,
            format_args!(
                "<line x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"28\" y2=\"{bottom}\"/>\
                 <text x=\"{x:.1}\" y=\"20\" text-anchor=\"{anchor}\">{label}</text>\n"
            ),
        );
    }
    svg
}

/// Five to ten times at round distances (1, 2 or 5 times a power of ten), from 0.
fn ticks(span: u64) -> Vec<u64> {
    if span == 0 {
        return vec![0];
    }
    let least = (span / 10).max(1);
    let power = 10_u64.pow(least.ilog10());
    let step = [1, 2, 5, 10]
        .into_iter()
        .map(|factor| power.saturating_mul(factor))
        .find(|&step| step >= least)
        .unwrap_or(least);
    (0..=span / step).map(|number| number * step).collect()
}

fn draw_lane(lane: &Lane<'_>, picture: &Picture<'_>, y: f64) -> String {
    let label: String = lane.label.chars().take(LONGEST_LABEL).collect();
    let mut svg = String::new();
    add(
        &mut svg,
        format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n",
            LABELS - 8.0,
            y + BAR - 3.0,
            escaped(&label)
        ),
    );
    for group in groups(lane, picture) {
        let (x, width) = (group.from, (group.to - group.from).max(FINEST));
        let class = if group.bar.is_task() {
            " class=\"task\""
        } else {
            ""
        };
        add(
            &mut svg,
            format_args!(
                "<rect x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\" \
                 fill=\"{}\"{class}><title>{}</title></rect>\n",
                y + group.bar.depth as f64 * BAR,
                BAR - 1.0,
                colour(group.bar.name),
                escaped(&title(&group, picture)),
            ),
        );
    }
    svg
}

/// Bars drawn as one rectangle.
struct Group<'t> {
    bar: Bar<'t>,
    count: usize,
    from: f64,
    to: f64,
}

impl Group<'_> {
    fn takes(&self, bar: &Bar<'_>, from: f64, to: f64) -> bool {
        let same = self.bar.name == bar.name && self.bar.is_task() == bar.is_task();
        same && from - self.to < FINEST && to - from < FINEST
    }
}

fn groups<'t>(lane: &Lane<'t>, picture: &Picture<'_>) -> Vec<Group<'t>> {
    let mut groups: Vec<Group<'t>> = Vec::new();
    let mut last_at_depth = vec![None; lane.depth()];
    for &bar in &lane.bars {
        let (from, to) = (x(picture, bar.span.start), x(picture, bar.span.end));
        let last = last_at_depth[bar.depth].map(|at: usize| &mut groups[at]);
        match last.filter(|group| group.takes(&bar, from, to)) {
            Some(group) => {
                group.count += 1;
                group.to = group.to.max(to);
            }
            None => {
                last_at_depth[bar.depth] = Some(groups.len());
                groups.push(Group {
                    bar,
                    count: 1,
                    from,
                    to,
                });
            }
        }
    }
    groups
}

/// The tooltip of a bar: name, start, duration, fields.
fn title(group: &Group<'_>, picture: &Picture<'_>) -> String {
    let span = group.bar.span;
    if group.count > 1 {
        return format!("{} ({} spans)", span.name, group.count);
    }
    let took = human_duration(Duration::from_nanos(span.end - span.start));
    let at = human_duration(Duration::from_nanos(span.start - picture.start));
    let alive = if group.bar.is_task() { " alive" } else { "" };
    let mut title = format!("{}: {took}{alive}, from {at}", span.name);
    for (name, value) in &span.fields {
        title.push_str(&format!("\n{name} = {value}"));
    }
    title
}

/// The legend, and the position of its lower end.
fn legend(picture: &Picture<'_>, top: f64) -> (String, f64) {
    let columns = ((WIDTH - 2.0 * MARGIN) / LEGEND_COLUMN) as usize;
    let mut svg = String::new();
    for (index, name) in picture.names.iter().enumerate() {
        let x = MARGIN + (index % columns) as f64 * LEGEND_COLUMN;
        let y = top + (index / columns) as f64 * LEGEND_ROW;
        let short: String = name.name.chars().take(LONGEST_LABEL).collect();
        let busy = human_duration(Duration::from_nanos(name.busy));
        add(
            &mut svg,
            format_args!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\" fill=\"{}\"/>\
                 <text x=\"{}\" y=\"{}\">{} ({}x, {busy})</text>\n",
                colour(index),
                x + 18.0,
                y + 10.0,
                escaped(&short),
                name.runs,
            ),
        );
    }
    let mut end = top + picture.names.len().div_ceil(columns) as f64 * LEGEND_ROW;
    let mut remarks = picture.remarks();
    if picture.names.is_empty() {
        remarks.push("no spans were recorded".to_owned());
    }
    for remark in remarks {
        end += LEGEND_ROW;
        let y = end - 6.0;
        add(
            &mut svg,
            format_args!("<text x=\"{MARGIN}\" y=\"{y}\">{remark}</text>\n"),
        );
    }
    (svg, end)
}

fn colour(name: usize) -> &'static str {
    COLOURS[name % COLOURS.len()]
}

fn add(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = svg.write_fmt(text);
}

/// Escapes text for XML. Control characters, which XML forbids, are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push('\n'),
            sign if sign.is_control() || matches!(sign, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}')
            }
            sign => out.push(sign),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::lanes::tests::sample;
    use super::super::record::tests::{process, run};
    use super::*;

    #[test]
    fn every_lane_span_and_name_is_in_the_picture() {
        let svg = draw(&sample());
        for expected in [
            ">worker-2</text>",
            ">task fetch 2</text>",
            "<title>sieve: 60.0 ms, from 20.0 ms\nn = 4</title>",
            "<title>fetch: 50.0 ms alive, from 10.0 ms\nn = 7</title>",
            ">sieve (2x, 90.0 ms)</text>",
            ">100 ms</text>",
        ] {
            assert!(svg.contains(expected), "{expected} in\n{svg}");
        }
        assert_eq!(svg.matches("class=\"task\"").count(), 3);
        assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn dust_is_drawn_as_one() {
        let mut spans = vec![run("long", 1, 1, 0, 1_000_000)];
        spans.extend((0..1000).map(|n| run("dust", n, 2, 100 + n, 101 + n)));
        let timeline = Timeline {
            processes: vec![process(1, &[(1, "main"), (2, "other")], spans)],
            unknown: Vec::new(),
        };
        let svg = draw(&timeline);
        assert!(svg.contains("<title>dust (1000 spans)</title>"), "{svg}");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("a<b>&\"\u{1}"), "a&lt;b&gt;&amp;&quot;\u{fffd}");
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(0), [0]);
        assert_eq!(ticks(100), [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
        assert_eq!(ticks(1_234), [0, 200, 400, 600, 800, 1000, 1200]);
        assert!(ticks(u64::MAX).len() <= 11);
    }

    #[test]
    fn an_empty_picture_says_so() {
        let timeline = Timeline {
            processes: Vec::new(),
            unknown: Vec::new(),
        };
        assert!(draw(&timeline).contains("no spans were recorded"));
    }
}
