//! The state of a crawl: known URLs, the queue, the counts. Outcomes are handled in [`pages`](super::pages),
//! [`rules`](super::rules) and [`sitemaps`](super::sitemaps).

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::time::Instant;

use async_fetch::{Error as Failure, Outcome};
use url::Url;

use super::Error;
use super::fetchers::Fetchers;
use super::found::{Found, Way};
use super::hosts::Hosts;
use super::job::{Job, Role};
use super::parts::Parts;
use super::queue::{AT_HAND, Queue};
use super::record::{Record, exchange};
use super::resumed::{difference, restore_counts};
use super::summary::Summary;
use crate::html::{Kind, Place};
use crate::reading::Content;
use crate::robots;
use crate::scope::Scope;
use crate::seen::Id;
use crate::settings::Settings;
use crate::store::{self, File, OnPage, OwnExchange, Store, UrlRow};

/// How often a job is put back because this process has no descriptors left. Each time fewer jobs are in
/// flight, so that some rounds are enough if this process itself uses the descriptors. The limit is for the
/// other case, in which they are used by something else and never come back: the crawl still ends.
const PUT_BACK: u8 = 100;

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) fetchers: Fetchers,
    pub(super) store: Option<Store>,
    pub(super) found: Found,
    pub(super) first: First,
    pub(super) hosts: Hosts,
    pub(super) parts: Parts,
    pub(super) progress: Progress,
    pub(super) sum: Summary,
}

/// Jobs that are done before all pages.
#[derive(Debug, Default)]
pub(super) struct First {
    /// robots.txts and sitemaps; and repeated requests.
    pub(super) jobs: VecDeque<Job>,
    /// Sitemaps and robots.txts that must be done before the first page.
    pub(super) opening: usize,
}

/// The progress of a crawl.
#[derive(Debug)]
pub(super) struct Progress {
    /// The current depth, if depth has a limit.
    pub(super) level: u32,
    /// Pages that were started, and count.
    pub(super) begun: u64,
    /// How many jobs were in flight when the last one was taken.
    pub(super) in_flight: usize,
    /// How many may be in flight: fewer, if there were too few descriptors.
    pub(super) at_once: usize,
    pub(super) start: Instant,
}

impl State {
    pub(super) fn new(
        settings: Settings,
        scope: Scope,
        fetchers: Fetchers,
        file: File,
        archive: Option<&Path>,
        on_page: OnPage,
    ) -> Result<State, Error> {
        let mut sum = Summary::default();
        let mut found = Found::new(&settings, scope);
        let mut parts = HashSet::new();
        let mut early = Vec::new();
        let wanted = serde_json::to_string(&settings).unwrap_or_default();
        if file.is_resumed() {
            let was = file.get("settings")?.unwrap_or_default();
            if let Some(difference) = difference(&was, &wanted) {
                return Err(Error::Store(store::Error::Other {
                    path: file.path().to_owned(),
                    difference,
                }));
            }
            file.ask_again(settings.retry_failed)?;
            file.each_url(|id, text, skipped| {
                found.restore(id, text, skipped.is_some());
                if let Some(reason) = skipped {
                    sum.skip(reason);
                }
            })?;
            for url in file.moved_seeds()? {
                found.scope.add_seed(url);
            }
            file.each_alias(|id, target| {
                found.alias(id, target);
            })?;
            restore_counts(&mut sum, &file.left()?);
            if settings.check {
                parts = file.parts()?;
            }
            early = file.early()?;
            let passed = early.iter().map(|row| row.id);
            found.queue = Queue::resumed(AT_HAND, found.last(), passed);
        } else {
            file.set("settings", &wanted)?;
        }
        sum.earlier = sum.pages;
        let store = file.start(archive, settings.told_headers(), on_page)?;
        let mut state = State {
            fetchers,
            store: Some(store),
            found,
            first: First::default(),
            hosts: Hosts::default(),
            parts: Parts::new(parts, settings.check),
            progress: Progress {
                level: 0,
                begun: sum.pages,
                in_flight: 0,
                at_once: usize::MAX,
                start: Instant::now(),
            },
            sum,
            settings,
        };
        state.open(&early)?;
        Ok(state)
    }

    /// Queues the first jobs: those of an earlier run, and the seeds.
    fn open(&mut self, early: &[UrlRow]) -> Result<(), Error> {
        let early = early.iter().filter_map(Job::of_row);
        let (sitemaps, moved): (Vec<Job>, _) = early.partition(|job| job.role == Role::Sitemap);
        self.first.jobs.extend(sitemaps);
        self.found.queue.put_back(moved);
        let mut rows = Vec::new();
        for seed in self.settings.seeds.clone() {
            let way = Way {
                depth: 0,
                hops: 0,
                role: Role::Page,
            };
            self.find(seed.as_str(), way, &mut rows);
            if self.settings.sitemaps {
                self.first.jobs.extend(self.hosts.ask(&seed));
            }
        }
        self.first.opening = self.first.jobs.len();
        if !rows.is_empty() {
            self.store()?.urls(rows)?;
        }
        Ok(())
    }

