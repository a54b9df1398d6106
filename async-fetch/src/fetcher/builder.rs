//! The settings of a fetcher.

use std::fmt;
use std::future::{Future, ready};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::{
    Clients, CredentialsRule, Fetcher, FollowRule, Inner, Proxies, Proxy, Security, Watch,
};
use crate::address::{Filter, Lookup, Resolver, is_public};
use crate::cookies::CookieJar;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::gate::Gate;
use crate::limits::{Limits, Timeouts};
use crate::retry::{Budget, Retries};
use crate::speed::Speed;

/// The default `User-Agent`.
const USER_AGENT: &str = concat!("async-fetch/", env!("CARGO_PKG_VERSION"));

/// The client's own limit of headers. Setting it, even to the same, costs a hundredth of a small request: the
/// client then clears its tables for each answer.
const ITS_HEADERS: usize = 100;

/// How long an idle connection is kept. With a longer time, a list of many hosts would run out of
/// descriptors.
const KEPT: Duration = Duration::from_secs(10);

/// Builds a [`Fetcher`].
#[derive(Clone, Default)]
pub struct Builder {
    limits: Limits,
    timeouts: Timeouts,
    retries: Retries,
    headers: HeaderMap,
    user_agent: Option<String>,
    credentials: Option<CredentialsRule>,
    cookies: Option<Arc<CookieJar>>,
    proxy: Proxy,
    http2_only: bool,
    security: Security,
    filter: Option<Filter>,
    lookup: Option<Lookup>,
    resolved: Vec<(String, u16, Vec<IpAddr>)>,
    follow: Option<FollowRule>,
    watch: Option<Arc<dyn Watch>>,
}

impl Builder {
    /// Sets the limits.
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

    /// Sets the time-outs.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the rules for retries.
    #[must_use]
    pub fn retries(mut self, retries: Retries) -> Self {
        self.retries = retries;
        self
    }

    /// How many redirects are followed (default: 10). With 0, a redirect is returned as the answer.
    #[must_use]
    pub fn redirects(mut self, most: usize) -> Self {
        self.limits.redirects = most;
        self
    }

    /// Which redirects are followed (default: all). Any other redirect is returned as the answer.
    #[must_use]
    pub fn follow_if(mut self, rule: impl Fn(&Url, &Url) -> bool + Send + Sync + 'static) -> Self {
        self.follow = Some(Arc::new(rule));
        self
    }

    /// Adds a header to every request. Two headers with the same name are both sent. A secret header (see
    /// [`Request::header`](crate::Request::header)) is sent to the server of the request's own URL only, and
    /// not to the target of a redirect on another server.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Finds the user and the password for the server of a URL, also after redirects, but not in clear
    /// after one from https to http (default: none). A `.netrc` is used in this way.
    #[must_use]
    pub fn credentials(
        mut self,
        rule: impl Fn(&Url) -> Option<Credentials> + Send + Sync + 'static,
    ) -> Self {
        self.credentials = Some(Arc::new(rule));
        self
    }

    /// Keeps cookies in this jar, and sends them (default: no cookies).
    #[must_use]
    pub fn cookies(mut self, jar: Arc<CookieJar>) -> Self {
        self.cookies = Some(jar);
        self
    }

