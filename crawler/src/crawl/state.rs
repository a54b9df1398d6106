//! The state of a crawl: the queue, what is known, and what was counted.
//!
//! The queue is the table of URLs in the store, along which a cursor runs. The next few thousand are
//! kept in memory; a crawl that finds more than it can fetch leaves them where they are.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use async_fetch::{Answer, Bytes, Fetcher, Outcome, StatusCode};
use serde_json::{Map, Value};
use url::{Position, Url};

use super::Error;
use crate::frontier::Work;
use crate::html::Kind;
use crate::normalise;
use crate::reading::{Content, header};
use crate::robots::{self, Found, Rules};
use crate::scope::Scope;
use crate::seen::{Id, Seen};
use crate::settings::Settings;
use crate::sitemap;
use crate::store::{self, File, LinkRow, OwnExchange, PageRow, Store, Teller, Told, UrlRow};
use crate::traps::Counts;

/// URLs of the queue that are in memory, at most.
const AT_HAND: usize = 8192;

/// URLs that wait for their host's robots.txt, at most: then no others are looked at.
const WAITING: usize = 1024;

/// Redirects one after the other that are followed.
const HOPS: u8 = 10;

/// What a URL is to a crawl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Role {
    /// A page of it.
    Page = 0,
    /// A sitemap.
    Sitemap = 1,
    /// Not of it, and only checked.
    External = 2,
    /// The rules of a host. It is in no queue.
    Robots = 3,
}

impl Role {
    fn of(number: u8) -> Role {
        match number {
            1 => Role::Sitemap,
            2 => Role::External,
            3 => Role::Robots,
            _ => Role::Page,
        }
    }
}

/// Something to be fetched.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its number.
    pub id: Id,
    /// Where it is.
    pub url: Url,
    /// How many links away from the seeds it was found.
    pub depth: u32,
    /// How many redirects led here.
    pub hops: u8,
    /// What it is to the crawl.
    pub role: Role,
    /// Only its header is wanted.
    pub head: bool,
    /// Whose rules they are, if it is a robots.txt.
    origin: String,
}

/// How a crawl went, or stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Pages that were fetched, and those that could not be.
    pub pages: u64,
    /// Of these, those that could not be.
    pub failed: u64,
    /// Of these, those whose status is one of failure.
    pub refused: u64,
    /// URLs that turned out to be another page's: redirects and canonical links.
    pub aliases: u64,
    /// Links that lead out and were checked.
    pub checked: u64,
    /// Bytes of bodies.
    pub bytes: u64,
    /// URLs that were found.
    pub found: u64,
    /// URLs that were not fetched, by the reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Which limit ended it.
    pub limit: Option<&'static str>,
    /// How long it took, this run.
    pub time: Duration,
}

