//! The URLs that were found: each once, with its number, and in the queue unless there is a reason to leave it
//! out.

use std::collections::HashMap;

use url::Url;

use super::job::{Job, Role};
use super::queue::{AT_HAND, Queue};
use super::redirects::HOPS;
use super::summary::Summary;
use crate::scope::{Membership, Scope};
use crate::seen::{Id, Seen};
use crate::settings::Settings;
use crate::sitemap;
use crate::store::{Skip, UrlRow};
use crate::traps::{Counts, Traps};

/// How a URL was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// Links away from the seeds.
    pub(super) depth: u32,
    /// Redirects since the last link.
    pub(super) hops: u8,
    /// Its role, if it belongs to the crawl.
    pub(super) role: Role,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Found {
    seen: Seen,
    counts: Counts,
    traps: Traps,
    pub(super) scope: Scope,
    pub(super) queue: Queue,
    /// Outside links are requested, too.
    checks_external: bool,
    /// Links beyond the last depth are requested, too.
    checks: bool,
    deepest: Option<u32>,
    sitemaps: usize,
    /// Pages with a canonical link to another page.
    aliases: HashMap<Id, Id>,
}

impl Found {
    pub(super) fn new(settings: &Settings, scope: Scope) -> Found {
        Found {
            seen: Seen::default(),
            counts: Counts::default(),
            traps: settings.traps,
            scope,
            queue: Queue::new(AT_HAND),
            checks_external: settings.check && !settings.internal_only,
            checks: settings.check,
            deepest: settings.depth,
            sitemaps: 0,
            aliases: HashMap::new(),
        }
    }

    /// Adds a URL of an earlier run.
    pub(super) fn restore(&mut self, id: Id, text: &str, is_skipped: bool) {
        self.seen.restore(text, id);
        if !is_skipped && let Ok(url) = Url::parse(text) {
            // It was allowed before.
            let _ = self.counts.add(&url, &self.traps);
        }
    }

    /// The last number that was given.
    pub(super) fn last(&self) -> Id {
        self.seen.last()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Gives a URL its number. If it is new, its row is added to `rows`, and its job is returned unless there
    /// is a reason to leave it out.
    pub(super) fn find(
        &mut self,
        text: &str,
        way: Way,
        rows: &mut Vec<UrlRow>,
        sum: &mut Summary,
    ) -> (Id, Option<Job>) {
        let id = match self.seen.number(text) {
            Ok(id) => return (id, None),
            Err(id) => id,
        };
        let Way {
            depth,
            hops,
            mut role,
        } = way;
        let url = Url::parse(text);
        let skipped = match &url {
            Err(_) => Some(Skip::Invalid),
            Ok(url) => self.reason_to_skip(url, depth, hops, &mut role),
        };
        rows.push(UrlRow {
            id,
            url: text.to_owned(),
            depth,
            hops,
            role: role as u8,
            skipped,
        });
        match (skipped, url) {
            (None, Ok(url)) => (id, Some(Job::new(id, url, depth, hops, role))),
            (reason, _) => {
                sum.skip(reason.unwrap_or(Skip::Invalid).name());
                self.queue.pass(id);
                (id, None)
            }
        }
    }

    /// Whether this depth is beyond the limit.
    pub(super) fn is_too_deep(&self, depth: u32) -> bool {
        self.deepest.is_some_and(|most| depth > most)
    }

    fn reason_to_skip(&mut self, url: &Url, depth: u32, hops: u8, role: &mut Role) -> Option<Skip> {
        if !matches!(url.scheme(), "http" | "https") {
            return Some(Skip::UnknownScheme);
        }
        if hops > HOPS {
            return Some(Skip::Redirects);
        }
        if *role == Role::Sitemap {
            self.sitemaps += 1;
            return (self.sitemaps > sitemap::FILES).then_some(Skip::Sitemaps);
        }
        match self.scope.membership(url) {
            Membership::Excluded => return Some(Skip::Excluded),
            Membership::Outside => *role = Role::External,
            Membership::Inside => {}
        }
        if *role == Role::External {
            return (!self.checks_external).then_some(Skip::Scope);
        }
        if self.is_too_deep(depth) {
            if !self.checks {
                return Some(Skip::Depth);
            }
            // It is not a page of the crawl, but the target of a link.
            *role = Role::External;
        }
        self.counts.add(url, &self.traps).err().map(Skip::Trap)
    }

    /// Records a canonical link from a page to `target`. False if canonical links lead from there back to this
    /// page: then this one is the page.
    pub(super) fn alias(&mut self, id: Id, target: Id) -> bool {
        let mut at = target;
        for _ in 0..=HOPS {
            match self.aliases.get(&at) {
                Some(next) if *next == id => return false,
                Some(next) => at = *next,
                None => break,
            }
        }
        self.aliases.insert(id, target);
        true
    }
}
