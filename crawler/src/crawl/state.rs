//! The state of a crawl: what is known, what is next, what follows from what came, and what was
//! counted.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use async_fetch::{Answer, Error as Failure, Fetcher, Outcome, is_redirect};
use serde_json::{Map, Value};
use url::Url;

use super::Error;
use super::hosts::{Hosts, WAITING};
use super::job::{Job, Role};
use super::queue::{AT_HAND, Queue};
use super::record::{Record, exchange};
use crate::frontier::Work;
use crate::html::Kind;
use crate::normalise;
use crate::reading::{Content, header};
use crate::robots::{self, Found, Rules};
use crate::scope::Scope;
use crate::seen::{Id, Seen};
use crate::settings::Settings;
use crate::sitemap::{self, Sitemap};
use crate::store::{self, File, OnPage, OwnExchange, Store, UrlRow};
use crate::traps::Counts;

/// Redirects one after the other that are followed: as many as in most clients.
const HOPS: u8 = 10;

/// How a crawl went, or stands; of all its runs together where nothing else is said.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Pages that were fetched, and those that could not be.
    pub pages: u64,
    /// Of these, those of earlier runs.
    pub earlier: u64,
    /// Of these, those that could not be fetched.
    pub failed: u64,
    /// Of these, those whose status is one of failure.
    pub http_errors: u64,
    /// URLs that turned out to be another page's: redirects and canonical links.
    pub aliases: u64,
    /// Links that lead out and were checked.
    pub checked: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// URLs that were found.
    pub found: u64,
    /// URLs that were not fetched, by the reason. (Links that were not followed because of their
    /// `nofollow` are counted of this run only.)
    pub skipped: BTreeMap<String, u64>,
    /// Which limit ended it.
    pub limit: Option<&'static str>,
    /// How long this run took.
    pub time: Duration,
}