#[derive(Debug)]
enum Host {
    /// Its robots.txt is being fetched; these wait for it.
    Asked(Vec<Job>),
    Known(Rules),
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
    /// The head of the queue, in its order.
    ready: VecDeque<Job>,
    /// What goes before it: where redirects lead, and what waited.
    ahead: VecDeque<Job>,
    /// Everything up to this number is done, in flight or in memory.
    tail: Id,
    /// There is more of the queue in the store.
    spilled: bool,
    /// What is beyond the tail and in memory nevertheless.
    beyond: HashSet<Id>,
    /// robots.txts and sitemaps, before all pages.
    first: VecDeque<Job>,
    /// Sitemaps and robots.txts without which no page is to be fetched, not done yet.
    opening: usize,
    sitemaps: usize,
    hosts: HashMap<String, Host>,
    waiting: usize,
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
        teller: Teller,
    ) -> Result<State, Error> {
        let mut seen = Seen::default();
        let mut counts = Counts::default();
        let mut sum = Summary::default();
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
                if !skipped && let Ok(url) = Url::parse(text) {
                    // It was let in before.
                    let _ = counts.add(&url, &settings.traps);
                }
            })?;
            let left = file.left()?;
            sum.pages = left.pages;
            sum.failed = left.failed;
            sum.aliases = left.redirects;
            sum.bytes = left.bytes;
        } else {
            file.set("settings", &wanted)?;
        }
        let resumed = file.is_resumed();
        let agent = settings.manners.user_agent.clone();
        let store = file.start(archive, &agent, teller)?;
        let mut state = State {
            scope,
            fetcher,
            store: Some(store),
            seen,
            counts,
            ready: VecDeque::new(),
            ahead: VecDeque::new(),
            tail: 0,
            spilled: resumed,
            beyond: HashSet::new(),
            first: VecDeque::new(),
            opening: 0,
            sitemaps: 0,
            hosts: HashMap::new(),
            waiting: 0,
            level: 0,
            begun: sum.pages,
            sum,
            start: Instant::now(),
            settings,
        };
        let mut rows = Vec::new();
        for seed in state.settings.seeds.clone() {
            state.find(seed.as_str(), 0, 0, Role::Page, &mut rows);
            if state.settings.sitemaps {
                state.ask_robots(&seed);
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
            (None, Ok(url)) => self.put(Job {
                id,
                url,
                depth,
                hops,
                role,
                head: role == Role::External,
                origin: String::new(),
            }),
            _ => {
                *self
                    .sum
                    .skipped
                    .entry(skipped.unwrap_or("invalid"))
                    .or_default() += 1;
                if !self.spilled {
                    self.tail = id;
                }
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
            self.note_beyond(job.id);
            self.first.push_back(job);
        } else if job.hops > 0 {
            // Of the same depth as what led here, which is before what is queued.
            self.note_beyond(job.id);
            self.ahead.push_back(job);
        } else if !self.spilled && self.ready.len() < AT_HAND {
            self.tail = job.id;
            self.ready.push_back(job);
        } else {
            self.spilled = true;
        }
    }

    fn note_beyond(&mut self, id: Id) {
        if self.spilled {
            self.beyond.insert(id);
        } else {
            self.tail = id;
        }
    }

    /// The next of the queue.
    fn pop(&mut self) -> Option<Job> {
        if let Some(job) = self.ahead.pop_front() {
            return Some(job);
        }
        while self.ready.is_empty() && self.spilled {
            self.refill();
        }
        self.ready.pop_front()
    }

    fn refill(&mut self) {
        let rows = self
            .store()
            .and_then(|store| store.queue(self.tail, AT_HAND));
        let rows = rows.unwrap_or_default();
        self.spilled = rows.len() == AT_HAND;
        for row in &rows {
            self.tail = self.tail.max(row.id);
        }
        for row in rows {
            if self.beyond.remove(&row.id) {
                continue;
            }
            let Ok(url) = Url::parse(&row.url) else {
                continue;
            };
            let role = Role::of(row.role);
            let job = Job {
                id: row.id,
                url,
                depth: row.depth,
                hops: row.hops,
                role,
                head: role == Role::External,
                origin: String::new(),
            };
            if role == Role::Sitemap {
                self.opening += 1;
                self.first.push_back(job);
            } else {
                self.ready.push_back(job);
            }
        }
        if !self.spilled {
            self.tail = self.tail.max(self.seen.len() as Id);
            self.beyond.clear();
        }
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

    /// Asks for the rules of a URL's host.
    fn ask_robots(&mut self, url: &Url) {
        let origin = url[..Position::BeforePath].to_owned();
        if self.hosts.contains_key(&origin) {
            return;
        }
        self.first.push_back(Job {
            id: 0,
            url: robots::place(url),
            depth: 0,
            hops: 0,
            role: Role::Robots,
            head: false,
            origin: origin.clone(),
        });
        self.hosts.insert(origin, Host::Asked(Vec::new()));
    }

    /// Whether a page may be fetched now: `None` if that is not known yet.
    fn is_allowed(&mut self, url: &Url) -> Option<bool> {
        if !self.settings.obeys_robots {
            return Some(true);
        }
        match self.hosts.get(&url[..Position::BeforePath]) {
            Some(Host::Known(rules)) => Some(rules.allow(url)),
            Some(Host::Asked(_)) | None => None,
        }
    }

    /// A page that must not be fetched.
    fn forbidden(&mut self, job: Job) -> bool {
        *self.sum.skipped.entry("robots").or_default() += 1;
        let error = "robots.txt forbids it".to_owned();
        self.write(&job, "robots", Doing::failed(error), None)
    }

    /// What came of a job. False if it can't be kept.
    pub(super) fn digest(&mut self, job: Job, outcome: Outcome, content: Option<Content>) -> bool {
        match job.role {
            Role::Robots => {
                self.rules(job, &outcome);
                true
            }
            Role::Sitemap => self.sitemap(job, &outcome),
            Role::Page | Role::External => self.page(job, outcome, content),
        }
    }

    /// A job was not done: it stays in the queue.
    pub(super) fn leave(&mut self, job: Job) {
        if job.role == Role::Page {
            self.begun -= 1;
        }
    }

    fn rules(&mut self, job: Job, outcome: &Outcome) {
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
            Err(async_fetch::Error::BodyTooLarge { .. }) => {
                // What stands in its first 500 KiB can't be told any more; nothing is licensed.
                Found::Nothing
            }
            Err(_) => Found::Nothing,
        };
        let rules = match self.settings.obeys_robots {
            true => Rules::new(found),
            false => Rules::none(),
        };
        if let Some(delay) = rules.delay()
            && delay > self.settings.manners.delay
            && let Ok(host) = Url::parse(&job.origin)
        {
            self.fetcher.set_host_delay(&host, delay);
        }
        if self.settings.sitemaps {
            self.opening -= usize::from(self.opening > 0);
            let named: Vec<String> = match (found, &outcome.result) {
                (Found::Text(text), _) if !self.settings.obeys_robots => {
                    let rules = Rules::new(Found::Text(text));
                    rules.sitemaps().iter().map(Url::to_string).collect()
                }
                _ => rules.sitemaps().iter().map(Url::to_string).collect(),
            };
            let usual = format!("{}/sitemap.xml", job.origin);
            let named = if named.is_empty() { vec![usual] } else { named };
            let mut rows = Vec::new();
            for url in named {
                self.find(&url, 0, 0, Role::Sitemap, &mut rows);
            }
            if let Ok(store) = self.store() {
                // What fails here fails at the next page too, and is told there.
                let _ = store.urls(rows);
            }
        }
        let known = self.hosts.insert(job.origin, Host::Known(rules));
        if let Some(Host::Asked(jobs)) = known {
            self.waiting -= jobs.len();
            for job in jobs.into_iter().rev() {
                self.ahead.push_front(job);
            }
        }
    }

    fn sitemap(&mut self, job: Job, outcome: &Outcome) -> bool {
        self.opening -= usize::from(self.opening > 0);
        let mut doing = Doing::of(outcome);
        let read = match &outcome.result {
            Ok(answer) if answer.status.is_success() => sitemap::read(answer.bytes()),
            Ok(answer) => match place_of_redirect(answer, &job.url) {
                Some(url) => Ok(sitemap::Sitemap {
                    sitemaps: vec![url.into()],
                    ..sitemap::Sitemap::default()
                }),
                None => Err(answer.status.to_string()),
            },
            Err(error) => Err(error.to_string()),
        };
        let map = match read {
            Ok(map) => map,
            Err(reason) => {
                doing.error = Some(reason);
                sitemap::Sitemap::default()
            }
        };
        for (entries, role) in [(map.sitemaps, Role::Sitemap), (map.pages, Role::Page)] {
            for entry in entries {
                let url = job.url.join(&entry).map_err(|_| ());
                let Ok(url) =
                    url.and_then(|url| normalise::page(url, self.settings.rules).map_err(|_| ()))
                else {
                    continue;
                };
                // Its pages are its own: it may not name another site's.
                let target = self.find(url.as_str(), 0, 0, role, &mut doing.urls);
                doing.links.push(LinkRow {
                    target,
                    kind: Kind::Sitemap,
                    fragment: None,
                });
            }
        }
        self.write(&job, "sitemap", doing, None)
    }

    fn page(&mut self, job: Job, outcome: Outcome, content: Option<Content>) -> bool {
        if job.head && needs_more_than_a_head(&outcome) {
            // Some servers answer HEAD with nonsense: whether it is broken only a GET can tell.
            self.first.push_back(Job { head: false, ..job });
            return true;
        }
        let mut doing = Doing::of(&outcome);
        self.sum.bytes += doing.bytes;
        let checked = job.role == Role::External;
        let mut kind = if checked { "checked" } else { "page" };
        match &outcome.result {
            Err(_) => kind = "failed",
            Ok(answer) => {
                if let Some(url) = place_of_redirect(answer, &job.url) {
                    kind = "redirect";
                    self.follow(&job, url, &mut doing);
                } else if answer.status.is_redirection() && answer.headers.contains_key("location")
                {
                    kind = "failed";
                    doing.error = Some("a redirect to what is not fetched".to_owned());
                }
            }
        }
        if let Some(content) = content {
            if !checked {
                kind = self.content(&job, content, kind, &mut doing);
            } else {
                doing.ids = content.page.ids;
                doing.title = content.page.title;
            }
        }
        let counts = matches!(kind, "page" | "failed");
        match (checked, counts) {
            (true, _) => self.sum.checked += 1,
            (false, true) => {
                self.sum.pages += 1;
                self.sum.failed += u64::from(kind == "failed");
                self.sum.refused += u64::from(doing.status.is_some_and(|status| status >= 400));
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
        self.write(&job, kind, doing, exchange)
    }

    /// Goes where a redirect leads: a page of the same depth.
    fn follow(&mut self, job: &Job, to: Url, doing: &mut Doing) {
        let Ok(to) = normalise::page(to, self.settings.rules) else {
            return;
        };
        let target = self.find(
            to.as_str(),
            job.depth,
            job.hops + 1,
            job.role,
            &mut doing.urls,
        );
        doing.links.push(LinkRow {
            target,
            kind: Kind::Redirect,
            fragment: None,
        });
        doing.target = Some((target, to.into()));
    }

    /// What a page says; what it is then.
    fn content(
        &mut self,
        job: &Job,
        content: Content,
        kind: &'static str,
        doing: &mut Doing,
    ) -> &'static str {
        let Content {
            page,
            selected,
            trouble,
        } = content;
        let mut kind = kind;
        doing.told_links = page.links.len();
        for link in page.links {
            if link.nofollow && self.settings.obeys_nofollow {
                *self.sum.skipped.entry("nofollow").or_default() += 1;
                continue;
            }
            let target = self.find(&link.url, job.depth + 1, 0, Role::Page, &mut doing.urls);
            doing.links.push(LinkRow {
                target,
                kind: link.kind,
                fragment: link.fragment.filter(|_| self.settings.check).map(decoded),
            });
        }
        if let Some(canonical) = page.canonical {
            let target = self.find(&canonical, job.depth, 0, Role::Page, &mut doing.urls);
            doing.links.push(LinkRow {
                target,
                kind: Kind::Canonical,
                fragment: None,
            });
            // One that leads to this very page under another spelling, or out, changes nothing.
            let within = Url::parse(&canonical).is_ok_and(|url| self.scope.has(&url));
            if target != job.id && within {
                kind = "alias";
                doing.target = Some((target, canonical));
            }
        }
        doing.title = page.title;
        doing.ids = page.ids;
        doing.error = doing.error.take().or(trouble);
        for (pick, found) in self.settings.picks.iter().zip(selected) {
            doing.selected.insert(pick.name.clone(), found.into());
        }
        kind
    }

    fn write(
        &mut self,
        job: &Job,
        outcome: &'static str,
        doing: Doing,
        exchange: Option<OwnExchange>,
    ) -> bool {
        let links = doing.told_links.max(doing.links.len());
        let (target, target_url) = doing.target.unzip();
        let row = PageRow {
            id: job.id,
            outcome,
            target,
            attempts: doing.attempts,
            urls: doing.urls,
            links: doing.links,
            ids: doing.ids,
            told: Told {
                url: job.url.as_str().to_owned(),
                status: doing.status,
                depth: job.depth,
                bytes: doing.bytes,
                links,
                error: doing.error,
                seconds: doing.seconds,
                content_type: doing.content_type,
                title: doing.title,
                target: target_url,
                selected: doing.selected,
            },
            exchange,
        };
        self.store().and_then(|store| store.page(row)).is_ok()
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
            if self.waiting >= WAITING {
                return None;
            }
            let Some(job) = self.pop() else {
                return self.first.pop_front();
            };
            if self.settings.depth.is_some() && job.depth > self.level {
                // What is in flight or waits may lead to more of the same depth.
                if in_flight > 0 || self.waiting > 0 {
                    self.ready.push_front(job);
                    return self.first.pop_front();
                }
                self.level = job.depth;
            }
            if job.role == Role::External {
                return Some(job);
            }
            match self.is_allowed(&job.url) {
                Some(true) => {
                    self.begun += 1;
                    return Some(job);
                }
                Some(false) => {
                    if !self.forbidden(job) {
                        return None;
                    }
                }
                None => {
                    self.ask_robots(&job.url);
                    let origin = &job.url[..Position::BeforePath];
                    if let Some(Host::Asked(jobs)) = self.hosts.get_mut(origin) {
                        self.waiting += 1;
                        jobs.push(job);
                    }
                    if let Some(job) = self.first.pop_front() {
                        return Some(job);
                    }
                }
            }
        }
    }
}

