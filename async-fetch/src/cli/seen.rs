//! URLs that were requested in this run.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use async_fetch::Url;
use url::Position;

/// URLs in one of the two sets. A HashSet with a table of 32,768 places holds this many before it doubles
/// the table. Both together take half a megabyte. In longer lists, equal lines mostly stand close together.
const REMEMBERED: usize = 7 << 12;

/// The last URLs, each as a keyed hash of 64 bits.
#[derive(Default)]
pub(super) struct Seen {
    hasher: RandomState,
    latest: HashSet<u64>,
    before: HashSet<u64>,
}

impl Seen {
    /// Whether a URL is seen for the first time. Its fragment is not sent, so it does not count.
    pub(super) fn is_new(&mut self, url: &Url) -> bool {
        let number = self.hasher.hash_one(&url[..Position::AfterQuery]);
        if self.before.contains(&number) || !self.latest.insert(number) {
            return false;
        }
        if self.latest.len() == REMEMBERED {
            self.before = std::mem::take(&mut self.latest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_urls_are_known_and_no_more() {
        let mut seen = Seen::default();
        let url = |number: usize| -> Url { format!("http://a.example/{number}").parse().unwrap() };
        for number in 0..5 * REMEMBERED {
            assert!(seen.is_new(&url(number)));
            assert!(!seen.is_new(&url(number.saturating_sub(REMEMBERED - 1))));
        }
        assert!(seen.latest.len() + seen.before.len() <= 2 * REMEMBERED);
        assert!(seen.is_new(&url(0)));
        assert!(!seen.is_new(&"http://a.example/0#part".parse().unwrap()));
    }
}
