//! Parts of pages out there: which of them are wanted, and how they are looked for.

use std::collections::HashSet;

use super::job::Job;
use crate::seen::Id;
use crate::store::Store;

/// Links that lead out to a part of a page, which only a GET can find.
#[derive(Debug)]
pub(super) struct Parts {
    /// The pages a part of which is wanted.
    wanted: HashSet<Id>,
    /// Those of which that was known too late have been asked for again, or nobody wants them.
    are_found: bool,
}

impl Parts {
    pub(super) fn new(wanted: HashSet<Id>, checks: bool) -> Parts {
        Parts {
            wanted,
            are_found: !checks,
        }
    }

    pub(super) fn want(&mut self, page: Id) {
        self.wanted.insert(page);
    }

    pub(super) fn are_wanted_of(&self, page: Id) -> bool {
        self.wanted.contains(&page)
    }

    /// At the end: pages whose header was asked for before it was known that a part of them is wanted.
    pub(super) fn take_late(&mut self, store: Option<&Store>) -> Vec<Job> {
        if std::mem::replace(&mut self.are_found, true) {
            return Vec::new();
        }
        let rows = store.and_then(|store| store.parts_not_looked_for().ok());
        let again = |job| Job {
            head: false,
            again: true,
            ..job
        };
        let rows = rows.unwrap_or_default();
        rows.iter().filter_map(Job::of_row).map(again).collect()
    }
}
