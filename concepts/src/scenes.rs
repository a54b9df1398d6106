//! Four ways to organise the same work.
//!
//! All have the same signature, and their paint is equal.

use crate::diary::{Activity, Diary, Stretch};
use crate::ladder::Ladder;
use crate::paint::Brush;
use crate::room::{Piece, Room};
use std::collections::VecDeque;
use std::ops::Range;
use std::thread;
use std::time::{Duration, Instant};

/// The result of a scene, and the lane of each painter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// The sum of all strokes: the same for the same rooms, whichever painter painted them.
    pub paint: u64,
    /// A lane for each painter.
    pub lanes: Vec<Vec<Stretch>>,
}

impl Scene {
    /// The time until the last painter has finished.
    pub fn length(&self) -> Duration {
        let ends = self.lanes.iter().flatten().map(|stretch| stretch.end);
        ends.max().unwrap_or_default()
    }
}

/// One painter paints one room after the other. While paint dries the painter waits.
pub fn one_after_another(rooms: &[Room], brush: Brush) -> Scene {
    let mut painter = Painter::new(Instant::now(), brush);
    for room in rooms {
        for piece in &room.pieces {
            match piece {
                Piece::Paint(strokes) => painter.paint(room, strokes.clone()),
                Piece::Dry(time) => painter.wait(*time),
            }
        }
    }
    Scene::of([painter])
}

/// One painter, who does a piece of one room, then a piece of the next. While paint dries in one room,
/// the painter works in another: cooperative scheduling.
pub fn taking_turns(rooms: &[Room], brush: Brush) -> Scene {
    let mut painter = Painter::new(Instant::now(), brush);
    let mut ready: VecDeque<_> = rooms.iter().map(|it| (it, it.pieces.iter())).collect();
    let mut drying: Vec<(Instant, _)> = Vec::new();
    loop {
        let now = Instant::now();
        let (dry, wet) = drying.into_iter().partition(|&(at, _)| at <= now);
        drying = wet;
        let dry: Vec<(Instant, _)> = dry;
        ready.extend(dry.into_iter().map(|(_, work)| work));
        if let Some((room, mut pieces)) = ready.pop_front() {
            match pieces.next() {
                Some(Piece::Paint(strokes)) => {
                    painter.paint(room, strokes.clone());
                    ready.push_back((room, pieces));
                }
                Some(Piece::Dry(time)) => drying.push((Instant::now() + *time, (room, pieces))),
                None => {}
            }
        } else {
            match drying.iter().map(|&(at, _)| at).min() {
                Some(at) => painter.wait(at.saturating_duration_since(Instant::now())),
                None => return Scene::of([painter]),
            }
        }
    }
}

/// A painter for each room, each a thread of the system.
pub fn two_painters(rooms: &[Room], brush: Brush) -> Scene {
    each_in_a_thread(rooms, brush, None)
}

/// A painter for each room, and one ladder. A painter needs it to paint, passes it on after each piece,
/// and does not need it to wait for paint to dry. This is what a global interpreter lock does.
pub fn one_ladder(rooms: &[Room], brush: Brush) -> Scene {
    each_in_a_thread(rooms, brush, Some(&Ladder::default()))
}

fn each_in_a_thread(rooms: &[Room], brush: Brush, ladder: Option<&Ladder>) -> Scene {
    let began = Instant::now();
    let paint_room = |room: &Room| {
        let mut painter = Painter::new(began, brush);
        for piece in &room.pieces {
            match piece {
                Piece::Paint(strokes) => {
                    let turn = ladder.map(|it| painter.wait_for(it));
                    painter.paint(room, strokes.clone());
                    drop(turn);
                }
                Piece::Dry(time) => painter.wait(*time),
            }
        }
        painter
    };
    thread::scope(|scope| {
        let threads: Vec<_> = rooms
            .iter()
            .map(|room| scope.spawn(move || paint_room(room)))
            .collect();
        Scene::of(threads.into_iter().map(|thread| match thread.join() {
            Ok(painter) => painter,
            Err(panic) => std::panic::resume_unwind(panic),
        }))
    })
}