    /// The `User-Agent` (default: `async-fetch/VERSION`).
    #[must_use]
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = Some(name.into());
        self
    }

    /// The proxy (default: none). A proxy looks names up by itself, so filters see the proxy's address only.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Uses HTTP/2 only, also for http:// (default: HTTP/2 only if an https server offers it).
    #[must_use]
    pub fn http2_only(mut self) -> Self {
        self.http2_only = true;
        self
    }

    /// Accepts any certificate (default: no). Then anybody on the network can read and change everything.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.security.insecure = true;
        self
    }

    /// Trusts the authorities whose certificates are in this PEM file (default: those of the system).
    #[must_use]
    pub fn authorities(mut self, path: impl Into<PathBuf>) -> Self {
        self.security.authorities = Some(path.into());
        self
    }

    /// The client's certificate as a PEM file, and its key, if that is in another file (default: none).
    #[must_use]
    pub fn certificate(mut self, path: impl Into<PathBuf>, key: Option<PathBuf>) -> Self {
        self.security.own = Some((path.into(), key));
        self
    }

    /// Decides by `(host, address)` which addresses are allowed (default: all). It is called after a name has
    /// been looked up, with the very addresses that the client then connects to, also after redirects; and
    /// with addresses in URLs.
    #[must_use]
    pub fn addresses(
        mut self,
        filter: impl Fn(&str, IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.filter = Some(Arc::new(filter));
        self
    }

    /// Allows public addresses only: see [`is_public`].
    #[must_use]
    pub fn public_addresses(self) -> Self {
        self.addresses(|_, address| is_public(address))
    }

    /// Replaces the system's look-up of names. The port is taken from the URL.
    #[must_use]
    pub fn lookup<F>(mut self, lookup: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        self.lookup = Some(Arc::new(move |host| Box::pin(lookup(host))));
        self
    }

    /// Uses these addresses for a host, at this port only. Further calls for the same host and port add
    /// addresses.
    #[must_use]
    pub fn resolve(mut self, host: &str, port: u16, addresses: Vec<IpAddr>) -> Self {
        let host = host.to_ascii_lowercase();
        let mut known = self.resolved.iter_mut();
        match known.find(|(name, at, _)| *name == host && *at == port) {
            Some((.., all)) => all.extend(addresses),
            None => self.resolved.push((host, port, addresses)),
        }
        self
    }

    /// Sets the observer of requests (default: none).
    #[must_use]
    pub fn watch(mut self, watch: Arc<dyn Watch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Builds the fetcher.
    ///
    /// # Errors
    /// If the proxy or the `User-Agent` can't be used, or a certificate can't be read.
    pub fn build(self) -> Result<Fetcher, Error> {
        let proxies = Proxies::new(&self.proxy)?;
        let mut timeouts = self.timeouts;
        if let Some((_, during)) = self.limits.lowest_speed {
            // A body that does not come at all is too slow, too.
            timeouts.idle = timeouts.idle.min(during);
        }
        let way = Way {
            user_agent: self.user_agent.unwrap_or_else(|| USER_AGENT.to_owned()),
            http2_only: self.http2_only,
            security: self.security,
            filter: self.filter.clone(),
            lookup: self.lookup,
        };
        let mut clients = make_clients(&proxies, &self.limits, &timeouts, way.clone())?;
        for (host, port, addresses) in self.resolved {
            let lookup: Lookup = Arc::new(move |_| Box::pin(ready(Ok(addresses.clone()))));
            let way = Way {
                lookup: Some(lookup),
                ..way.clone()
            };
            let own = make_clients(&proxies, &self.limits, &timeouts, way)?;
            clients.give(host, port, own);
        }
        Ok(Fetcher {
            inner: Arc::new(Inner {
                clients,
                proxies,
                headers: self.headers,
                credentials: self.credentials,
                cookies: self.cookies,
                gate: Arc::new(Gate::new(&self.limits)),
                budget: Budget::new(&self.retries),
                speed: Speed::new(&self.limits),
                limits: self.limits,
                timeouts,
                retries: self.retries,
                filter: self.filter,
                follow: self.follow,
                watch: self.watch,
            }),
        })
    }
}

/// How the client connects to servers.
#[derive(Clone)]
struct Way {
    user_agent: String,
    http2_only: bool,
    security: Security,
    filter: Option<Filter>,
    lookup: Option<Lookup>,
}

fn make_clients(
    proxies: &Proxies,
    limits: &Limits,
    timeouts: &Timeouts,
    way: Way,
) -> Result<Clients, Error> {
    let (proxy, secure_proxy) = (proxies.setter(), proxies.is_secure());
    let (connect, headers) = (timeouts.connect, limits.headers);
    let idle = limits.per_host.min(limits.jobs);
    let security = way.security.clone();
    let make = move || {
        let mut client = reqwest::Client::builder()
            // This crate does both: the client has no limits for each host, and only one time-out.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(way.user_agent.as_str())
            .connect_timeout(connect)
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(idle)
            // As curl accepts them.
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .dns_resolver(Resolver {
                lookup: way.lookup.clone(),
                filter: way.filter.clone(),
            });
        if headers != ITS_HEADERS {
            client = client.http1_max_headers(headers);
        }
        if way.http2_only {
            client = client.http2_prior_knowledge();
        }
        proxy(client)
    };
    Clients::new(make, security, secure_proxy)
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