impl Summary {
    fn skip(&mut self, reason: &str) {
        *self.skipped.entry(reason.to_owned()).or_default() += 1;
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct State {
    settings: Settings,
    scope: Scope,
    fetcher: Fetcher,
    store: Option<Store>,
    seen: Seen,
    counts: Counts,
    queue: Queue,
    /// robots.txts and sitemaps, before all pages; and links that lead out and are asked for again.
    first: VecDeque<Job>,
    hosts: Hosts,
    /// Sitemaps and robots.txts without which no page is to be fetched, not done yet.
    opening: usize,
    sitemaps: usize,
    /// Links that lead out to a part of a page, which only a GET can find.
    parts: HashSet<Id>,
    /// Whether those of which that was known too late have been asked for again.
    parts_are_found: bool,
    /// The depth that is being crawled, where depth has a limit.
    level: u32,
    /// Pages that were begun and count.
    begun: u64,
    sum: Summary,
    start: Instant,
}

impl State {
    pub(super) fn new(
        settings: Settings,
        scope: Scope,
        fetcher: Fetcher,
        file: File,
        archive: Option<&Path>,
        on_page: OnPage,
    ) -> Result<State, Error> {
        let mut seen = Seen::default();
        let mut counts = Counts::default();
        let mut sum = Summary::default();
        let mut queue = Queue::new(AT_HAND);
        let mut parts = HashSet::new();
        let mut early = Vec::new();
        let wanted = serde_json::to_string(&settings).unwrap_or_default();
        if file.is_resumed() {
            let found = file.get("settings")?.unwrap_or_default();
            if let Some(difference) = difference(&found, &wanted) {
                return Err(Error::Store(store::Error::Other {
                    path: file.path().to_owned(),
                    difference,
                }));
            }
            file.each_url(|id, text, skipped| {
                seen.restore(text, id);
                if let Some(reason) = skipped {
                    sum.skip(reason);
                } else if let Ok(url) = Url::parse(text) {
                    // It was let in before.
                    let _ = counts.add(&url, &settings.traps);
                }
            })?;
            let left = file.left()?;
            sum.pages = left.pages;
            sum.failed = left.failed;
            sum.http_errors = left.http_errors;
            sum.aliases = left.aliases;
            sum.checked = left.checked;
            sum.bytes = left.bytes;
            if left.robots > 0 {
                sum.skipped.insert("robots".to_owned(), left.robots);
            }
            if settings.check {
                parts = file.parts()?;
            }
            early = file.early()?;
            queue = Queue::resumed(AT_HAND, seen.last(), early.iter().map(|row| row.id));
        } else {
            file.set("settings", &wanted)?;
        }
        sum.earlier = sum.pages;
        let agent = settings.politeness.user_agent.clone();
        let store = file.start(archive, &agent, on_page)?;
        let mut state = State {
            scope,
            fetcher,
            store: Some(store),
            seen,
            counts,
            queue,
            first: VecDeque::new(),
            hosts: Hosts::default(),
            opening: 0,
            sitemaps: 0,
            parts,
            parts_are_found: false,
            level: 0,
            begun: sum.pages,
            sum,
            start: Instant::now(),
            settings,
        };
        let early = early.iter().filter_map(Job::of_row);
        let (sitemaps, moved): (Vec<Job>, _) = early.partition(|job| job.role == Role::Sitemap);
        state.first.extend(sitemaps);
        state.queue.put_back(moved);
        let mut rows = Vec::new();
        for seed in state.settings.seeds.clone() {
            state.find(seed.as_str(), 0, 0, Role::Page, &mut rows);
            if state.settings.sitemaps {
                state.first.extend(state.hosts.ask(&seed));
            }
        }
        state.opening = state.first.len();
        if !rows.is_empty() {
            state.store()?.urls(rows)?;
        }
        Ok(state)
    }

    fn store(&self) -> Result<&Store, store::Error> {
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
            found: self.seen.len() as u64,
            time: self.start.elapsed(),
            ..self.sum.clone()
        }
    }

    /// Gives a URL its number; if it is new, adds it to the rows, and to the queue unless there is
    /// a reason to leave it out.
    fn find(&mut self, text: &str, depth: u32, hops: u8, role: Role, rows: &mut Vec<UrlRow>) -> Id {
        let id = match self.seen.number(text) {
            Ok(id) => return id,
            Err(id) => id,
        };
        let mut role = role;
        let url = Url::parse(text);
        let skipped = match &url {
            Err(_) => Some("invalid"),
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
            (None, Ok(url)) => self.put(Job::new(id, url, depth, hops, role)),
            (reason, _) => {
                self.sum.skip(reason.unwrap_or("invalid"));
                self.queue.pass(id);
            }
        }
        id
    }

    fn reason_to_skip(
        &mut self,
        url: &Url,
        depth: u32,
        hops: u8,
        role: &mut Role,
    ) -> Option<&'static str> {
        if hops > HOPS {
            return Some("too-many-redirects");
        }
        if *role == Role::Sitemap {
            self.sitemaps += 1;
            return (self.sitemaps > sitemap::FILES).then_some("sitemaps");
        }
        if *role == Role::External || !self.scope.has(url) {
            if !self.settings.check {
                return Some("scope");
            }
            *role = Role::External;
            return None;
        }
        if self.settings.depth.is_some_and(|most| depth > most) {
            return Some("depth");
        }
        let counted = self.counts.add(url, &self.settings.traps);
        counted.err().map(|trap| trap.name())
    }

    /// Puts a new job where it belongs.
    fn put(&mut self, job: Job) {
        if job.role == Role::Sitemap {
            self.opening += 1;
            self.queue.pass(job.id);
            self.first.push_back(job);
        } else if job.hops > 0 {
            // Of the same depth as what led here, which is before what is queued.
            self.queue.push_ahead(job);
        } else {
            self.queue.push(job);
        }
    }

    /// The next of the queue.
    fn pop(&mut self) -> Option<Job> {
        let store = self.store.as_ref();
        let read = |after, most| {
            let rows = store.map(|store| store.queue(after, most));
            // What fails here is told when the crawl is finished.
            rows.and_then(Result::ok).unwrap_or_default()
        };
        self.queue.pop(read)
    }

