//! A crawl: it decides which URL is fetched next, and handles each result. It has the rules and the state,
//! behind the frontier's lock. The models decide how many threads wait and read.

mod addresses;
mod fetchers;
mod found;
mod hosts;
mod job;
mod names;
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
pub(crate) use names::Names;

use crate::ask::Ask;
use crate::frontier::{Frontier, Next};
use crate::reading::{Content, Reading};
use crate::robots;
use crate::scope::Scope;
use crate::settings::Settings;
use crate::sitemap;
use crate::store::{self, File, OnPage};
use state::State;
pub use summary::{Limit, Summary};

/// The reason why there is no crawl.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A pattern is not a regular expression.
    #[error("{pattern}: not a regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The error in it.
        reason: String,
    },
    /// A seed can't be crawled.
    #[error("{0}: can't be crawled: only http and https are")]
    Seed(Url),
    /// There is no seed.
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

/// Bytes that a compiled pattern of the user may take. Usual patterns take some kilobytes; a slip such as
/// `(.{1000}){1000}` would take far more, and is an error instead.
const PATTERN_BYTES: usize = 1 << 20;

/// A crawl. All threads of a model share it.
#[derive(Debug)]
pub struct Crawl {
    frontier: Frontier<State>,
    settings: Settings,
    /// A URL of each server of the seeds: secrets are for these servers.
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
    /// A crawl with its state in a file. `on_page` is called for each page once it is written, and `archive`
    /// is the file for the answers.
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

    /// The same, with another look-up of names than the system's.
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

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The fetcher for models in which one thread waits for many pages.
    pub fn fetcher(&self) -> &Fetcher {
        &self.fetchers.waiting
    }

    /// Waits for the next job; `None` at the end.
    pub fn take(&self) -> Option<Job> {
        self.frontier.take()
    }

    /// The next job, if there is one now.
    pub fn try_take(&self) -> Next<Job> {
        self.frontier.try_take()
    }

    fn ask(&self, job: &Job) -> Ask {
        let limit = match job.role {
            // One more byte shows that it was cut.
            Role::Robots => robots::BYTES + 1,
            Role::Sitemap => sitemap::BYTES,
            Role::Page | Role::External => self.settings.politeness.body,
        };
        Ask {
            method: if job.head { Method::HEAD } else { Method::GET },
            headers: self.settings.access.headers(&job.url, &self.homes),
            url: job.url.clone(),
            limit,
            // By RFC 9309 the first part of a long robots.txt counts. A long file is no broken link, and
            // the beginning of a long page is read.
            cuts: job.role != Role::Sitemap,
            decode: !self.settings.archive,
        }
    }

    /// The request of a job, for [`fetcher`](Self::fetcher).
    pub fn request(&self, job: &Job) -> Request {
        self.ask(job).into_request()
    }

    /// Fetches the URL of a job. The thread waits for the outcome. `None` if the crawl is stopped.
    pub fn fetch(&self, job: &Job) -> Option<Outcome> {
        let _span = tracing::info_span!("fetch").entered();
        self.fetchers.blocking.fetch(&self.ask(job))
    }

    /// The body to be read, if there is one.
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

    /// Reads the body, if there is one to be read. If the reader panics, the page is lost and the crawl goes on.
    pub fn read(&self, job: &Job, outcome: &Outcome) -> Option<Content> {
        let reading = self.reading(job, outcome)?;
        let read = std::panic::catch_unwind(|| reading.run());
        Some(read.unwrap_or_else(|_| Content::lost("its reader crashed")))
    }

    /// Stops the crawl if the thread panics while this guard lives. Otherwise the other threads would wait for
    /// ever for the job of that thread.
    #[must_use = "it is the drop that stops"]
    pub fn stop_on_panic(&self) -> StopOnPanic<'_> {
        StopOnPanic(self)
    }

    /// Completes a job with its outcome and its content.
    pub fn complete(&self, job: Job, outcome: Outcome, content: Option<Content>) {
        let kept = self
            .frontier
            .complete(|state| state.take_outcome(job, outcome, content));
        if !kept {
            // The state can't be written, so further work would be lost.
            self.stop();
        }
    }

    /// Gives a job back that was not done. It stays in the queue of a later run.
    pub fn give_back(&self, job: Job) {
        self.frontier.complete(|state| state.leave(&job));
    }

    /// Stops the crawl: there are no more jobs, and the waits of [`fetch`](Self::fetch) end. Pages in flight
    /// are fetched again when the crawl is resumed.
    pub fn stop(&self) {
        let in_flight = self.frontier.stop();
        // Otherwise pages in flight at the end of the time would be lost without a word.
        self.frontier.with(|state| state.note_time(in_flight));
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

    /// The current counts.
    pub fn summary(&self) -> Summary {
        self.frontier.with(|state| state.summary())
    }

    /// Commits everything, and returns the counts.
    ///
    /// # Errors
    /// If the state could not be written.
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

/// Compiles a regular expression for URLs.
///
/// # Errors
/// If it is invalid, or takes more than 1 MiB.
pub fn pattern(text: &str) -> Result<Regex, Error> {
    let built = regex::RegexBuilder::new(text)
        .size_limit(PATTERN_BYTES)
        .build();
    built.map_err(|error| Error::Pattern {
        pattern: text.to_owned(),
        reason: error.to_string().lines().last().unwrap_or("").to_owned(),
    })
}

fn patterns(texts: &[String]) -> Result<Vec<Regex>, Error> {
    texts.iter().map(|text| pattern(text)).collect()
}
