//! Makes the settings of a crawl from the flags.

use std::path::Path;

use anyhow::Context;
use crawler::normalise::Rules;
use crawler::scope::Reach;
use crawler::settings::{Limits, Politeness, Settings};
use crawler::store::{self, File};
use crawler::traps::Traps;

use super::pages::{CrawlArgs, ReachArg};
use super::values::pattern;

impl CrawlArgs {
    /// Opens the file of the state, by `--resume` and `--overwrite`.
    pub(in crate::cli) fn state(&self, path: &Path) -> Result<File, store::Error> {
        match (self.resume, self.overwrite) {
            (true, _) => File::resume(path),
            (false, true) => File::overwrite(path),
            (false, false) => File::create(path),
        }
    }

    /// The patterns of `--skip` and `--skip-file`.
    fn skip(&self) -> anyhow::Result<Vec<String>> {
        let mut patterns = self.skip.clone();
        if let Some(path) = &self.skip_file {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let place = || format!("{}:{}", path.display(), number + 1);
                patterns.push(pattern(line).with_context(place)?);
            }
        }
        Ok(patterns)
    }

    /// The settings of the crawl.
    ///
    /// # Errors
    /// If the file of `--skip-file` can't be read, or a line is not a regular expression.
    pub(in crate::cli) fn settings(&self, jobs: usize, check: bool) -> anyhow::Result<Settings> {
        let mut politeness = Politeness {
            jobs,
            per_host: self.per_host.into(),
            delay: self.delay.unwrap_or_default(),
            body: self.max_body,
            timeout: self.timeout,
            // A server that sends a byte now and then gets only a little more time than a silent one.
            time: self.timeout.saturating_mul(6),
            retries: self.retries,
            insecure: self.insecure,
            private: self.allow_private,
            ..Politeness::default()
        };
        if let Some(name) = &self.user_agent {
            politeness.user_agent.clone_from(name);
        }
        let mut access = self.sending.access()?;
        let (mut seeds, mut guessed) = (Vec::new(), Vec::new());
        for seed in &self.urls {
            let mut url = seed.url.clone();
            access.take_from(&mut url);
            guessed.extend(seed.guessed.then(|| url.clone()));
            seeds.push(url);
        }
        Ok(Settings {
            reach: match self.scope {
                ReachArg::Host => Reach::Host,
                ReachArg::Domain => Reach::Domain,
                ReachArg::Prefix => Reach::Prefix,
                ReachArg::Any => Reach::Any,
            },
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            depth: self.depth,
            rules: Rules {
                ignore_query: self.ignore_query,
                keep_tracking: self.keep_tracking,
            },
            forms: self.forms,
            // `nofollow` is for search engines: such a link can be broken, too.
            obeys_nofollow: !self.ignore_nofollow && !check,
            obeys_robots: !self.ignore_robots,
            sitemaps: self.sitemaps,
            traps: Traps {
                url_length: self.max_url,
                repeats: self.max_repeats,
                per_host: self.max_per_host,
                per_pattern: self.max_per_pattern,
            },
            check,
            picks: self.select.clone(),
            limits: Limits {
                pages: self.max_pages,
                bytes: self.max_bytes,
                time: self.max_time,
            },
            politeness,
            skip: self.skip()?,
            accepted: self.accept.clone(),
            css: self.css,
            guessed,
            access,
            retry_failed: self.retry_failed,
            ..Settings::new(seeds)
        })
    }
}
