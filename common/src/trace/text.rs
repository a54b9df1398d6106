//! Lanes as text, for a terminal.

use super::lanes::{Bar, Lane, Picture};
use super::record::Timeline;
use crate::timing::human_duration;
use std::time::Duration;

/// Longer labels are cut: they would leave too few of 80 columns to the lanes.
const LONGEST_LABEL: usize = 32;
/// The minimum number of columns for the lanes: fewer would show nothing.
const FEWEST_COLUMNS: usize = 20;
const IDLE: char = '.';
const WAITING: char = '-';

pub(super) fn draw(timeline: &Timeline, width: usize) -> String {
    let Some(picture) = Picture::of(timeline) else {
        let losses = timeline.losses();
        let losses = losses.iter().map(|loss| format!("incomplete: {loss}\n"));
        return "no spans were recorded\n".to_owned() + &losses.collect::<String>();
    };
    let label = label_width(&picture);
    let scale = Scale::new(&picture, width.saturating_sub(label + 1));
    let mut lines = vec![heading(&picture, &scale)];
    lines.extend(picture.lanes.iter().map(|lane| {
        let name: String = lane.label.chars().take(label).collect();
        format!("{name:>label$} {}", row(lane, &scale))
    }));
    lines.extend(legend(&picture));
    lines.extend(picture.remarks());
    lines.join("\n") + "\n"
}

/// Maps columns to intervals of time.
struct Scale {
    start: u64,
    span: u64,
    columns: usize,
}

impl Scale {
    fn new(picture: &Picture<'_>, columns: usize) -> Scale {
        Scale {
            start: picture.start,
            span: (picture.end - picture.start).max(1),
            columns: columns.max(FEWEST_COLUMNS),
        }
    }

    /// The start of a column. It needs u128: nanoseconds times columns overflow u64 within hours.
    fn edge(&self, column: usize) -> u64 {
        let offset = u128::from(self.span) * column as u128 / self.columns as u128;
        self.start + u64::try_from(offset).unwrap_or(self.span)
    }

    fn column(&self, at: u64) -> usize {
        let offset = u128::from(at - self.start) * self.columns as u128 / u128::from(self.span);
        usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.columns - 1)
    }
}

fn label_width(picture: &Picture<'_>) -> usize {
    let longest = picture.lanes.iter().map(|lane| lane.label.chars().count());
    longest.max().unwrap_or(0).min(LONGEST_LABEL)
}

fn heading(picture: &Picture<'_>, scale: &Scale) -> String {
    let total = Duration::from_nanos(picture.end - picture.start);
    let column = Duration::from_nanos(scale.span / scale.columns as u64);
    format!(
        "{} from left to right, {} a column",
        human_duration(total),
        human_duration(column)
    )
}

/// The content of one column of one lane.
#[derive(Clone, Default)]
struct Cell {
    /// For each name, the nanoseconds in which it was the innermost span.
    names: Vec<(usize, u64)>,
    waiting: bool,
}

impl Cell {
    fn add(&mut self, name: usize, time: u64) {
        match self.names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += time,
            None => self.names.push((name, time)),
        }
    }

    /// The letter of the name that ran longest; a capital if the column was busy for at least half
    /// of its time.
    fn letter(&self, column: u64) -> char {
        let busy: u64 = self.names.iter().map(|&(_, time)| time).sum();
        match self.names.iter().max_by_key(|&&(_, time)| time) {
            Some(&(name, _)) if busy * 2 >= column => letter(name).to_ascii_uppercase(),
            Some(&(name, _)) => letter(name),
            None if self.waiting => WAITING,
            None => IDLE,
        }
    }
}

/// a to z, then `#` for every further name.
fn letter(name: usize) -> char {
    u8::try_from(name)
        .ok()
        .filter(|&name| name < 26)
        .map_or('#', |name| char::from(b'a' + name))
}

fn row(lane: &Lane<'_>, scale: &Scale) -> String {
    let mut cells = vec![Cell::default(); scale.columns];
    for bar in lane.bars.iter().filter(|bar| bar.is_task()) {
        let columns = scale.column(bar.span.start)..=scale.column(bar.span.end);
        cells[columns]
            .iter_mut()
            .for_each(|cell| cell.waiting = true);
    }
    let runs: Vec<Bar<'_>> = lane
        .bars
        .iter()
        .copied()
        .filter(|bar| !bar.is_task())
        .collect();
    innermost(&runs, |start, end, name| {
        let (first, last) = (scale.column(start), scale.column(end - 1));
        for (column, cell) in (first..).zip(&mut cells[first..=last]) {
            let (from, to) = (scale.edge(column), scale.edge(column + 1));
            cell.add(name, end.min(to).saturating_sub(start.max(from)));
        }
    });
    let width = scale.span / scale.columns as u64;
    cells.iter().map(|cell| cell.letter(width)).collect()
}

