//! The fetcher: what it is made of, and what it is asked.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::address::{Filter, Lookup, Resolver, is_public};
use crate::alarm;
use crate::error::Error;
use crate::fetch_all::FetchAll;
use crate::gate::Gate;
use crate::job;
use crate::limits::{Limits, Timeouts};
use crate::outcome::Outcome;
use crate::request::Request;
use crate::retry::{Budget, Retries};

/// How this program introduces itself.
const USER_AGENT: &str = concat!("async-fetch/", env!("CARGO_PKG_VERSION"));

/// How long a connection that nobody needs is kept. Longer, and a list of many hosts would run out
/// of descriptors.
const KEPT: Duration = Duration::from_secs(10);

/// Whether a redirect is followed: `(from, to)`.
pub type FollowRule = Arc<dyn Fn(&Url, &Url) -> bool + Send + Sync>;

/// Hears how requests get on. It is called on the runtime's threads, and must not block.
pub trait Watch: Send + Sync {
    /// An attempt starts.
    fn started(&self, tag: u64, url: &Url, attempt: u32) {
        let _ = (tag, url, attempt);
    }

    /// So much of the body is there, of so much if that is known.
    fn received(&self, tag: u64, bytes: u64, of: Option<u64>) {
        let _ = (tag, bytes, of);
    }

    /// There will be another attempt, after a wait.
    fn waits(&self, tag: u64, wait: Duration, reason: &str) {
        let _ = (tag, wait, reason);
    }

    /// It is over.
    fn finished(&self, tag: u64) {
        let _ = tag;
    }
}

/// Fetches. Made once; clones are cheap and share connections, limits and the retry budget.
///
/// # Examples
///
/// ```
/// use async_fetch::{Fetcher, Request};
/// use futures_util::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), async_fetch::Error> {
/// # let site = demo_site::Site::builder().pages(20).start().unwrap();
/// # let urls: Vec<String> = site.pages().collect();
/// let fetcher = Fetcher::builder().jobs(10).per_host(4).build()?;
/// let requests = futures_util::stream::iter(urls.iter().filter_map(|url| Request::get(url).ok()));
/// let mut outcomes = fetcher.fetch_all(requests);
/// while let Some(outcome) = outcomes.next().await {
///     println!("{}: {:?}", outcome.url, outcome.status());
///     assert!(outcome.is_success());
/// }
/// # assert_eq!(site.counts().most_at_once, 4);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Fetcher {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) client: reqwest::Client,
    pub(crate) gate: Arc<Gate>,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: Retries,
    pub(crate) budget: Budget,
    pub(crate) filter: Option<Filter>,
    pub(crate) follow: Option<FollowRule>,
    pub(crate) watch: Option<Arc<dyn Watch>>,
}

impl Fetcher {
    /// A fetcher with the usual settings, to be changed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Fetches one. It waits for its turn if too many are in flight already.
    ///
    /// Dropping the future cancels the request: its connection is closed, its place is free, and
    /// what came of a file is kept.
    pub async fn fetch(&self, request: Request) -> Outcome {
        let alarm = std::pin::pin!(alarm::unset());
        job::run(&self.inner, request, 0, None, alarm).await
    }

    /// Fetches all, as they come: no request is taken from the stream before there is a place for
    /// it, and the outcomes come as they are completed, or in order with
    /// [`in_order`](FetchAll::in_order). Dropping the stream cancels what is in flight.
    pub fn fetch_all<S>(&self, requests: S) -> FetchAll<S>
    where
        S: Stream<Item = Request>,
    {
        FetchAll::new(Arc::clone(&self.inner), requests)
    }

    /// What it does at most.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// From one start to the next for one host, that of this URL: a robots.txt may ask for it. It
    /// is remembered for 65,536 hosts that nobody asks; some of more than that fall back to the
    /// usual delay.
    pub fn set_host_delay(&self, url: &Url, delay: Duration) {
        self.inner.gate.set_delay(url, delay);
    }

    /// From one start to the next for one host, that of this URL.
    pub fn host_delay(&self, url: &Url) -> Duration {
        self.inner.gate.delay(url)
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher")
            .field("limits", &self.inner.limits)
            .field("timeouts", &self.inner.timeouts)
            .field("retries", &self.inner.retries)
            .finish_non_exhaustive()
    }
}

/// Which proxy is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// None.
    #[default]
    None,
    /// The one that `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` name.
    Environment,
    /// This one for everything: `http://…`, `socks5://…` (names are looked up here) or
    /// `socks5h://…` (names are looked up there).
    Url(String),
}

/// How a fetcher is to be.
#[derive(Clone, Default)]
pub struct Builder {
    limits: Limits,
    timeouts: Timeouts,
    retries: Retries,
    headers: HeaderMap,
    user_agent: Option<String>,
    proxy: Proxy,
    http2_only: bool,
    insecure: bool,
    filter: Option<Filter>,
    lookup: Option<Lookup>,
    follow: Option<FollowRule>,
    watch: Option<Arc<dyn Watch>>,
}

