//! The summary of a crawl.

use std::collections::BTreeMap;
use std::time::Duration;

/// How a crawl went, or stands; of all its runs together where nothing else is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Pages that were fetched, and those that could not be.
    pub pages: u64,
    /// Of these, those of earlier runs.
    pub earlier: u64,
    /// Of these, those that could not be fetched.
    pub failed: u64,
    /// Of these, those whose status is one of failure and not accepted.
    pub http_errors: u64,
    /// Pages of which a limit cut something: a link in the rest was not followed.
    pub cut: u64,
    /// URLs that turned out to be another page's: redirects and canonical links.
    pub aliases: u64,
    /// Links that lead out and were checked.
    pub checked: u64,
    /// Of these, those that an earlier run had found right, and that were not asked for.
    pub known: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// URLs that were found.
    pub found: u64,
    /// URLs that were not fetched, by the reason. (Links that were not followed because of their
    /// `nofollow` are counted of this run only.)
    pub skipped: BTreeMap<String, u64>,
    /// What somebody should know who looks at the result.
    pub remarks: Vec<String>,
    /// Which limit ended it.
    pub limit: Option<&'static str>,
    /// How long this run took.
    pub time: Duration,
}

/// Remarks that are kept.
const REMARKS: usize = 20;

impl Summary {
    pub(super) fn skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn remark(&mut self, text: String) {
        if self.remarks.len() < REMARKS {
            self.remarks.push(text);
        }
    }
}
