//! Lanes as text: a line for each painter, time from left to right.

use concepts::diary::{Activity, Stretch};
use std::time::Duration;

/// The columns of a lane: 80 less its name.
const COLUMNS: u32 = 64;

/// The meaning of the signs in a lane.
pub(super) const LEGEND: &str =
    "A, B: paints that room   ~ waits for paint to dry   : waits for the ladder";

/// A lane as [`COLUMNS`] signs, for a time of `length`. Each sign is the activity that took most of its
/// column's time.
pub(super) fn lane(stretches: &[Stretch], length: Duration) -> String {
    let edge = |column: u32| length * column / COLUMNS;
    let signs = (0..COLUMNS).map(|column| {
        let (start, end) = (edge(column), edge(column + 1));
        let inside = |it: &Stretch| it.end.min(end).saturating_sub(it.start.max(start));
        longest(stretches.iter().map(|it| (it.activity, inside(it)))).map_or(' ', sign)
    });
    signs.collect::<String>().trim_end().to_owned()
}

/// The activity with the most time.
fn longest(times: impl Iterator<Item = (Activity, Duration)>) -> Option<Activity> {
    let mut sums: Vec<(Activity, Duration)> = Vec::new();
    for (activity, time) in times.filter(|(_, time)| !time.is_zero()) {
        match sums.iter_mut().find(|(known, _)| *known == activity) {
            Some((_, sum)) => *sum += time,
            None => sums.push((activity, time)),
        }
    }
    let most = sums.into_iter().max_by_key(|&(_, sum)| sum);
    most.map(|(activity, _)| activity)
}

fn sign(activity: Activity) -> char {
    match activity {
        Activity::Paints(0) => 'A',
        Activity::Paints(_) => 'B',
        Activity::WaitsForPaint => '~',
        Activity::WaitsForLadder => ':',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(activity: Activity, start: u64, end: u64) -> Stretch {
        Stretch {
            activity,
            start: Duration::from_millis(start),
            end: Duration::from_millis(end),
        }
    }

    #[test]
    fn a_column_shows_what_took_most_of_it() {
        let stretches = [
            stretch(Activity::Paints(0), 0, 32),
            stretch(Activity::WaitsForPaint, 32, 48),
            stretch(Activity::WaitsForLadder, 48, 56),
            stretch(Activity::Paints(1), 56, 60),
        ];
        let expected = "A".repeat(16) + &"~".repeat(8) + "::::" + "BB";
        assert_eq!(lane(&stretches, Duration::from_millis(128)), expected);
    }

    #[test]
    fn short_stretches_add_up() {
        // In each column of 10 ms: 4 + 3 ms of room A, 3 ms of waiting.
        let stretches: Vec<Stretch> = (0..640)
            .step_by(10)
            .flat_map(|at| {
                [
                    stretch(Activity::Paints(0), at, at + 4),
                    stretch(Activity::WaitsForLadder, at + 4, at + 7),
                    stretch(Activity::Paints(0), at + 7, at + 10),
                ]
            })
            .collect();
        assert_eq!(lane(&stretches, Duration::from_millis(640)), "A".repeat(64));
        assert_eq!(lane(&[], Duration::from_millis(640)), "");
    }
}
