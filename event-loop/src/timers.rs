//! The timer table: what is due when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The name of a timer. No other timer of its table ever has the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerKey {
    due: Instant,
    /// The generation: how many timers were set before.
    serial: u64,
}

impl TimerKey {
    /// When the timer is due.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use event_loop::TimerTable;
    ///
    /// let mut timers = TimerTable::default();
    /// let now = Instant::now();
    /// assert_eq!(timers.add(now, "tea").due(), now);
    /// ```
    pub fn due(self) -> Instant {
        self.due
    }
}

/// Timers in the order in which they are due, each with a value of type `T`.
///
/// It is a B-tree by time and then by the order of setting. Setting and cancelling take logarithmic
/// time. A timer that was cancelled leaves nothing behind: its memory is free at once.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use event_loop::TimerTable;
///
/// let mut timers = TimerTable::default();
/// let now = Instant::now();
/// let second = timers.add(now + Duration::from_secs(2), "second");
/// timers.add(now + Duration::from_secs(1), "first");
/// assert_eq!(timers.next(), Some(now + Duration::from_secs(1)));
///
/// let turn = timers.begin_turn(now + Duration::from_secs(3));
/// assert_eq!(timers.pop(turn).map(|(_, value)| value), Some("first"));
/// assert_eq!(timers.cancel(second), Some("second"));
/// assert_eq!(timers.pop(turn), None);
/// ```
#[derive(Debug)]
pub struct TimerTable<T> {
    timers: BTreeMap<TimerKey, T>,
    next_serial: u64,
    /// The time of the last turn: whatever is set now is due in a later one.
    turn: Option<Instant>,
}

/// What is due in one turn: see [`TimerTable::begin_turn`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueTurn {
    now: Instant,
    /// Timers with this serial number or a larger one were set after the turn had begun.
    before: u64,
}

impl<T> Default for TimerTable<T> {
    fn default() -> Self {
        TimerTable {
            timers: BTreeMap::new(),
            next_serial: 0,
            turn: None,
        }
    }
}

impl<T> TimerTable<T> {
    /// Sets a timer. Timers of the same moment are due in the order in which they were set.
    ///
    /// A moment before the last turn counts as the moment of that turn.
    pub fn add(&mut self, due: Instant, value: T) -> TimerKey {
        let key = TimerKey {
            // So that it sorts behind all that the present turn has still to hand out.
            due: self.turn.map_or(due, |turn| due.max(turn)),
            serial: self.next_serial,
        };
        self.next_serial += 1;
        self.timers.insert(key, value);
        key
    }

    /// Cancels a timer and returns its value; `None` if it was handed out or cancelled before.
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        self.timers.remove(&key)
    }

    /// The value of a timer that is set.
    pub fn get(&self, key: TimerKey) -> Option<&T> {
        self.timers.get(&key)
    }

    /// The value of a timer that is set, to be changed.
    pub fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        self.timers.get_mut(&key)
    }

    /// When the next timer is due.
    pub fn next(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|(key, _)| key.due)
    }

    /// Begins a turn at the time `now`. [`pop`](TimerTable::pop) then hands out what is due at that
    /// time and was set before this call. Timers that are set during the turn wait for the next
    /// turn, whatever their delay: a call that sets itself again does not keep the turn from ending.
    pub fn begin_turn(&mut self, now: Instant) -> DueTurn {
        self.turn = Some(now);
        DueTurn {
            now,
            before: self.next_serial,
        }
    }

    /// Takes the next timer of a turn. Until a timer is taken it can be cancelled.
    pub fn pop(&mut self, turn: DueTurn) -> Option<(TimerKey, T)> {
        let (key, _) = self.timers.first_key_value()?;
        if key.due > turn.now || key.serial >= turn.before {
            return None;
        }
        self.timers.pop_first()
    }

    /// Takes all timers away.
    pub fn clear(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.timers).into_values()
    }

    /// The values of all timers that are set, by their time.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.timers.values()
    }

    /// How many timers are set.
    pub fn len(&self) -> usize {
        self.timers.len()
    }

    /// Whether no timer is set.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }
}

/// `moment + delay`. It never overflows: a delay without end is the far end of time, some 584 years
/// from `moment`.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let now = Instant::now();
/// assert_eq!(event_loop::after(now, Duration::from_secs(1)), now + Duration::from_secs(1));
/// assert!(event_loop::after(now, Duration::MAX) > now + Duration::from_secs(1 << 33));
/// ```
pub fn after(moment: Instant, delay: Duration) -> Instant {
    // What a clock of 64 bits counts in nanoseconds.
    const FAR: Duration = Duration::from_nanos(u64::MAX);
    moment
        .checked_add(delay)
        .or_else(|| moment.checked_add(FAR))
        .unwrap_or(moment + Duration::from_secs(60 * 60 * 24 * 365 * 100))
}

#[cfg(all(test, not(loom)))]
mod tests {
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

    /// The fault that cost the reactor timers: the first one's callback sets a new timer, and that
    /// took the place of the second, which had not run yet.
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
}
