//! The current view of each page. Requests for an older view are stale.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::plan::Plan;
use crate::stop::Stop;

/// The maximum number of pages that are remembered. With one more, the oldest is forgotten.
const MOST_PAGES: usize = 64;

/// The newest view of each page.
#[derive(Debug, Default)]
pub(super) struct Views(Mutex<HashMap<u64, Page>>);

#[derive(Debug)]
struct Page {
    /// The number of the newest view. Running tiles check it.
    newest: Arc<AtomicU64>,
    /// The key of that view, and its plan.
    plan: Option<(String, Plan)>,
    /// The number of pages that came before.
    since: u64,
}

/// A number above all view numbers: it makes everything stale.
const NONE: u64 = u64::MAX;

impl Views {
    /// The plan of a page's view, created by `make` if it is missing. `None` if the view is stale.
    pub(super) fn plan<E>(
        &self,
        page: u64,
        view: u64,
        key: &str,
        make: impl FnOnce() -> Result<Plan, E>,
    ) -> Result<Option<Plan>, E> {
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !pages.contains_key(&page) && pages.len() >= MOST_PAGES {
            let oldest = pages.iter().min_by_key(|(_, page)| page.since);
            if let Some(oldest) = oldest.map(|(&number, _)| number) {
                let forgotten = pages.remove(&oldest);
                forgotten.inspect(|page| page.newest.store(NONE, Ordering::Relaxed));
            }
        }
        let since = pages.values().map(|page| page.since + 1).max().unwrap_or(0);
        let page = pages.entry(page).or_insert_with(|| Page {
            newest: Arc::default(),
            plan: None,
            since,
        });
        if page.newest.fetch_max(view, Ordering::Relaxed) > view {
            return Ok(None);
        }
        if let Some((_, plan)) = page.plan.as_ref().filter(|(known, _)| known == key) {
            return Ok(Some(plan.clone()));
        }
        let newest = Arc::clone(&page.newest);
        let stop = Stop::when(move || newest.load(Ordering::Relaxed) > view);
        let plan = make()?.with_stop(stop);
        page.plan = Some((key.to_owned(), plan.clone()));
        Ok(Some(plan))
    }

    /// Makes everything stale.
    pub(super) fn stop(&self) {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for page in pages.values() {
            page.newest.store(NONE, Ordering::Relaxed);
        }
    }
}