impl Builder {
    /// What it does at most.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Requests in flight at once, at least one (default: 64).
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.limits.jobs = jobs.max(1);
        self
    }

    /// Requests in flight at once for one host, at least one (default: 6).
    #[must_use]
    pub fn per_host(mut self, requests: usize) -> Self {
        self.limits.per_host = requests.max(1);
        self
    }

    /// Requests a second, of all hosts together (default: no limit).
    #[must_use]
    pub fn rate(mut self, a_second: f64) -> Self {
        self.limits.rate = Some(a_second);
        self
    }

    /// From one start to the next for one host (default: nothing).
    #[must_use]
    pub fn host_delay(mut self, delay: Duration) -> Self {
        self.limits.host_delay = delay;
        self
    }

    /// How long it waits.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How it tries again.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// How many redirects are followed (default: 10); with 0 a redirect is an answer like any other.
    #[must_use]
    pub fn redirects(mut self, most: usize) -> Self {
        self.limits.redirects = most;
        self
    }

    /// Which redirects are followed (default: all). One that is not is an answer like any other.
    #[must_use]
    pub fn follow_if(mut self, rule: impl Fn(&Url, &Url) -> bool + Send + Sync + 'static) -> Self {
        self.follow = Some(Arc::new(rule));
        self
    }

    /// A header for every request. (What is meant for one server belongs to a [`Request`]: it is
    /// not taken along to another.)
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// How it introduces itself (default: `async-fetch/VERSION`).
    #[must_use]
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// Which proxy it uses (default: none). A proxy looks names up by itself: filters see its address only.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Speaks HTTP/2 and nothing else, to http:// as well (default: HTTP/2 where a server of https offers
    /// it).
    #[must_use]
    pub fn http2_only(mut self) -> Self {
        self.http2_only = true;
        self
    }

    /// Accepts any certificate (default: no): then anybody between here and there can read and change
    /// everything.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    /// Which addresses may be asked, by `(host, address)` (default: all). It is asked after a name has been
    /// looked up, about the very addresses that are then connected to, at each redirect too; and
    /// about addresses that stand in a URL.
    #[must_use]
    pub fn addresses(
        mut self,
        filter: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.filter = Some(Arc::new(filter));
        self
    }

    /// Asks public addresses only: see [`is_public`].
    #[must_use]
    pub fn public_addresses(self) -> Self {
        self.addresses(|_, address| is_public(address))
    }

    /// How names become addresses (default: as the system says). The port is that of the URL.
    #[must_use]
    pub fn lookup<F>(mut self, lookup: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        self.lookup = Some(Arc::new(move |host| Box::pin(lookup(host))));
        self
    }

    /// Who hears how requests get on (default: nobody).
    #[must_use]
    pub fn watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Makes it.
    ///
    /// # Errors
    /// If the proxy or the name it introduces itself by can't be used, or the system's
    /// certificates can't be read.
    pub fn build(self) -> Result<Fetcher, Error> {
        let setup = |error: reqwest::Error| Error::Setup(format!("the client: {error:?}"));
        let mut client = reqwest::Client::builder()
            // Both are done here: the client knows no limits for each host, and no time but one.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(self.user_agent.unwrap_or_else(|| USER_AGENT.to_owned()))
            .default_headers(self.headers)
            .connect_timeout(self.timeouts.connect)
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(self.limits.per_host.min(self.limits.jobs))
            .http1_max_headers(self.limits.headers);
        client = match self.proxy {
            Proxy::Environment if proxy_is_named() => client,
            Proxy::None | Proxy::Environment => client.no_proxy(),
            Proxy::Url(url) => {
                let wrong = |_| Error::Setup(format!("{url}: not a proxy: try http://host:port"));
                client.proxy(reqwest::Proxy::all(&url).map_err(wrong)?)
            }
        };
        if self.http2_only {
            client = client.http2_prior_knowledge();
        }
        #[cfg(feature = "tls")]
        if self.insecure {
            client = client.tls_danger_accept_invalid_certs(true);
        }
        #[cfg(not(feature = "tls"))]
        let _ = self.insecure;
        if self.lookup.is_some() || self.filter.is_some() {
            client = client.dns_resolver(Resolver {
                lookup: self.lookup,
                filter: self.filter.clone(),
            });
        }
        Ok(Fetcher {
            inner: Arc::new(Inner {
                client: client.build().map_err(setup)?,
                gate: Arc::new(Gate::new(&self.limits)),
                budget: Budget::new(&self.retries),
                limits: self.limits,
                timeouts: self.timeouts,
                retries: self.retries,
                filter: self.filter,
                follow: self.follow,
                watch: self.watch,
            }),
        })
    }
}

/// Whether a variable names a proxy. If none does, there is no need to look at each request again.
fn proxy_is_named() -> bool {
    let names = ["http_proxy", "https_proxy", "all_proxy"];
    let is_set = |name: &str| std::env::var_os(name).is_some();
    names
        .iter()
        .any(|name| is_set(name) || is_set(&name.to_uppercase()))
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("limits", &self.limits)
            .field("timeouts", &self.timeouts)
            .field("retries", &self.retries)
            .finish_non_exhaustive()
    }
}
