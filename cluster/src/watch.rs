//! Detects dead members: their counts of beats do not change for a lease, by the watcher's own clock.
//!
//! Each member renews its lease by adding one to its count of beats at the broker. The time of day does not
//! matter: no clock is compared with another, and the broker's may jump. (So a lease is not a key with a
//! time to live.) Each member watches the next three in the list of members:
//! once for each [`pace`] it calls [`Watch::look`] with their counts.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Beats in the time of a lease.
const BEATS: u32 = 6;
/// How many beats in a row must be missing. One more interval may pass before the first is missed, and one
/// until the next look: together a lease.
const MISSING: u32 = 4;

/// How often a member with this lease renews it.
pub(crate) fn interval(lease: Duration) -> Duration {
    lease / BEATS
}

/// Another member, from the broker's last answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) id: String,
    pub(crate) beats: u64,
    pub(crate) lease: Duration,
}

/// The beats of the members that this member watches.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The last count of each member, and the time at which it was first seen.
    standing: HashMap<String, (u64, Instant)>,
    last_look: Option<Instant>,
}

impl Watch {
    /// Looks at the members, `now`; `interval` is the time between two looks. Returns the dead ones.
    ///
    /// If the last look was more than two intervals ago, missing beats mean nothing: perhaps the broker could
    /// not be reached, and no member could renew its lease.
    pub(crate) fn look(&mut self, now: Instant, interval: Duration, seen: &[Seen]) -> Vec<Seen> {
        let in_touch = self
            .last_look
            .is_some_and(|last| now.duration_since(last) <= interval * 2);
        self.last_look = Some(now);
        let before = std::mem::take(&mut self.standing);
        let mut dead = Vec::new();
        for member in seen {
            let since = match before.get(&member.id) {
                Some((beats, since)) if in_touch && *beats == member.beats => *since,
                _ => now,
            };
            self.standing
                .insert(member.id.clone(), (member.beats, since));
            if now.duration_since(since) >= self::interval(member.lease) * MISSING {
                dead.push(member.clone());
            }
        }
        dead
    }
}

/// How often to look: as often as this lease and the watched ones need, but not more often than every 5 ms,
/// so that a member with a tiny lease does not keep the broker busy.
pub(crate) fn pace(own: Duration, seen: &[Seen]) -> Duration {
    let leases = seen.iter().map(|member| member.lease);
    interval(leases.fold(own, Duration::min)).max(Duration::from_millis(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn member(beats: u64) -> [Seen; 1] {
        [Seen {
            id: "a".to_owned(),
            beats,
            lease: 6 * SECOND,
        }]
    }

    #[test]
    fn a_member_that_beats_lives_and_one_that_does_not_is_dead_within_its_lease() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        for second in 0..100 {
            let dead = watch.look(start + second * SECOND, SECOND, &member(u64::from(second)));
            assert_eq!(dead, []);
        }
        let last = start + 99 * SECOND;
        let told = (1..).find(|n| {
            !watch
                .look(last + *n * SECOND, SECOND, &member(99))
                .is_empty()
        });
        assert_eq!(told, Some(4));
    }

    #[test]
    fn who_has_been_out_of_touch_begins_anew() {
        let (mut watch, start) = (Watch::default(), Instant::now());
        for second in [0, 1, 2, 3, 60, 61, 62, 63] {
            assert_eq!(watch.look(start + second * SECOND, SECOND, &member(7)), []);
        }
        assert_eq!(
            watch.look(start + 64 * SECOND, SECOND, &member(7)),
            member(7)
        );
    }

    #[test]
    fn the_shortest_lease_sets_the_pace() {
        assert_eq!(pace(60 * SECOND, &member(0)), SECOND);
        assert_eq!(pace(3 * SECOND, &member(0)), SECOND / 2);
        assert_eq!(pace(60 * SECOND, &[]), 10 * SECOND);
    }
}
