//! The settings and limits of a crawl.

use std::sync::Arc;
use std::time::Duration;

use async_fetch::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::access::Access;
use crate::cache::Cache;
use crate::html::Wanted;
use crate::normalise::Rules;
use crate::scope::Reach;
use crate::select::Pick;
use crate::traps::Traps;

/// The settings of a crawl. Those that decide which pages it finds are written into its state. To resume a crawl,
/// they must be the same.
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
    /// The greatest depth, in links away from the seeds: 0 is only the seeds. With it, a depth is finished
    /// before the next one begins, so that it is exact.
    pub depth: Option<u32>,
    /// How URLs are normalised.
    pub rules: Rules,
    /// Whether targets of forms are links.
    pub forms: bool,
    /// Whether links with `nofollow` are ignored.
    pub obeys_nofollow: bool,
    /// Whether robots.txt is obeyed.
    pub obeys_robots: bool,
    /// Whether sitemaps are read, before the first page.
    pub sitemaps: bool,
    /// The limits for endless sites.
    pub traps: Traps,
    /// Whether links are checked, with outside links and fragments.
    pub check: bool,
    /// Whether outside links are left out of the check.
    pub internal_only: bool,
    /// URLs that match one of these regular expressions are not requested.
    pub skip: Vec<String>,
    /// Error statuses that are accepted: a link to such a page is not broken.
    pub accepted: Vec<u16>,
    /// The URLs in style sheets are links, too.
    pub css: bool,
    /// Seeds without a given scheme: if they do not answer by https, http is tried.
    pub guessed: Vec<Url>,
    /// The selections from each page.
    pub picks: Vec<Pick>,
    /// On resume, whether all broken URLs are requested again, and not only those with a temporary failure.
    #[serde(skip)]
    pub retry_failed: bool,
    /// The limits that stop it.
    #[serde(skip)]
    pub limits: Limits,
    /// How polite it is.
    #[serde(skip)]
    pub politeness: Politeness,
    /// Headers, users and cookies. They are not written to any file.
    #[serde(skip)]
    pub access: Access,
    /// The cache of outside links.
    #[serde(skip)]
    pub cache: Option<Arc<Cache>>,
    /// Whether there is an archive.
    pub archive: bool,
}

/// The limits that stop a crawl before its end. The rest stays in its queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Pages that are fetched, in all runs together. Redirects, pages with a canonical link to another page,
    /// robots.txts, sitemaps, and outside links do not count.
    pub pages: Option<u64>,
    /// Bytes of bodies, in all runs together. Then no page is started. Pages in flight are finished, so there
    /// may be more bytes.
    pub bytes: Option<u64>,
    /// Time of this run. Then no page is started, and pages in flight are finished.
    pub time: Option<Duration>,
}

/// The politeness of a crawl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Politeness {
    /// Pages in flight.
    pub jobs: usize,
    /// Pages in flight from one host (default: 4).
    pub per_host: usize,
    /// The time from one request to the next for one host (default: none). A longer `Crawl-delay` takes
    /// precedence.
    pub delay: Duration,
    /// Bytes of a body (default: 10 MiB): a longer page is not made for people.
    pub body: u64,
    /// The longest time for a page with all attempts (default: 2 min).
    pub time: Duration,
    /// The longest time for a connection, a header, the next piece of a body (default: 20 s).
    pub timeout: Duration,
    /// Attempts after the first (default: 2).
    pub retries: u32,
    /// The `User-Agent`.
    pub user_agent: String,
    /// Whether any certificate is accepted.
    pub insecure: bool,
    /// Whether private addresses are allowed in all URLs.
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
    /// The default settings for these seeds.
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

    /// The headers of all requests that an archive may hold: those without secrets.
    pub(crate) fn told_headers(&self) -> HeaderMap {
        let mut headers = self.access.told_headers();
        let usual = HeaderValue::from_static("*/*");
        headers.entry("accept").or_insert(usual);
        if let Ok(agent) = HeaderValue::try_from(&self.politeness.user_agent) {
            headers.entry("user-agent").or_insert(agent);
        }
        headers
    }

    /// The options for reading pages.
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
