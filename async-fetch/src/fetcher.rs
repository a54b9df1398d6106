//! The fetcher: its state, and its interface.

mod builder;
mod clients;
mod proxies;
mod security;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::Stream;
use http::HeaderMap;
use url::Url;

use crate::address::Filter;
use crate::alarm;
use crate::cookies::CookieJar;
use crate::credentials::Credentials;
use crate::fetch_all::FetchAll;
use crate::gate::{Gate, Slowed};
use crate::job::{self, Place};
use crate::limits::{Limits, Timeouts};
use crate::outcome::Outcome;
use crate::request::Request;
use crate::retry::{Budget, Retries};
use crate::speed::Speed;
use clients::Clients;
use proxies::Proxies;
use security::Security;

pub use builder::Builder;
pub use proxies::Proxy;
pub use watch::Watch;

/// Whether a redirect is followed: `(from, to)`.
pub type FollowRule = Arc<dyn Fn(&Url, &Url) -> bool + Send + Sync>;

/// The user and the password for a URL's server, if there are any.
pub type CredentialsRule = Arc<dyn Fn(&Url) -> Option<Credentials> + Send + Sync>;

/// Fetches URLs. Clones are cheap, and share connections, limits and the retry budget.
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
    pub(crate) clients: Clients,
    pub(crate) proxies: Proxies,
    /// The headers of every request.
    pub(crate) headers: HeaderMap,
    pub(crate) credentials: Option<CredentialsRule>,
    pub(crate) cookies: Option<Arc<CookieJar>>,
    pub(crate) gate: Arc<Gate>,
    pub(crate) speed: Speed,
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: Retries,
    pub(crate) budget: Budget,
    pub(crate) filter: Option<Filter>,
    pub(crate) follow: Option<FollowRule>,
    pub(crate) watch: Option<Arc<dyn Watch>>,
}

impl Fetcher {
    /// A builder with the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Fetches one URL. The request waits for its turn if too many are in flight.
    ///
    /// Dropping the future cancels the request: its connection is closed, its place is free, and an
    /// incomplete file is kept for a later run.
    pub async fn fetch(&self, request: Request) -> Outcome {
        let alarm = std::pin::pin!(alarm::unset());
        *job::run(&self.inner, request, Place::default(), alarm).await
    }

    /// Fetches all requests of a stream. No request is taken from the stream before there is a place for it.
    /// The outcomes come as they are completed, or in order with [`in_order`](FetchAll::in_order). Dropping
    /// the returned stream cancels all requests in flight.
    pub fn fetch_all<S>(&self, requests: S) -> FetchAll<S>
    where
        S: Stream<Item = Request>,
    {
        FetchAll::new(Arc::clone(&self.inner), requests)
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Sets the time from one start to the next for the host of this URL: a robots.txt may ask for it. It is
    /// remembered for 65,536 idle hosts. If there are more, some of them fall back to the default delay.
    pub fn set_host_delay(&self, url: &Url, delay: Duration) {
        self.inner.gate.set_delay(url, delay);
    }

    /// The hosts that get fewer requests for now, because they refused some (429, 503): see
    /// [`Pace`](crate::Pace).
    pub fn slowed(&self) -> Vec<Slowed> {
        self.inner.gate.slowed()
    }

    /// The time from one start to the next for the host of this URL.
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