    pub(super) fn store(&self) -> Result<&Store, store::Error> {
        self.store.as_ref().ok_or(store::Error::Gone)
    }

    pub(super) fn finish(&mut self) -> Result<(), Error> {
        match self.store.take() {
            Some(store) => Ok(store.finish()?),
            None => Ok(()),
        }
    }

    pub(super) fn summary(&self) -> Summary {
        Summary {
            found: self.found.len() as u64,
            time: self.progress.start.elapsed(),
            ..self.sum.clone()
        }
    }

    /// The number of a URL. A new URL gets a row, and a place in the queue unless there is a reason to leave it
    /// out.
    pub(super) fn find(&mut self, text: &str, way: Way, rows: &mut Vec<UrlRow>) -> Id {
        let (id, job) = self.found.find(text, way, rows, &mut self.sum);
        if let Some(job) = job {
            self.put(job);
        }
        id
    }

    /// Queues a new job.
    fn put(&mut self, job: Job) {
        if job.role == Role::Sitemap {
            self.first.opening += 1;
            self.found.queue.pass(job.id);
            self.first.jobs.push_back(job);
        } else if job.hops > 0 {
            // It has the depth of the page that redirects, so it goes before the others.
            self.found.queue.push_ahead(job);
        } else {
            self.found.queue.push(job);
        }
    }

    /// Handles the outcome of a job. False if it can't be written.
    pub(super) fn take_outcome(
        &mut self,
        job: Job,
        outcome: Outcome,
        content: Option<Content>,
    ) -> bool {
        match job.role {
            Role::Robots => {
                self.rules(job, outcome);
                true
            }
            Role::Sitemap => self.sitemap(&job, outcome),
            Role::Page | Role::External => self.page(job, outcome, content),
        }
    }

    /// Gives back a job that was not done: it stays in the queue.
    pub(super) fn leave(&mut self, job: &Job) {
        if job.role == Role::Page {
            self.progress.begun -= 1;
        }
    }

    /// Whether a job must be repeated because this process has no descriptors left. Then fewer jobs are in
    /// flight from now on.
    pub(super) fn lacks_descriptors(&mut self, job: &Job, outcome: &Outcome) -> bool {
        if !matches!(outcome.result, Err(Failure::Descriptors)) || job.put_back >= PUT_BACK {
            return false;
        }
        if self.progress.at_once == usize::MAX {
            self.sum.remark(
                "too many open files: fewer pages are asked for at once (ulimit -n allows more)"
                    .to_owned(),
            );
        }
        let fewer = self.progress.in_flight.saturating_sub(1).max(1);
        self.progress.at_once = self.progress.at_once.min(fewer);
        true
    }

    pub(super) fn write(
        &mut self,
        job: &Job,
        outcome: store::Outcome,
        record: Record,
        exchange: Option<OwnExchange>,
    ) -> bool {
        self.sum.cut += u64::from(record.health.cut.is_some());
        let row = record.rows(job, outcome, exchange);
        self.store().and_then(|store| store.page(row)).is_ok()
    }

    /// The exchange for the archive, if there is one.
    pub(super) fn exchange(&self, job: &Job, outcome: Outcome) -> Option<OwnExchange> {
        // An outcome from the cache has no attempts.
        let is_wanted = self.settings.archive && outcome.attempts > 0;
        let answer = outcome.result.ok().filter(|_| is_wanted)?;
        Some(exchange(job, answer, outcome.times.total))
    }

    /// Archives an exchange that has no row.
    pub(super) fn archive(&self, job: &Job, outcome: Outcome) {
        if let Some(exchange) = self.exchange(job, outcome)
            && let Ok(store) = self.store()
        {
            // An error here happens again at the next page, and is returned there.
            let _ = store.exchange(exchange);
        }
    }

    /// Adds a link that is not on a page.
    pub(super) fn own_link(&mut self, record: &mut Record, url: &str, way: Way, kind: Kind) -> Id {
        let target = self.find(url, way, &mut record.urls);
        record.link(target, kind, Place::default(), None);
        target
    }

    /// The product token of this crawler.
    pub(super) fn product(&self) -> &str {
        robots::product(&self.settings.politeness.user_agent)
    }

    /// If a seed redirects to another host, that host belongs to the crawl.
    pub(super) fn move_seed(&mut self, from: &Url, to: &Url) {
        if self.found.scope.is_new_host(to) {
            self.found.scope.add_seed(to.clone());
            self.sum.remark(format!(
                "{from} redirects to {to}: {} belongs to the crawl",
                to.host_str().unwrap_or_default()
            ));
        }
    }
}
