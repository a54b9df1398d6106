//! Tests of the timer table.

use super::*;
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn pop<T>(timers: &mut TimerTable<T>, now: Instant) -> Vec<T> {
    let turn = timers.begin_turn(now);
    std::iter::from_fn(|| timers.pop(turn))
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn timers_come_by_time_and_those_of_one_moment_in_order() {
    let mut timers = TimerTable::default();
    let now = Instant::now();
    timers.add(now + 2 * SECOND, 'd');
    let a = timers.add(now, 'a');
    let b = timers.add(now, 'b');
    timers.add(now, 'c');
    assert_eq!(timers.next(), Some(now));
    assert_eq!((timers.cancel(b), timers.cancel(b)), (Some('b'), None));
    assert_eq!(pop(&mut timers, now), ['a', 'c']);
    assert_eq!(timers.cancel(a), None, "it was handed out");
    assert_eq!(pop(&mut timers, now + SECOND), []);
    assert_eq!(pop(&mut timers, now + 2 * SECOND), ['d']);
    assert!(timers.is_empty());
}

/// A fault that lost timers in the reactor: the first callback set a new timer, and that took the
/// place of the second, which had not run yet.
#[test]
fn a_timer_that_is_set_in_a_turn_takes_no_other_ones_place() {
    let mut timers = TimerTable::default();
    let now = Instant::now();
    let keys = [timers.add(now, 1), timers.add(now, 2)];
    let turn = timers.begin_turn(now);
    assert_eq!(timers.pop(turn), Some((keys[0], 1)));
    let new = timers.add(now - SECOND, 3);
    assert!(!keys.contains(&new));
    assert_eq!(timers.pop(turn), Some((keys[1], 2)));
    assert_eq!(
        timers.pop(turn),
        None,
        "the new one waits for the next turn"
    );
    assert_eq!(pop(&mut timers, now), [3]);
}

#[test]
fn a_due_timer_can_be_cancelled_until_it_is_taken() {
    let mut timers = TimerTable::default();
    let now = Instant::now();
    timers.add(now, 1);
    let second = timers.add(now, 2);
    let turn = timers.begin_turn(now);
    assert!(timers.pop(turn).is_some());
    assert_eq!(timers.cancel(second), Some(2));
    assert_eq!(timers.pop(turn), None);
}

#[test]
fn a_delay_without_end_is_no_overflow() {
    let now = Instant::now();
    let end = after(now, Duration::MAX);
    assert!(end > now);
    assert!(after(end, Duration::MAX) >= end);
}

proptest! {
    #[test]
    fn it_is_a_sorted_list(ops in prop::collection::vec((0..4_u8, 0..20_u64), 0..300)) {
        let start = Instant::now();
        let at = |n| start + Duration::from_secs(n);
        let (mut timers, mut model) = (TimerTable::default(), Vec::new());
        let (mut keys, mut now) = (Vec::new(), 0);
        let mut turn = timers.begin_turn(start);
        let mut left = 0;
        for (serial, (op, n)) in ops.into_iter().enumerate() {
            match op {
                0 => {
                    let key = timers.add(at(n), serial);
                    prop_assert!(!keys.contains(&key));
                    model.push((n.max(now), serial, key));
                    keys.push(key);
                }
                1 if !keys.is_empty() => {
                    let key = keys[n as usize % keys.len()];
                    let place = model.iter().position(|&(_, _, other)| other == key);
                    if let Some(place) = place {
                        left -= usize::from(place < left);
                        prop_assert_eq!(timers.cancel(key), Some(model.remove(place).1));
                    } else {
                        prop_assert_eq!(timers.cancel(key), None);
                    }
                }
                2 => {
                    now = now.max(n);
                    turn = timers.begin_turn(at(now));
                    model.sort_unstable();
                    left = model.iter().filter(|&&(due, ..)| due <= now).count();
                }
                _ => {
                    // New ones lie behind these: the model is sorted when a turn begins.
                    let expected = (left > 0).then(|| model.remove(0));
                    left = left.saturating_sub(1);
                    let taken = timers.pop(turn).map(|(_, value)| value);
                    prop_assert_eq!(taken, expected.map(|(_, serial, _)| serial));
                }
            }
            prop_assert_eq!(timers.len(), model.len());
        }
    }
}
