//! The summary of a crawl.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::store::Skip;

/// A limit that ends a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of pages.
    Pages,
    /// Of bytes.
    Bytes,
    /// Of time.
    Time,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Pages => "pages",
            Limit::Bytes => "bytes",
            Limit::Time => "time",
        })
    }
}

/// The counts of a crawl, of all its runs together unless the field says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Pages that were fetched, with those that could not be.
    pub pages: u64,
    /// Of these, pages of earlier runs.
    pub earlier: u64,
    /// Of these, pages that could not be fetched.
    pub failed: u64,
    /// Of these, pages with an error status that is not accepted.
    pub http_errors: u64,
    /// Pages and sitemaps that a limit cut: links in the rest were not followed.
    pub cut: u64,
    /// URLs that are another page's: redirects and canonical links.
    pub aliases: u64,
    /// Outside links that were checked.
    pub checked: u64,
    /// Of these, links that were in the cache, and not requested.
    pub known: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// URLs that were found.
    pub found: u64,
    /// URLs that were not fetched, by reason. (Links with `nofollow` are counted for this run only.)
    pub skipped: BTreeMap<String, u64>,
    /// Remarks about the result, for people.
    pub remarks: Vec<String>,
    /// The limit that ended it, with URLs in the queue.
    pub limit: Option<Limit>,
    /// The time of this run.
    pub time: Duration,
}

/// Remarks that are kept, at most.
const REMARKS: usize = 20;

impl Summary {
    pub(super) fn skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    /// How many URLs were left out for this reason.
    pub(super) fn skipped_by(&self, reason: Skip) -> u64 {
        self.skipped.get(reason.name()).copied().unwrap_or(0)
    }

    pub(super) fn remark(&mut self, text: String) {
        if self.remarks.len() < REMARKS {
            self.remarks.push(text);
        }
    }
}