    /// Which limit has been reached.
    fn limit(&self) -> Option<&'static str> {
        let limits = &self.settings.limits;
        if limits.pages.is_some_and(|most| self.begun >= most) {
            Some("pages")
        } else if limits.bytes.is_some_and(|most| self.sum.bytes >= most) {
            Some("bytes")
        } else if limits.time.is_some_and(|most| self.start.elapsed() >= most) {
            Some("time")
        } else {
            None
        }
    }

    /// Whether a page may be fetched now: `None` if that is not known yet.
    fn is_allowed(&self, url: &Url) -> Option<bool> {
        if !self.settings.obeys_robots {
            return Some(true);
        }
        self.hosts.rules(url).map(|rules| rules.allow(url))
    }

    /// A page that must not be fetched: because somebody said so, or because nobody can be asked.
    fn forbidden(&mut self, job: &Job) -> bool {
        let trouble = self.hosts.rules(&job.url).and_then(Rules::trouble);
        let (kind, error) = match trouble {
            None => ("robots", "robots.txt forbids it".to_owned()),
            Some(reason) => (
                "failed",
                format!("robots.txt can't be had, so nothing may be: {reason}"),
            ),
        };
        if kind == "failed" {
            self.begun += 1;
            self.sum.pages += 1;
            self.sum.failed += 1;
        } else {
            self.sum.skip(kind);
        }
        self.write(job, kind, Record::failed(error), None)
    }

    /// What came of a job. False if it can't be kept.
    pub(super) fn digest(&mut self, job: Job, outcome: Outcome, content: Option<Content>) -> bool {
        match job.role {
            Role::Robots => {
                self.rules(job, &outcome);
                true
            }
            Role::Sitemap => self.sitemap(&job, &outcome),
            Role::Page | Role::External => self.page(job, outcome, content),
        }
    }

    /// A job was not done: it stays in the queue.
    pub(super) fn leave(&mut self, job: &Job) {
        if job.role == Role::Page {
            self.begun -= 1;
        }
    }

    /// A robots.txt has come, or something in its place.
    fn rules(&mut self, job: Job, outcome: &Outcome) {
        let reason = outcome.failure().unwrap_or_default();
        let found = match &outcome.result {
            Ok(answer) if answer.status.is_success() => Found::Text(answer.bytes()),
            Ok(answer) => match place_of_redirect(answer, &job.url) {
                Some(_) if job.hops >= robots::REDIRECTS => Found::TooManyRedirects,
                Some(url) => {
                    let hops = job.hops + 1;
                    self.first.push_back(Job { url, hops, ..job });
                    return;
                }
                None => Found::Status(answer.status.as_u16()),
            },
            Err(_) => Found::Nothing(&reason),
        };
        let rules = Rules::new(found);
        if self.settings.sitemaps {
            self.opening -= usize::from(self.opening > 0);
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
            self.fetcher.set_host_delay(&host, delay);
        }
        let waited = self.hosts.answer(job.origin, rules);
        self.queue.put_back(waited);
    }

    /// The sitemaps that a robots.txt names, or else the usual one.
    fn name_sitemaps(&mut self, rules: &Rules, origin: &str) {
        let mut named: Vec<String> = rules.sitemaps().iter().map(Url::to_string).collect();
        if named.is_empty() {
            named.push(format!("{origin}/sitemap.xml"));
        }
        let mut rows = Vec::new();
        for url in named {
            self.find(&url, 0, 0, Role::Sitemap, &mut rows);
        }
        if let Ok(store) = self.store() {
            // What fails here fails at the next page too, and is told there.
            let _ = store.urls(rows);
        }
    }

    /// A sitemap has come.
    fn sitemap(&mut self, job: &Job, outcome: &Outcome) -> bool {
        self.opening -= usize::from(self.opening > 0);
        let mut record = Record::of(job, outcome);
        let read = match &outcome.result {
            Ok(answer) if answer.status.is_success() => sitemap::read(answer.bytes()),
            Ok(answer) => match place_of_redirect(answer, &job.url) {
                Some(url) => Ok(Sitemap {
                    sitemaps: vec![url.into()],
                    ..Sitemap::default()
                }),
                None => Err(answer.status.to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        let map = read.unwrap_or_else(|reason| {
            record.error = Some(reason);
            Sitemap::default()
        });
        for (entries, role) in [(map.sitemaps, Role::Sitemap), (map.pages, Role::Page)] {
            for entry in entries {
                let url = job.url.join(&entry).ok();
                let url = url.and_then(|url| normalise::page(url, self.settings.rules).ok());
                if let Some(url) = url {
                    let target = self.find(url.as_str(), 0, 0, role, &mut record.urls);
                    record.link(target, Kind::Sitemap, None);
                }
            }
        }
        self.write(job, "sitemap", record, None)
    }

    /// A page has come, or what a link that leads out leads to.
    fn page(&mut self, job: Job, outcome: Outcome, content: Option<Content>) -> bool {
        if job.head && needs_more_than_a_head(&outcome) {
            // Some servers answer HEAD with nonsense: whether it is broken only a GET can tell.
            self.first.push_back(Job { head: false, ..job });
            return true;
        }
        let mut record = Record::of(&job, &outcome);
        self.sum.bytes += record.bytes;
        let checked = job.role == Role::External;
        let mut kind = if checked { "checked" } else { "page" };
        match &outcome.result {
            Err(_) => kind = "failed",
            Ok(answer) => {
                if let Some(url) = place_of_redirect(answer, &job.url) {
                    kind = "redirect";
                    self.follow(&job, url, &mut record);
                } else if answer.status.is_redirection() && answer.headers.contains_key("location")
                {
                    kind = "failed";
                    record.error = Some("a redirect to what is not fetched".to_owned());
                }
            }
        }
        if let Some(content) = content {
            if checked {
                record.ids = content.page.ids;
                record.title = content.page.title;
            } else {
                kind = self.content(&job, content, kind, &mut record);
            }
        }
        let counts = matches!(kind, "page" | "failed");
        match (checked, counts) {
            (true, _) => self.sum.checked += u64::from(!job.again),
            (false, true) => {
                self.sum.pages += 1;
                self.sum.failed += u64::from(kind == "failed");
                self.sum.http_errors +=
                    u64::from(record.status.is_some_and(|status| status >= 400));
            }
            (false, false) => {
                self.sum.aliases += 1;
                self.begun -= 1;
            }
        }
        let exchange = match outcome.result {
            Ok(answer) if self.settings.archive => Some(exchange(&job, answer)),
            _ => None,
        };
        self.write(&job, kind, record, exchange)
    }

    /// Goes where a redirect leads: a page of the same depth.
    fn follow(&mut self, job: &Job, to: Url, record: &mut Record) {
        let Ok(to) = normalise::page(to, self.settings.rules) else {
            return;
        };
        let hops = job.hops + 1;
        let target = self.find(to.as_str(), job.depth, hops, job.role, &mut record.urls);
        record.link(target, Kind::Redirect, None);
        record.target = Some((target, to.into()));
    }

    /// What a page says; what it is then.
    fn content(
        &mut self,
        job: &Job,
        content: Content,
        kind: &'static str,
        record: &mut Record,
    ) -> &'static str {
        let Content {
            page,
            selected,
            trouble,
            lost,
        } = content;
        if lost.is_some() {
            record.error = lost;
            return "failed";
        }
        let mut kind = kind;
        record.links_in_it = page.links.len();
        for link in page.links {
            if link.nofollow && self.settings.obeys_nofollow {
                self.sum.skip("nofollow");
                continue;
            }
            let target = self.find(&link.url, job.depth + 1, 0, Role::Page, &mut record.urls);
            let fragment = link.fragment.filter(|_| self.settings.check).map(decoded);
            if fragment.as_ref().is_some_and(|it| !it.is_empty())
                && Url::parse(&link.url).is_ok_and(|url| !self.scope.has(&url))
            {
                self.parts.insert(target);
            }
            record.link(target, link.kind, fragment);
        }
        if let Some(canonical) = page.canonical {
            // Like a redirect: the same page, and the same depth.
            let hops = job.hops + 1;
            let target = self.find(&canonical, job.depth, hops, Role::Page, &mut record.urls);
            record.link(target, Kind::Canonical, None);
            // One that leads to this very page under another spelling, or out, changes nothing.
            let within = Url::parse(&canonical).is_ok_and(|url| self.scope.has(&url));
            if target != job.id && within {
                kind = "alias";
                record.target = Some((target, canonical));
            }
        }
        record.title = page.title;
        record.ids = page.ids;
        record.error = record.error.take().or(trouble);
        for (pick, found) in self.settings.picks.iter().zip(selected) {
            record.selected.insert(pick.name.clone(), found.into());
        }
        kind
    }

    fn write(
        &mut self,
        job: &Job,
        outcome: &'static str,
        record: Record,
        exchange: Option<OwnExchange>,
    ) -> bool {
        let row = record.rows(job, outcome, exchange);
        self.store().and_then(|store| store.page(row)).is_ok()
    }

    /// At the end: links that lead out whose header was asked for before it was known that a part
    /// of the page is wanted.
    fn parts_to_find(&mut self) -> Option<Job> {
        if !self.settings.check || self.parts_are_found {
            return None;
        }
        self.parts_are_found = true;
        let rows = self.store().and_then(Store::parts_not_looked_for);
        let jobs = rows.unwrap_or_default();
        self.first
            .extend(jobs.iter().filter_map(Job::of_row).map(|job| Job {
                head: false,
                again: true,
                ..job
            }));
        self.first.pop_front()
    }
}

impl Work for State {
    type Job = Job;

    fn next(&mut self, in_flight: usize) -> Option<Job> {
        if let Some(job) = self.first.pop_front() {
            return Some(job);
        }
        if self.opening > 0 && in_flight > 0 {
            return None;
        }
        loop {
            if let Some(limit) = self.limit() {
                // Of those in flight some may turn out to be no pages.
                if in_flight == 0 {
                    self.sum.limit = Some(limit);
                }
                return None;
            }
            if self.hosts.waiting() >= WAITING {
                return None;
            }
            let Some(job) = self.pop() else {
                return match in_flight {
                    0 if self.hosts.waiting() == 0 => self.parts_to_find(),
                    _ => None,
                };
            };
            if self.settings.depth.is_some() && job.depth > self.level {
                // What is in flight or waits may lead to more of the same depth.
                if in_flight > 0 || self.hosts.waiting() > 0 {
                    self.queue.postpone(job);
                    return None;
                }
                self.level = job.depth;
            }
            if job.role == Role::External {
                let head = !self.parts.contains(&job.id);
                return Some(Job { head, ..job });
            }
            match self.is_allowed(&job.url) {
                Some(true) => {
                    self.begun += 1;
                    return Some(job);
                }
                Some(false) => {
                    if !self.forbidden(&job) {
                        return None;
                    }
                }
                None => {
                    let robots = self.hosts.ask(&job.url);
                    self.hosts.wait(job);
                    if robots.is_some() {
                        return robots;
                    }
                }
            }
        }
    }
}

/// A fragment as the name of a part is written.
fn decoded(fragment: String) -> String {
    if !fragment.contains('%') {
        return fragment;
    }
    // Made a pair's value, it is decoded as one; a plus would become a space there.
    let pair = format!("={}", fragment.replace('+', "%2B").replace('&', "%26"));
    let value = url::form_urlencoded::parse(pair.as_bytes()).next();
    value.map_or(fragment, |(_, value)| value.into_owned())
}

/// Where an answer redirects to, if that can be fetched.
fn place_of_redirect(answer: &Answer, from: &Url) -> Option<Url> {
    if !is_redirect(answer.status) {
        return None;
    }
    let to = from.join(&header(&answer.headers, "location")?).ok()?;
    matches!(to.scheme(), "http" | "https").then_some(to)
}

/// Whether only a GET can tell how it stands with a link.
fn needs_more_than_a_head(outcome: &Outcome) -> bool {
    match &outcome.result {
        Ok(answer) => answer.status.as_u16() >= 400,
        Err(Failure::Refused | Failure::Lookup { .. } | Failure::Address(_) | Failure::NoTls) => {
            false
        }
        Err(_) => true,
    }
}

/// In what two settings differ.
fn difference(found: &str, wanted: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap_or_default();
    let (found, wanted) = (read(found), read(wanted));
    let name = wanted
        .keys()
        .find(|key| found.get(*key) != wanted.get(*key))?;
    let was = found.get(name).unwrap_or(&Value::Null);
    Some(format!("{name} was {was}, and is {} now", wanted[name]))
}