/// What is to be written of a job.
#[derive(Debug, Default)]
struct Doing {
    status: Option<u16>,
    content_type: Option<String>,
    bytes: u64,
    seconds: f64,
    attempts: u32,
    error: Option<String>,
    title: Option<String>,
    target: Option<(Id, String)>,
    urls: Vec<UrlRow>,
    links: Vec<LinkRow>,
    told_links: usize,
    ids: Vec<String>,
    selected: Map<String, Value>,
}

impl Doing {
    fn failed(error: String) -> Doing {
        Doing {
            error: Some(error),
            ..Doing::default()
        }
    }

    fn of(outcome: &Outcome) -> Doing {
        let answer = outcome.result.as_ref().ok();
        Doing {
            status: answer.map(|answer| answer.status.as_u16()),
            content_type: answer.and_then(|answer| header(&answer.headers, "content-type")),
            bytes: answer.map_or(0, |answer| answer.length),
            seconds: outcome.times.total.as_secs_f64(),
            attempts: outcome.attempts,
            error: match &outcome.result {
                Err(error) => Some(error.to_string()),
                Ok(answer) if answer.status.as_u16() >= 400 => Some(answer.status.to_string()),
                Ok(_) => None,
            },
            ..Doing::default()
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

fn exchange(job: &Job, answer: Answer) -> OwnExchange {
    let body = match answer.body {
        async_fetch::Body::Memory(body) => body,
        _ => Bytes::new(),
    };
    OwnExchange {
        url: job.url.as_str().to_owned(),
        address: answer.address.map(|address| address.ip()),
        at: SystemTime::now(),
        status: answer.status,
        version: answer.version,
        headers: answer.headers,
        body,
    }
}

/// Where an answer redirects to, if that can be fetched.
fn place_of_redirect(answer: &Answer, from: &Url) -> Option<Url> {
    use StatusCode as S;
    let moved = [
        S::MOVED_PERMANENTLY,
        S::FOUND,
        S::SEE_OTHER,
        S::TEMPORARY_REDIRECT,
        S::PERMANENT_REDIRECT,
    ];
    if !moved.contains(&answer.status) {
        return None;
    }
    let to = from.join(&header(&answer.headers, "location")?).ok()?;
    matches!(to.scheme(), "http" | "https").then_some(to)
}

/// Whether only a GET can tell how it stands with a link.
fn needs_more_than_a_head(outcome: &Outcome) -> bool {
    use async_fetch::Error;
    match &outcome.result {
        Ok(answer) => answer.status.as_u16() >= 400,
        Err(Error::Refused | Error::Lookup { .. } | Error::Address(_) | Error::NoTls) => false,
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
