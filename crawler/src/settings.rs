//! The settings and limits of a crawl.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::access::Access;
use crate::cache::Cache;
use crate::html::Wanted;
use crate::normalise::Rules;
use crate::scope::Reach;
use crate::select::Pick;
use crate::traps::Traps;

/// What a crawl is to do. What decides which pages it finds is written into its state; a crawl that
/// is gone on with has to be given the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Where it begins.
    pub seeds: Vec<Url>,
    /// How far it goes from there.
    pub reach: Reach,
    /// Patterns, of which a page's URL has to match one, if there are any.
    pub include: Vec<String>,
    /// Patterns, none of which a page's URL may match.
    pub exclude: Vec<String>,
    /// How many links away from the seeds the last pages are: 0 is only the seeds. With it, a depth
    /// is finished before the next is begun, so that it is exact.
    pub depth: Option<u32>,
    /// How URLs are normalised.
    pub rules: Rules,
    /// Whether it goes where forms lead.
    pub forms: bool,
    /// Whether links marked `nofollow` are left alone.
    pub obeys_nofollow: bool,
    /// Whether robots.txt is kept to.
    pub obeys_robots: bool,
    /// Whether sitemaps are read, before the first page.
    pub sitemaps: bool,
    /// Where it stops believing in a site.
    pub traps: Traps,
    /// Whether links are checked: those that lead out too, and fragments.
    pub check: bool,
    /// Of the links that are checked, only those within the crawl.
    pub internal_only: bool,
    /// URLs that match one of these regular expressions are left alone, wherever they are.
    pub skip: Vec<String>,
    /// Statuses of failure that are none here: a link to such a page is not broken.
    pub accepted: Vec<u16>,
    /// The URLs in style sheets are links, too.
    pub css: bool,
    /// Seeds whose scheme was only guessed: if they do not answer by https, http is tried.
    pub guessed: Vec<Url>,
    /// What is picked out of each page.
    pub picks: Vec<Pick>,
    /// When it goes on with an earlier run: what was broken there is asked for again, too, and not only
    /// what may have been so for a passing reason.
    #[serde(skip)]
    pub retry_failed: bool,
    /// When it stops.
    #[serde(skip)]
    pub limits: Limits,
    /// How polite it is.
    #[serde(skip)]
    pub politeness: Politeness,
    /// What is sent along. It is in no file.
    #[serde(skip)]
    pub access: Access,
    /// Links that lead out and were right not long ago.
    #[serde(skip)]
    pub cache: Option<Arc<Cache>>,
    /// Whether answers are written down for an archive.
    pub archive: bool,
}

/// When a crawl stops before its end. What it had not come to stays in its queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Pages that are fetched, in all runs together. What turns out to be another page's address
    /// (a redirect, a canonical link) is none; nor is a robots.txt, a sitemap, or a link that leads
    /// out and is only checked.
    pub pages: Option<u64>,
    /// Bytes of bodies, in all runs together: once there are so many no page is begun; those in
    /// flight are finished, and may take it over.
    pub bytes: Option<u64>,
    /// Time, of this run: then no page is begun; those in flight are finished.
    pub time: Option<Duration>,
}

/// How polite a crawl is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Politeness {
    /// Pages in flight.
    pub jobs: usize,
    /// Pages in flight from one host (default: 4).
    pub per_host: usize,
    /// From one request to the next for one host (default: nothing); a longer `Crawl-delay` goes first.
    pub delay: Duration,
    /// Bytes of a body (default: 10 MiB): a page of more was not made for people.
    pub body: u64,
    /// How long one page may take with all attempts (default: 2 min).
    pub time: Duration,
    /// How long to wait for a connection, a header, the next piece of a body (default: 20 s).
    pub timeout: Duration,
    /// Attempts after the first (default: 2).
    pub retries: u32,
    /// How it introduces itself.
    pub user_agent: String,
    /// Accepts any certificate.
    pub insecure: bool,
    /// Asks private addresses too, whoever names them.
    pub private: bool,
}

impl Default for Politeness {
    fn default() -> Self {
        Politeness {
            jobs: 16,
            per_host: 4,
            delay: Duration::ZERO,
            body: 10 << 20,
            time: Duration::from_secs(120),
            timeout: Duration::from_secs(20),
            retries: 2,
            user_agent: concat!("many-hands-crawler/", env!("CARGO_PKG_VERSION")).to_owned(),
            insecure: false,
            private: false,
        }
    }
}

impl Settings {
    /// A crawl of the hosts of some seeds, with nothing out of the ordinary.
    pub fn new(seeds: Vec<Url>) -> Settings {
        Settings {
            seeds,
            reach: Reach::default(),
            include: Vec::new(),
            exclude: Vec::new(),
            depth: None,
            rules: Rules::default(),
            forms: false,
            obeys_nofollow: true,
            obeys_robots: true,
            sitemaps: false,
            traps: Traps::default(),
            check: false,
            internal_only: false,
            skip: Vec::new(),
            accepted: Vec::new(),
            css: false,
            guessed: Vec::new(),
            retry_failed: false,
            picks: Vec::new(),
            limits: Limits::default(),
            politeness: Politeness::default(),
            access: Access::default(),
            cache: None,
            archive: false,
        }
    }

    /// How pages are to be read.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            rules: self.rules,
            forms: self.forms,
            css: self.css,
            ids: self.check,
            unpacked: self.politeness.body,
        }
    }
}
