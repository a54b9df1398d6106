//! The known URLs. It keeps a fingerprint of each, so that a million take about 50 MiB.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// The number of a URL, from 1 on, in the order in which they were found.
pub type Id = u32;

/// The known URLs, as fingerprints of 128 bits. The probability that two of a billion URLs have the same is one
/// in 10^20. The keys are random, so that an attacker can't make a collision.
#[derive(Debug)]
pub struct Seen {
    keys: [RandomState; 2],
    known: HashMap<[u8; 16], Id, Fingerprinted>,
    last: Id,
}

impl Default for Seen {
    fn default() -> Self {
        Seen {
            keys: [RandomState::new(), RandomState::new()],
            known: HashMap::default(),
            last: 0,
        }
    }
}

impl Seen {
    fn fingerprint(&self, url: &str) -> [u8; 16] {
        let [one, two] = &self.keys;
        let both = [
            one.hash_one(url).to_ne_bytes(),
            two.hash_one(url).to_ne_bytes(),
        ];
        let mut fingerprint = [0; 16];
        fingerprint[..8].copy_from_slice(&both[0]);
        fingerprint[8..].copy_from_slice(&both[1]);
        fingerprint
    }

    /// The number of a URL: `Ok` if it is known, `Err` if it is new.
    ///
    /// # Panics
    /// After four billion URLs.
    pub fn number(&mut self, url: &str) -> Result<Id, Id> {
        let fingerprint = self.fingerprint(url);
        match self.known.get(&fingerprint) {
            Some(id) => Ok(*id),
            None => {
                let id = self.last.checked_add(1);
                self.last = id.expect("a crawl has less than four billion URLs");
                self.known.insert(fingerprint, self.last);
                Err(self.last)
            }
        }
    }

    /// Adds a URL with its number of an earlier run.
    pub fn restore(&mut self, url: &str, id: Id) {
        let fingerprint = self.fingerprint(url);
        self.known.insert(fingerprint, id);
        self.last = self.last.max(id);
    }

    /// The last number that was given.
    pub fn last(&self) -> Id {
        self.last
    }

    /// The number of known URLs.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

/// A hasher for fingerprints: a fingerprint is a hash already, so its first half is enough.
#[derive(Clone, Copy, Debug, Default)]
struct Fingerprinted;

impl BuildHasher for Fingerprinted {
    type Hasher = First;

    fn build_hasher(&self) -> First {
        First(0)
    }
}

#[derive(Debug)]
struct First(u64);

impl Hasher for First {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_ne_bytes(*first);
        }
    }

    // The length of an array is hashed before it.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_url_gets_one_number_and_keeps_it() {
        let mut seen = Seen::default();
        assert_eq!(seen.number("a"), Err(1));
        assert_eq!(seen.number("b"), Err(2));
        assert_eq!(seen.number("a"), Ok(1));
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn numbers_of_an_earlier_run_go_on() {
        let mut seen = Seen::default();
        seen.restore("a", 7);
        seen.restore("b", 3);
        assert_eq!(seen.number("b"), Ok(3));
        assert_eq!(seen.number("c"), Err(8));
    }

    #[test]
    fn a_hundred_thousand_are_told_apart() {
        let mut seen = Seen::default();
        for n in 0..100_000 {
            assert!(
                seen.number(&format!("http://example.org/page/{n}"))
                    .is_err()
            );
        }
    }
}