/// Cuts nested bars into pieces that do not overlap, each with the name of its innermost bar.
fn innermost(bars: &[Bar<'_>], piece: impl FnMut(u64, u64, usize)) {
    let mut cutter = Cutter {
        around: Vec::new(),
        done: 0,
        piece,
    };
    for bar in bars {
        cutter.close_until(bar.span.start);
        cutter.around.push((bar.span.end, bar.name));
    }
    cutter.close_until(u64::MAX);
}

struct Cutter<F> {
    /// End and name of the open bars, outermost first.
    around: Vec<(u64, usize)>,
    /// The time up to which the bars are cut.
    done: u64,
    piece: F,
}

impl<F: FnMut(u64, u64, usize)> Cutter<F> {
    fn close_until(&mut self, at: u64) {
        while let Some((end, name)) = self.around.pop() {
            self.cut(end.min(at), name);
            if end > at {
                self.around.push((end, name));
                break;
            }
        }
        self.done = self.done.max(at);
    }

    fn cut(&mut self, end: u64, name: usize) {
        if end > self.done {
            (self.piece)(self.done, end, name);
            self.done = end;
        }
    }
}

fn legend(picture: &Picture<'_>) -> Vec<String> {
    let mut lines: Vec<String> = picture
        .names
        .iter()
        .enumerate()
        .map(|(index, name)| {
            let busy = human_duration(Duration::from_nanos(name.busy));
            let runs = match name.runs {
                1 => "once".to_owned(),
                runs => format!("{runs} times"),
            };
            format!("  {} {}: ran {runs}, {busy}", letter(index), name.name)
        })
        .collect();
    let mut key = format!("  capitals: busy for half the column or more; {IDLE} idle");
    if picture
        .lanes
        .iter()
        .any(|lane| lane.bars.iter().any(Bar::is_task))
    {
        key.push_str(&format!("; {WAITING} waiting"));
    }
    lines.push(key);
    lines
}

#[cfg(test)]
mod tests {
    use super::super::lanes::tests::sample;
    use super::super::record::tests::{process, run};
    use super::*;

    #[test]
    fn lanes_show_what_ran_when_and_where() {
        insta::assert_snapshot!(draw(&sample(), 74), @r"
        100 ms from left to right, 1.82 ms a column
            process 1 main BBBBBBBBBBBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEEEEEEAAAAA
        process 2 worker-1 ...........DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD...........
                  worker-2 ................dDDDDDDDDDDDDDDDD......................
           process 3 async .....cCC...................cCCCCCCCCCCC..C.............
              task fetch 1 .....cC--------------------cCCCCC-.......C-----------..
              task fetch 2 ......cC-------------------------CCCCCC................
          a count: ran once, 100 ms
          b split: ran once, 20.0 ms
          c fetch: ran 5 times, 25.0 ms
          d sieve: ran 2 times, 90.0 ms
          e merge: ran once, 10.0 ms
          capitals: busy for half the column or more; . idle; - waiting
        ");
    }

    #[test]
    fn nothing_recorded_is_said() {
        let empty = Timeline {
            processes: vec![process(1, &[], Vec::new())],
            unknown: Vec::new(),
        };
        assert_eq!(draw(&empty, 80), "no spans were recorded\n");
    }

    #[test]
    fn a_moment_is_still_seen_and_any_width_will_do() {
        let spans = vec![run("long", 1, 1, 0, 1_000_000), run("blink", 2, 1, 7, 7)];
        let timeline = Timeline {
            processes: vec![process(1, &[(1, "main")], spans)],
            unknown: Vec::new(),
        };
        for width in [0, 10, 80, 500] {
            let text = draw(&timeline, width);
            assert!(text.contains("a long: ran once"), "{text}");
        }
    }

    #[test]
    fn nested_bars_are_cut_at_their_edges() {
        let spans = [
            run("a", 1, 1, 0, 100),
            run("b", 2, 1, 10, 40),
            run("c", 3, 1, 20, 30),
            run("d", 4, 1, 120, 130),
        ];
        let bars: Vec<Bar<'_>> = (0..)
            .zip(&spans)
            .map(|(name, span)| Bar {
                span,
                name,
                depth: 0,
            })
            .collect();
        let mut pieces = Vec::new();
        innermost(&bars, |start, end, name| {
            pieces.push((start / 1_000_000, end / 1_000_000, name));
        });
        assert_eq!(
            pieces,
            [
                (0, 10, 0),
                (10, 20, 1),
                (20, 30, 2),
                (30, 40, 1),
                (40, 100, 0),
                (120, 130, 3)
            ]
        );
    }

    #[test]
    fn names_beyond_the_alphabet_share_a_sign() {
        assert_eq!(
            (letter(0), letter(25), letter(26), letter(999)),
            ('a', 'z', '#', '#')
        );
    }
}
