//! The latency of a site.

use std::time::Duration;

use crate::random;

/// The wait before the answer for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Between the two, uniformly distributed.
    Spread(Duration, Duration),
    /// Mostly the first. One answer in twenty takes two to ten times as long, but not longer than the
    /// second.
    LongTail(Duration, Duration),
}

/// One of this many answers is slow.
const TAIL: u64 = 20;

impl Latency {
    /// The wait of the answer with this number.
    pub(crate) fn of(self, number: u64) -> Duration {
        let share = random::fraction(number);
        match self {
            Latency::Fixed(wait) => wait,
            Latency::Spread(least, most) => least + most.saturating_sub(least).mul_f64(share),
            Latency::LongTail(usual, most) => {
                if random::scramble(!number).is_multiple_of(TAIL) {
                    usual.mul_f64(2.0 + 8.0 * share).min(most).max(usual)
                } else {
                    usual
                }
            }
        }
    }
}

impl Default for Latency {
    /// No latency.
    fn default() -> Self {
        Latency::Fixed(Duration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn waits_keep_their_bounds_and_are_the_same_again() {
        for number in 0..2000 {
            let spread = Latency::Spread(10 * MS, 20 * MS).of(number);
            assert!((10 * MS..20 * MS).contains(&spread));
            let tail = Latency::LongTail(10 * MS, 50 * MS);
            assert!((10 * MS..=50 * MS).contains(&tail.of(number)));
            assert_eq!(tail.of(number), tail.of(number));
        }
    }

    #[test]
    fn a_tail_is_long_and_rare() {
        let tail = Latency::LongTail(10 * MS, 500 * MS);
        let late = (0..2000)
            .filter(|&number| tail.of(number) > 10 * MS)
            .count();
        assert!((50..200).contains(&late), "{late}");
    }
}
