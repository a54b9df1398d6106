//! Limits for endless sites: calendars, growing paths, one page under ever new numbers.
//!
//! None of these limits can distinguish a trap from a large site for certain. So each can be set, and the URLs
//! that it leaves out are counted and reported at the end.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use serde::{Deserialize, Serialize};
use url::{Position, Url};

/// The limits for endless sites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traps {
    /// Bytes of a URL (default: 2048). Longer ones mostly come from loops, and many servers refuse them.
    pub url_length: usize,
    /// How often one segment may be in a path (default: 4). A relative link on a server that answers every path
    /// makes `/a/b/a/b/a/b/…`.
    pub repeats: usize,
    /// Pages of one host (default: 1,000,000).
    pub per_host: u64,
    /// Pages whose URLs differ only in their numbers (default: 10,000): `/calendar/2026/11`,
    /// `/session?id=17`.
    pub per_pattern: u64,
}

impl Default for Traps {
    fn default() -> Self {
        Traps {
            url_length: 2048,
            repeats: 4,
            per_host: 1_000_000,
            per_pattern: 10_000,
        }
    }
}

/// The limit that leaves a page out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    /// [`Traps::url_length`].
    UrlLength,
    /// [`Traps::repeats`].
    Repeats,
    /// [`Traps::per_host`].
    PerHost,
    /// [`Traps::per_pattern`].
    PerPattern,
}

impl Trap {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Trap::UrlLength => "url-length",
            Trap::Repeats => "repeats",
            Trap::PerHost => "per-host",
            Trap::PerPattern => "per-pattern",
        }
    }
}

/// Counts pages by host and by pattern. Both are kept as hashes of 64 bits. The probability that two of a million
/// collide is one in forty million; then a page may be left out.
#[derive(Debug, Default)]
pub struct Counts {
    hasher: RandomState,
    hosts: HashMap<u64, u64>,
    patterns: HashMap<u64, u32>,
}

impl Counts {
    /// Counts a page, unless a limit leaves it out.
    ///
    /// # Errors
    /// The limit that leaves it out.
    pub fn add(&mut self, url: &Url, traps: &Traps) -> Result<(), Trap> {
        if url.as_str().len() > traps.url_length {
            return Err(Trap::UrlLength);
        }
        if repeats(url) > traps.repeats {
            return Err(Trap::Repeats);
        }
        let host = self.hasher.hash_one(&url[..Position::AfterPort]);
        let host = self.hosts.entry(host).or_default();
        if *host >= traps.per_host {
            return Err(Trap::PerHost);
        }
        // A URL without a number has no pattern.
        if let Some(pattern) = pattern(url) {
            let pattern = self.hasher.hash_one(pattern);
            let count = self.patterns.entry(pattern).or_default();
            if u64::from(*count) >= traps.per_pattern {
                return Err(Trap::PerPattern);
            }
            *count += 1;
        }
        *host += 1;
        Ok(())
    }
}

/// The count of the most frequent segment of a path.
fn repeats(url: &Url) -> usize {
    let mut segments: Vec<&str> = url.path().split('/').filter(|it| !it.is_empty()).collect();
    // Sorting puts equal ones together.
    segments.sort_unstable();
    let runs = segments.chunk_by(|one, other| one == other);
    runs.map(<[&str]>::len).max().unwrap_or(0)
}

/// The URL with each number replaced by a placeholder; `None` if it has no number.
fn pattern(url: &Url) -> Option<String> {
    let text = &url[Position::BeforePath..];
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut pattern = url[..Position::AfterPort].to_owned();
    let mut in_number = false;
    for sign in text.chars() {
        let digit = sign.is_ascii_digit();
        if !digit {
            pattern.push(sign);
        } else if !in_number {
            pattern.push('\u{0}');
        }
        in_number = digit;
    }
    Some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse("http://example.org/")
            .unwrap()
            .join(text)
            .unwrap()
    }

    #[test]
    fn each_limit_lets_the_last_one_in_and_the_next_one_not() {
        let traps = Traps {
            url_length: 30,
            repeats: 2,
            per_host: 6,
            per_pattern: 3,
        };
        let mut counts = Counts::default();
        let mut add = |text: &str| counts.add(&url(text), &traps);
        let text = "x".repeat(30 - "http://example.org/".len());
        assert_eq!(add(&text), Ok(()));
        assert_eq!(add(&format!("{text}x")), Err(Trap::UrlLength));
        assert_eq!(add("/a/b/a"), Ok(()));
        assert_eq!(add("/a/b/a/b/a"), Err(Trap::Repeats));
        for (path, result) in [
            ("/c/1", Ok(())),
            ("/c/22", Ok(())),
            ("/c/333", Ok(())),
            ("/c/4", Err(Trap::PerPattern)),
            ("/d", Ok(())),
            ("/e", Err(Trap::PerHost)),
            ("http://other.example/c/4", Ok(())),
        ] {
            assert_eq!(add(path), result, "{path}");
        }
    }

    #[test]
    fn numbers_in_a_query_are_numbers_and_the_port_is_none() {
        let one = pattern(&url("/s?id=1&page=20")).unwrap();
        assert_eq!(one, pattern(&url("/s?id=987&page=3")).unwrap());
        assert_ne!(one, pattern(&url("/s?id=987&side=3")).unwrap());
        assert_eq!(pattern(&url("http://example.org:8080/s")), None);
    }

    #[test]
    fn a_calendar_is_bounded_by_default() {
        let (mut counts, traps) = (Counts::default(), Traps::default());
        let months = (1..20_000).map(|month| format!("http://a/calendar/2026/{month}"));
        let added = months.filter(|url| counts.add(&Url::parse(url).unwrap(), &traps).is_ok());
        assert_eq!(added.count(), 10_000);
    }
}
