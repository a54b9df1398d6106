//! Parts of outside pages: which pages need their parts checked.

use std::collections::HashSet;

use super::job::Job;
use crate::seen::Id;
use crate::store::Store;

/// Outside pages with a link to one of their parts. Only a GET can find a part.
#[derive(Debug)]
pub(super) struct Parts {
    /// The pages with a link to a part.
    wanted: HashSet<Id>,
    /// The pages with a link that was found too late have been requested again; or nothing is checked.
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

    /// At the end: pages whose header was requested before the first link to one of their parts was found.
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
