//! The timer table: which timer is due when.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The name of a timer. No other timer of its table ever has the same name.
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
/// let [one, other] = ["tea", "tea"].map(|name| timers.add(now, name));
/// assert_ne!(one, other);
/// ```
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

/// Timers, ordered by the moment when they are due. Each has a value of type `T`.
///
/// It is a B-tree by time and then by the order of setting. Setting and cancelling take logarithmic
/// time. Cancelling a timer frees its memory at once.
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
    /// The time of the last turn. A timer that is set now is due in a later turn.
    turn: Option<Instant>,
}

/// The timers that are due in one turn: see [`TimerTable::begin_turn`].
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
/// timers.add(now, "tea");
/// let turn = timers.begin_turn(now);
/// timers.add(now, "set during the turn");
/// assert!(timers.pop(turn).is_some_and(|(_, name)| name == "tea"));
/// assert_eq!(timers.pop(turn), None);
/// ```
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
    /// timers.add(now, "first");
    /// timers.add(now, "second");
    /// let turn = timers.begin_turn(now);
    /// assert!(timers.pop(turn).is_some_and(|(_, name)| name == "first"));
    /// ```
    pub fn add(&mut self, due: Instant, value: T) -> TimerKey {
        let key = TimerKey {
            // So it sorts behind everything that the present turn has still to hand out.
            due: self.turn.map_or(due, |turn| due.max(turn)),
            serial: self.next_serial,
        };
        self.next_serial += 1;
        self.timers.insert(key, value);
        key
    }

    /// Cancels a timer and returns its value; `None` if it was handed out or cancelled before.
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
    /// let key = timers.add(now, "tea");
    /// assert_eq!(timers.cancel(key), Some("tea"));
    /// assert_eq!(timers.cancel(key), None);
    /// ```
    pub fn cancel(&mut self, key: TimerKey) -> Option<T> {
        self.timers.remove(&key)
    }

    /// The value of a timer that is set.
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
    /// let key = timers.add(now, "tea");
    /// assert_eq!(timers.get(key), Some(&"tea"));
    /// ```
    pub fn get(&self, key: TimerKey) -> Option<&T> {
        self.timers.get(&key)
    }

    /// The value of a timer that is set, to change it.
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
    /// let key = timers.add(now, 1);
    /// *timers.get_mut(key).unwrap() += 1;
    /// assert_eq!(timers.get(key), Some(&2));
    /// ```
    pub fn get_mut(&mut self, key: TimerKey) -> Option<&mut T> {
        self.timers.get_mut(&key)
    }

    /// When the next timer is due.
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
    /// assert_eq!(timers.next(), None);
    /// timers.add(now, "tea");
    /// assert_eq!(timers.next(), Some(now));
    /// ```
    pub fn next(&self) -> Option<Instant> {
        self.timers.first_key_value().map(|(key, _)| key.due)
    }

    /// Begins a turn at the time `now`. [`pop`](TimerTable::pop) then hands out the timers that are
    /// due at that time and were set before this call. Timers that are set during the turn wait for
    /// the next turn, whatever their delay. So a timer that sets itself again cannot make a turn
    /// endless.
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
    /// timers.add(now, 0);
    /// let turn = timers.begin_turn(now);
    /// let mut calls = 0;
    /// while let Some((_, call)) = timers.pop(turn) {
    ///     // It sets itself again, and the turn ends all the same.
    ///     timers.add(now, call + 1);
    ///     calls += 1;
    /// }
    /// assert_eq!(calls, 1);
    /// ```
    pub fn begin_turn(&mut self, now: Instant) -> DueTurn {
        self.turn = Some(now);
        DueTurn {
            now,
            before: self.next_serial,
        }
    }

    /// Takes the next timer of a turn. A timer that was not taken yet can still be cancelled.
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
    /// let key = timers.add(now, "tea");
    /// let turn = timers.begin_turn(now);
    /// assert_eq!(timers.pop(turn), Some((key, "tea")));
    /// assert_eq!(timers.pop(turn), None);
    /// ```
    pub fn pop(&mut self, turn: DueTurn) -> Option<(TimerKey, T)> {
        let (key, _) = self.timers.first_key_value()?;
        if key.due > turn.now || key.serial >= turn.before {
            return None;
        }
        self.timers.pop_first()
    }

    /// Removes all timers.
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
    /// timers.add(now, "tea");
    /// assert_eq!(timers.clear().count(), 1);
    /// assert!(timers.is_empty());
    /// ```
    pub fn clear(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.timers).into_values()
    }

    /// The values of all timers, by their time.
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
    /// timers.add(now, "tea");
    /// assert_eq!(timers.values().next(), Some(&"tea"));
    /// ```
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.timers.values()
    }

    /// How many timers are set.
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
    /// timers.add(now, "tea");
    /// assert_eq!(timers.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.timers.len()
    }

    /// Whether no timer is set.
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
    /// assert!(timers.is_empty());
    /// timers.add(now, "tea");
    /// assert!(!timers.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }
}

/// `moment + delay`. It never overflows: a delay that is too long gives a moment some 584 years
/// after `moment`.
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
    // The longest time that 64 bits of nanoseconds can hold.
    const FAR: Duration = Duration::from_nanos(u64::MAX);
    moment
        .checked_add(delay)
        .or_else(|| moment.checked_add(FAR))
        .unwrap_or(moment + Duration::from_secs(60 * 60 * 24 * 365 * 100))
}

#[cfg(all(test, not(loom)))]
mod tests;