/// A painter, with a brush and a diary.
struct Painter {
    brush: Brush,
    diary: Diary,
    paint: u64,
}

impl Painter {
    fn new(began: Instant, brush: Brush) -> Painter {
        Painter {
            brush,
            diary: Diary::new(began),
            paint: 0,
        }
    }

    fn paint(&mut self, room: &Room, strokes: Range<u64>) {
        let (brush, first) = (self.brush, (room.number as u64) << 32);
        let paint = || {
            let painted = strokes.map(|stroke| brush.stroke(first + stroke));
            painted.fold(0, u64::wrapping_add)
        };
        let painted = self.diary.during(Activity::Paints(room.number), paint);
        self.paint = self.paint.wrapping_add(painted);
    }

    fn wait(&mut self, time: Duration) {
        let waiting = Activity::WaitsForPaint;
        self.diary.during(waiting, || thread::sleep(time));
    }

    fn wait_for<'l>(&mut self, ladder: &'l Ladder) -> crate::ladder::Turn<'l> {
        self.diary
            .during(Activity::WaitsForLadder, || ladder.take())
    }
}

impl Scene {
    fn of(painters: impl IntoIterator<Item = Painter>) -> Scene {
        let mut scene = Scene {
            paint: 0,
            lanes: Vec::new(),
        };
        for painter in painters {
            scene.paint = scene.paint.wrapping_add(painter.paint);
            scene.lanes.push(painter.diary.into_stretches());
        }
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRYING: Duration = Duration::from_millis(3);

    fn rooms() -> [Room; 2] {
        [0, 1].map(|number| Room::with_two_coats(number, 20, DRYING))
    }

    fn order(lane: &[Stretch]) -> Vec<Activity> {
        let mut order: Vec<_> = lane.iter().map(|stretch| stretch.activity).collect();
        order.dedup();
        order
    }

    #[test]
    fn each_way_puts_the_same_paint_on_the_walls() {
        let brush = Brush::new(100);
        // The sum over both rooms, stroke by stroke, without any of the ways.
        let strokes = [0_u64, 1 << 32].map(|first| first..first + 40);
        let expected = strokes.into_iter().flatten().map(|it| brush.stroke(it));
        let expected = expected.fold(0, u64::wrapping_add);
        for way in [one_after_another, taking_turns, two_painters, one_ladder] {
            assert_eq!(way(&rooms(), brush).paint, expected);
        }
    }

    #[test]
    fn one_painter_waits_where_the_other_goes_on_elsewhere() {
        use Activity::{Paints, WaitsForPaint};

        let brush = Brush::new(100);
        let alone = one_after_another(&rooms(), brush);
        let [a, b] = [Paints(0), Paints(1)];
        assert_eq!(
            order(&alone.lanes[0]),
            [a, WaitsForPaint, a, b, WaitsForPaint, b]
        );
        let turns = taking_turns(&rooms(), brush);
        let begin = &order(&turns.lanes[0])[..8];
        assert_eq!(
            begin,
            [a, b, a, b, a, b, a, b],
            "a piece here, a piece there"
        );
    }

    #[test]
    fn nobody_paints_while_another_is_on_the_ladder() {
        let scene = one_ladder(&rooms(), Brush::new(10_000));
        let painting = |lane: &[Stretch]| -> Vec<(Duration, Duration)> {
            let paints = |it: &&Stretch| matches!(it.activity, Activity::Paints(_));
            lane.iter()
                .filter(paints)
                .map(|it| (it.start, it.end))
                .collect()
        };
        for (start, end) in painting(&scene.lanes[0]) {
            for (other_start, other_end) in painting(&scene.lanes[1]) {
                assert!(end <= other_start || other_end <= start);
            }
        }
    }

    #[test]
    fn nothing_to_do_is_done_at_once() {
        for way in [one_after_another, taking_turns, two_painters, one_ladder] {
            assert_eq!(way(&[], Brush::new(1)).length(), Duration::ZERO);
        }
    }
}
