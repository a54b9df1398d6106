//! Handles the outcome of a page, or of an outside link.

use async_fetch::{Answer, Outcome};
use url::Url;

use super::found::Way;
use super::job::{Job, Role};
use super::record::Record;
use super::redirects::{self, needs_more_than_a_head};
use super::state::State;
use crate::fragment::Part;
use crate::html::{Kind, MOST_IDS, MOST_LINKS};
use crate::normalise;
use crate::reading::Content;
use crate::seen::Id;
use crate::store::{self, Target};

impl State {
    /// Handles the outcome of a page or of an outside link.
    pub(super) fn page(&mut self, job: Job, outcome: Outcome, content: Option<Content>) -> bool {
        if self.lacks_descriptors(&job, &outcome) {
            self.leave(&job);
            let put_back = job.put_back + 1;
            self.found.queue.put_back(vec![Job { put_back, ..job }]);
            return true;
        }
        if job.head && needs_more_than_a_head(&outcome) {
            self.first.jobs.push_back(Job { head: false, ..job });
            return true;
        }
        let mut record = Record::of(&outcome, &self.settings.accepted);
        self.sum.bytes += record.bytes;
        let mut kind = self.kind(&job, &outcome, &mut record);
        if let Some(content) = content {
            record.health.parts = !job.head && content.lost.is_none() && content.is_html;
            self.note_cuts(&content, outcome.result.as_ref().ok(), &mut record);
            if job.role == Role::External {
                record.ids = content.page.ids;
                record.title = content.page.title;
            } else {
                kind = self.content(&job, content, kind, &mut record);
            }
        }
        self.count(&job, kind, &record);
        self.remember(&job, &outcome, &record);
        let exchange = self.exchange(&job, outcome);
        self.write(&job, kind, record, exchange)
    }

    /// Adds an outside link that is right to the cache.
    fn remember(&self, job: &Job, outcome: &Outcome, record: &Record) {
        if let Some(cache) = &self.settings.cache
            && let Ok(answer) = &outcome.result
            && job.role == Role::External
            && outcome.attempts > 0
            && !record.health.broken
            && answer.status.as_u16() < 400
        {
            cache.put(
                &job.url,
                answer,
                redirects::place(answer, &job.url).as_ref(),
            );
        }
    }

    /// The kind of outcome, by the answer's header.
    fn kind(&mut self, job: &Job, outcome: &Outcome, record: &mut Record) -> store::Outcome {
        let answer = match &outcome.result {
            Ok(answer) => answer,
            Err(_) => return self.no_answer(job, record),
        };
        if let Some(url) = redirects::place(answer, &job.url) {
            self.follow(job, url, Kind::Redirect, record);
            return store::Outcome::Redirect;
        }
        if answer.status.is_redirection() && answer.headers.contains_key("location") {
            record.error = Some("a redirect to what is not fetched".to_owned());
            record.health.broken = true;
            return store::Outcome::Failed;
        }
        match job.role {
            Role::External => store::Outcome::Checked,
            _ => store::Outcome::Page,
        }
    }

    /// Handles a missing answer. If the scheme of a seed was only guessed, the other one is tried.
    pub(super) fn no_answer(&mut self, job: &Job, record: &mut Record) -> store::Outcome {
        let guessed = self.settings.guessed.contains(&job.url);
        if job.depth == 0
            && job.hops == 0
            && guessed
            && let Ok(url) = Url::parse(&job.url.as_str().replacen("https://", "http://", 1))
        {
            self.sum
                .remark(format!("{}: no answer, so {url} is crawled", job.url));
            self.follow(job, url, Kind::Redirect, record);
            record.health.broken = false;
            record.health.passing = false;
            return store::Outcome::Redirect;
        }
        store::Outcome::Failed
    }

    pub(super) fn count(&mut self, job: &Job, kind: store::Outcome, record: &Record) {
        if job.role == Role::External {
            self.sum.checked += u64::from(!job.again);
            return;
        }
        match kind {
            store::Outcome::Page | store::Outcome::Failed => {
                self.sum.pages += 1;
                let failed = kind == store::Outcome::Failed;
                self.sum.failed += u64::from(failed);
                self.sum.http_errors += u64::from(!failed && record.health.broken);
            }
            _ => {
                self.sum.aliases += 1;
                self.progress.begun -= 1;
            }
        }
    }

