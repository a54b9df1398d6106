//! A crawl: what is to be fetched next, and what follows from what came. It has the rules and the
//! state, behind the frontier's lock; what waits, and on how many threads, is up to the models.

mod addresses;
mod fetchers;
mod found;
mod hosts;
mod job;
mod next;
mod pages;
mod parts;
mod queue;
mod record;
mod redirects;
mod resumed;
mod rules;
mod sitemaps;
mod state;
mod summary;

use std::collections::HashSet;
use std::path::Path;

use async_fetch::{Fetcher, Method, Outcome, Request};
use regex::Regex;
use tokio::sync::watch;
use url::Url;

pub use addresses::Lookup;
use fetchers::Fetchers;
pub use job::{Job, Role};

use crate::ask::Ask;
use crate::frontier::{Frontier, Next};
use crate::reading::{Content, Reading};
use crate::robots;
use crate::scope::Scope;
use crate::settings::Settings;
use crate::sitemap;
use crate::store::{self, File, OnPage};
use state::State;
pub use summary::Summary;

/// Why there is no crawl.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A pattern is none.
    #[error("{pattern}: not a regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A seed can't be crawled.
    #[error("{0}: can't be crawled: only http and https are")]
    Seed(Url),
    /// There is none.
    #[error("there is no URL to begin with")]
    NoSeed,
    /// The state can't be kept.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The fetcher can't be made.
    #[error("{0}")]
    Fetch(#[from] async_fetch::Error),
    /// The system refuses a thread, or a process.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

/// Memory that a regular expression may take.
const PATTERN: usize = 1 << 20;

/// A crawl, shared by those who work at it.
#[derive(Debug)]
pub struct Crawl {
    frontier: Frontier<State>,
    settings: Settings,
    /// A URL of each server that was given: secrets are for these.
    homes: Vec<Url>,
    fetchers: Fetchers,
    stop: watch::Sender<bool>,
}

/// The first URL of each scheme, host and port.
fn one_of_each_server(urls: &[Url]) -> Vec<Url> {
    let mut servers = HashSet::new();
    let first = urls.iter().filter(|url| servers.insert(url.origin()));
    first.cloned().collect()
}

impl Crawl {
    /// A crawl whose state is kept in a file. `on_page` hears of each page once it is kept, and
    /// `archive` names the file for the answers.
    ///
    /// # Errors
    /// If the settings can't be used, or the state or the archive can't be written.
    pub fn new(
        settings: Settings,
        file: File,
        archive: Option<&Path>,
        on_page: OnPage,
    ) -> Result<Crawl, Error> {
        Crawl::with_lookup(settings, file, archive, on_page, None)
    }

    /// The same, with names looked up in another way than the system's.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_lookup(
        settings: Settings,
        file: File,
        archive: Option<&Path>,
        on_page: OnPage,
        lookup: Option<Lookup>,
    ) -> Result<Crawl, Error> {
        let mut settings = settings;
        settings.archive = archive.is_some();
        let mut seeds = Vec::new();
        let Settings {
            seeds: given,
            guessed,
            access,
            ..
        } = &mut settings;
        given.iter_mut().for_each(|seed| access.take_from(seed));
        guessed.iter_mut().for_each(|seed| access.take_from(seed));
        for seed in &settings.seeds {
            let url = crate::normalise::page(seed.clone(), settings.rules);
            seeds.push(url.map_err(|_| Error::Seed(seed.clone()))?);
        }
        if seeds.is_empty() {
            return Err(Error::NoSeed);
        }
        settings.seeds = seeds;
        let scope = Scope::new(
            settings.reach,
            settings.seeds.clone(),
            patterns(&settings.include)?,
            patterns(&settings.exclude)?,
            patterns(&settings.skip)?,
        );
        let fetchers = Fetchers::new(&settings, lookup)?;
        let state = State::new(
            settings.clone(),
            scope,
            fetchers.clone(),
            file,
            archive,
            on_page,
        )?;
        Ok(Crawl {
            frontier: Frontier::new(state),
            homes: one_of_each_server(&settings.seeds),
            settings,
            fetchers,
            stop: watch::Sender::new(false),
        })
    }

    /// What it is to do.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What it fetches with, where one thread waits for many pages.
    pub fn fetcher(&self) -> &Fetcher {
        &self.fetchers.waiting
    }

    /// The next job, as soon as there is one; `None` at the end.
    pub fn take(&self) -> Option<Job> {
        self.frontier.take()
    }

    /// The next job, if there is one now.
    pub fn try_take(&self) -> Next<Job> {
        self.frontier.try_take()
    }

    fn ask(&self, job: &Job) -> Ask {
        let limit = match job.role {
            // One more, which tells that it was cut.
            Role::Robots => robots::BYTES + 1,
            Role::Sitemap => sitemap::BYTES,
            Role::Page | Role::External => self.settings.politeness.body,
        };
        Ask {
            method: if job.head { Method::HEAD } else { Method::GET },
            headers: self.settings.access.headers(&job.url, &self.homes),
            url: job.url.clone(),
            limit,
            // What RFC 9309 asks for: the first part of a long robots.txt counts. A long file is no
            // broken link, and of a long page the beginning is read.
            cuts: job.role != Role::Sitemap,
            decode: !self.settings.archive,
        }
    }

    /// What is asked for a job, for [`fetcher`](Self::fetcher).
    pub fn request(&self, job: &Job) -> Request {
        self.ask(job).into_request()
    }

    /// Asks for it, and waits for what becomes of it: the thread does nothing else meanwhile. `None` if
    /// the crawl is stopped.
    pub fn fetch(&self, job: &Job) -> Option<Outcome> {
        self.fetchers.blocking.fetch(&self.ask(job))
    }

    /// What is to be read of what came, if anything.
    pub fn reading(&self, job: &Job, outcome: &Outcome) -> Option<Reading> {
        match job.role {
            Role::Page | Role::External if !job.head => {
                let product = robots::product(&self.settings.politeness.user_agent);
                Reading::new(
                    outcome,
                    self.settings.wanted(),
                    &self.settings.picks,
                    product,
                )
            }
            _ => None,
        }
    }

    /// What it says, if anything is to be read. A reader that crashes costs the page's links, and not
    /// the crawl.
    pub fn read(&self, job: &Job, outcome: &Outcome) -> Option<Content> {
        let reading = self.reading(job, outcome)?;
        let read = std::panic::catch_unwind(|| reading.run());
        Some(read.unwrap_or_else(|_| Content::lost("its reader crashed")))
    }

    /// Stops the crawl if the thread panics while it lives. A thread that is gone completes no job:
    /// without it the others would wait for that one for ever.
    #[must_use = "it is the drop that stops"]
    pub fn stop_on_panic(&self) -> StopOnPanic<'_> {
        StopOnPanic(self)
    }

    /// A job is done: this came, and this is what it says.
    pub fn complete(&self, job: Job, outcome: Outcome, content: Option<Content>) {
        let kept = self
            .frontier
            .complete(|state| state.digest(job, outcome, content));
        if !kept {
            // Without its state it would be lost work.
            self.stop();
        }
    }

    /// A job can't be done now; it stays in the queue of a later run.
    pub fn give_back(&self, job: Job) {
        self.frontier.complete(|state| state.leave(&job));
    }

    /// Gives no more jobs out, and ends the waits of [`fetch`](Self::fetch). What was in flight is
    /// fetched again when the crawl is gone on with.
    pub fn stop(&self) {
        self.frontier.stop();
        self.stop.send_replace(true);
        self.fetchers.blocking.stop();
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until it is stopped.
    pub async fn stopped(&self) {
        // The sender lives as long as this crawl.
        let _ = self.stop.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// How it stands.
    pub fn summary(&self) -> Summary {
        self.frontier.with(|state| state.summary())
    }

    /// Commits what is not yet, and sums up.
    ///
    /// # Errors
    /// If the state could not be kept.
    pub fn finish(self) -> Result<Summary, Error> {
        self.frontier.with(|state| {
            let summary = state.summary();
            state.finish()?;
            Ok(summary)
        })
    }
}

/// See [`Crawl::stop_on_panic`].
#[derive(Debug)]
pub struct StopOnPanic<'a>(&'a Crawl);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop();
        }
    }
}

/// A regular expression that URLs are to match.
///
/// # Errors
/// If it is none, or would take more than a mebibyte.
pub fn pattern(text: &str) -> Result<Regex, Error> {
    let built = regex::RegexBuilder::new(text).size_limit(PATTERN).build();
    built.map_err(|error| Error::Pattern {
        pattern: text.to_owned(),
        reason: error.to_string().lines().last().unwrap_or("").to_owned(),
    })
}

fn patterns(texts: &[String]) -> Result<Vec<Regex>, Error> {
    texts.iter().map(|text| pattern(text)).collect()
}
