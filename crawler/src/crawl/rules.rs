//! Handles a robots.txt: allowed pages, delays, sitemaps.

use async_fetch::Outcome;
use url::Url;

use super::found::Way;
use super::job::{Job, Role};
use super::record::Record;
use super::redirects;
use super::state::State;
use crate::reading::unpacked;
use crate::robots::{self, Found, Rules};
use crate::sitemap;
use crate::store::{self, Skip};

impl State {
    /// Whether a page may be fetched now: `None` if that is not known yet.
    pub(super) fn is_allowed(&self, url: &Url) -> Option<bool> {
        if !self.settings.obeys_robots {
            return Some(true);
        }
        self.hosts.rules(url).map(|rules| rules.allow(url))
    }

    /// Handles a page that must not be fetched: robots.txt forbids it, or robots.txt can't be read.
    pub(super) fn forbidden(&mut self, job: &Job) -> bool {
        let trouble = self.hosts.rules(&job.url).and_then(Rules::trouble);
        let Some(reason) = trouble else {
            self.sum.skip(store::Outcome::Robots.name());
            let record = Record::failed("robots.txt forbids it".to_owned());
            return self.write(job, store::Outcome::Robots, record, None);
        };
        let mut record = Record::failed(format!(
            "robots.txt can't be read, so all pages are forbidden: {reason}"
        ));
        record.health.broken = true;
        record.health.passing = true;
        self.progress.begun += u64::from(job.role == Role::Page);
        let outcome = self.no_answer(job, &mut record);
        self.count(job, outcome, &record);
        self.write(job, outcome, record, None)
    }

    /// Handles the outcome of a robots.txt.
    pub(super) fn rules(&mut self, job: Job, outcome: Outcome) {
        if self.lacks_descriptors(&job, &outcome) {
            let put_back = job.put_back + 1;
            self.first.jobs.push_back(Job { put_back, ..job });
            return;
        }
        let reason = outcome.failure().unwrap_or_default();
        let text;
        let found = match &outcome.result {
            Ok(answer) if answer.status.is_success() => {
                // With an archive it was not decoded.
                text = unpacked(answer.bytes(), robots::BYTES + 1).unwrap_or_default();
                Found::Text(&text)
            }
            Ok(answer) => match redirects::place(answer, &job.url) {
                Some(_) if job.hops >= robots::REDIRECTS => Found::TooManyRedirects,
                Some(url) => {
                    let hops = job.hops + 1;
                    self.archive(&job, outcome);
                    self.first.jobs.push_back(Job { url, hops, ..job });
                    return;
                }
                None => Found::Status(answer.status.as_u16()),
            },
            Err(_) => Found::Nothing(&reason),
        };
        let rules = Rules::new(found, self.product(), &job.url);
        self.archive(&job, outcome);
        if self.settings.sitemaps {
            self.first.opening -= usize::from(self.first.opening > 0);
            self.name_sitemaps(&rules, &job.origin);
        }
        let rules = match self.settings.obeys_robots {
            true => rules,
            false => Rules::none(),
        };
        if let Some(delay) = rules.delay()
            && delay > self.settings.politeness.delay
            && let Ok(host) = Url::parse(&job.origin)
        {
            self.fetchers.set_host_delay(&host, delay);
        }
        let waited = self.hosts.answer(job.origin, rules);
        self.found.queue.put_back(waited);
    }

    /// Adds the sitemaps of a robots.txt; if it has none, the usual one.
    fn name_sitemaps(&mut self, rules: &Rules, origin: &str) {
        let mut named: Vec<String> = rules.sitemaps().iter().map(Url::to_string).collect();
        if named.is_empty() {
            named.push(format!("{origin}/sitemap.xml"));
        }
        let way = Way {
            depth: 0,
            hops: 0,
            role: Role::Sitemap,
        };
        let mut rows = Vec::new();
        let refused = self.sum.skipped_by(Skip::Sitemaps);
        for url in named {
            self.find(&url, way, &mut rows);
        }
        if rules.sitemaps_cut() > 0 || self.sum.skipped_by(Skip::Sitemaps) > refused {
            self.sum.cut += 1;
            self.sum.remark(format!(
                "{origin}/robots.txt names more sitemaps than the {} that are read",
                sitemap::FILES
            ));
        }
        if let Ok(store) = self.store() {
            // An error here happens again at the next page, and is returned there.
            let _ = store.urls(rows);
        }
    }
}