    /// Records which limits cut the page: the report shows that there may be more links.
    fn note_cuts(&self, content: &Content, answer: Option<&Answer>, record: &mut Record) {
        let page = &content.page;
        if answer.is_some_and(|answer| answer.cut) {
            let limit = self.settings.politeness.body;
            record.cut(format!("longer than {limit} bytes: see --max-body"));
            record.health.parts = false;
        }
        if page.links_cut > 0 {
            let all = page.links_cut + MOST_LINKS;
            record.cut(format!("{all} links: the first {MOST_LINKS} are followed"));
        }
        if page.ids_cut > 0 {
            let all = page.ids_cut + MOST_IDS;
            record.cut(format!(
                "{all} names of parts: the first {MOST_IDS} are known"
            ));
            record.health.parts = false;
        }
    }

    /// Adds the target of a redirect: a page of the same depth.
    fn follow(&mut self, job: &Job, to: Url, kind: Kind, record: &mut Record) {
        let fragment = to.fragment().map(str::to_owned);
        let Ok(to) = normalise::page(to, self.settings.rules) else {
            return;
        };
        if job.depth == 0 && job.role == Role::Page {
            self.move_seed(&job.url, &to);
        }
        let way = Way {
            depth: job.depth,
            hops: job.hops + 1,
            role: job.role,
        };
        let id = self.own_link(record, to.as_str(), way, kind);
        if fragment.as_deref().and_then(Part::of).is_some() {
            self.parts.want(id);
        }
        record.target = Some(Target {
            id,
            url: to.into(),
            fragment,
        });
    }

    /// Handles the content of a page. Returns the kind of outcome.
    fn content(
        &mut self,
        job: &Job,
        content: Content,
        kind: store::Outcome,
        record: &mut Record,
    ) -> store::Outcome {
        let Content {
            page,
            selected,
            trouble,
            lost,
            ..
        } = content;
        if lost.is_some() {
            record.error = lost;
            record.health.broken = true;
            return store::Outcome::Failed;
        }
        record.links_in_it = page.links.len();
        for link in page.links {
            if link.nofollow && self.settings.obeys_nofollow {
                self.sum.skip("nofollow");
                continue;
            }
            let way = Way {
                depth: job.depth + 1,
                hops: 0,
                role: Role::Page,
            };
            let target = self.find(&link.url, way, &mut record.urls);
            let fragment = link.fragment.filter(|_| self.settings.check);
            let is_only_checked = self.found.is_too_deep(way.depth) || self.leads_out(&link.url);
            if fragment.as_deref().and_then(Part::of).is_some() && is_only_checked {
                self.parts.want(target);
            }
            record.link(target, link.kind, link.place, fragment);
        }
        let mut kind = kind;
        if let Some(canonical) = page.canonical {
            kind = self.canonical(job, canonical, kind, record);
        }
        record.title = page.title;
        record.ids = page.ids;
        record.error = record.error.take().or(trouble);
        for (pick, found) in self.settings.picks.iter().zip(selected) {
            record.selected.insert(pick.name.clone(), found.into());
        }
        kind
    }

    fn leads_out(&self, url: &str) -> bool {
        Url::parse(url).is_ok_and(|url| !self.found.scope.has(&url))
    }

    /// Handles a canonical link. As with a redirect, the target is the same page and has the same depth.
    fn canonical(
        &mut self,
        job: &Job,
        canonical: String,
        kind: store::Outcome,
        record: &mut Record,
    ) -> store::Outcome {
        let way = Way {
            depth: job.depth,
            hops: job.hops + 1,
            role: Role::Page,
        };
        let id: Id = self.own_link(record, &canonical, way, Kind::Canonical);
        // A canonical link to the page itself, to the outside, or in a loop changes nothing.
        if id == job.id || self.leads_out(&canonical) || !self.found.alias(job.id, id) {
            return kind;
        }
        record.target = Some(Target {
            id,
            url: canonical,
            fragment: None,
        });
        store::Outcome::Alias
    }
}
