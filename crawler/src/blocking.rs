//! A blocking fetcher, for models in which a thread waits for each page.
//!
//! It has the same limits, pauses and filters as async-fetch. It uses the parts of async-fetch that need no
//! runtime: [`Pace`](async_fetch::Pace), [`Retries`] and their [`Budget`], the cookie jar and the errors. The
//! difference: here the calling thread waits.

mod body;
mod errors;
mod gate;
mod resolver;
mod tries;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_fetch::{
    Answer, Body, Budget, Bytes, CookieJar, Error, Filter, HeaderMap, HeaderValue, Limits, Method,
    Outcome, Phase, Retries, Timeouts, Times, Url, is_redirect,
};
use rustls::crypto::aws_lc_rs;
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;

use crate::ask::Ask;
use crate::crawl::Names;
use gate::Gate;
use resolver::Resolver;
use tries::Tries;

/// Bytes of an answer's header, at most, as in async-fetch.
const HEADER: usize = 400 << 10;

/// How long an idle connection is kept, as in async-fetch.
const KEPT: Duration = Duration::from_secs(10);

/// The settings of a fetcher.
pub(crate) struct Setup {
    pub(crate) limits: Limits,
    pub(crate) timeouts: Timeouts,
    pub(crate) retries: Retries,
    pub(crate) user_agent: String,
    pub(crate) insecure: bool,
    pub(crate) filter: Option<Filter>,
    pub(crate) names: Arc<Names>,
    pub(crate) cookies: Option<Arc<CookieJar>>,
}

/// See the module.
pub struct Blocking {
    agent: Agent,
    gate: Gate,
    timeouts: Timeouts,
    retries: Retries,
    budget: Budget,
    filter: Option<Filter>,
    cookies: Option<Arc<CookieJar>>,
    stopped: Arc<AtomicBool>,
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").finish_non_exhaustive()
    }
}

impl Blocking {
    pub(crate) fn new(setup: Setup) -> Blocking {
        let Setup {
            limits, timeouts, ..
        } = &setup;
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .root_certs(RootCerts::PlatformVerifier)
            .disable_verification(setup.insecure)
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            // The crawl handles redirects, statuses and proxies, as with the other fetcher.
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(setup.user_agent.as_str())
            .accept("*/*")
            .accept_encoding(AutoHeaderValue::None)
            .timeout_connect(Some(timeouts.connect))
            .timeout_recv_response(Some(timeouts.first_byte))
            .timeout_per_read(Some(timeouts.idle))
            .timeout_per_write(Some(timeouts.idle))
            .timeout_per_call(Some(timeouts.total))
            .max_response_header_size(HEADER)
            .max_idle_connections(limits.jobs)
            .max_idle_connections_per_host(limits.per_host.min(limits.jobs))
            .max_idle_age(KEPT)
            .build();
        let stopped = Arc::new(AtomicBool::new(false));
        let resolver = Resolver {
            filter: setup.filter.clone(),
            names: Arc::clone(&setup.names),
            patience: timeouts.connect,
            stopped: Arc::clone(&stopped),
        };
        Blocking {
            agent: Agent::with_parts(config, DefaultConnector::default(), resolver),
            gate: Gate::new(limits.per_host, limits.host_delay),
            budget: Budget::new(&setup.retries),
            timeouts: setup.timeouts,
            retries: setup.retries,
            filter: setup.filter,
            cookies: setup.cookies,
            stopped,
        }
    }

    /// Sends a request, and waits for its outcome after all attempts; `None` if the fetcher is stopped
    /// meanwhile.
    pub(crate) fn fetch(&self, ask: &Ask) -> Option<Outcome> {
        let asked = Instant::now();
        let host = self.gate.host(&ask.url);
        let mut tries = Tries::default();
        let mut start = None;
        self.budget.earn();
        loop {
            let permit = self.gate.enter(&host)?;
            let sent = Instant::now();
            let begin = *start.get_or_insert(sent);
            tries.begin(&host);
            let mut first_byte = None;
            let came = self.once(ask, begin + self.timeouts.total, &mut first_byte);
            if self.stopped.load(Ordering::Relaxed) {
                return None;
            }
            let wait = self.wait_for_another(&came, &mut tries, &host, sent, begin);
            drop(permit);
            let Some(wait) = wait else {
                return Some(Outcome {
                    url: ask.url.clone(),
                    tag: 0,
                    index: 0,
                    attempts: tries.attempts,
                    out_of_budget: tries.out_of_budget,
                    redirects: Vec::new(),
                    times: Times {
                        waited: begin - asked,
                        first_byte: first_byte.map_or(Duration::ZERO, |at| at - sent),
                        total: begin.elapsed(),
                    },
                    result: came,
                });
            };
            self.gate.sleep(wait)?;
        }
    }

    /// One message and its answer.
    fn once(
        &self,
        ask: &Ask,
        end: Instant,
        first_byte: &mut Option<Instant>,
    ) -> Result<Answer, Error> {
        self.check_address(&ask.url)?;
        let message = self.message(ask)?;
        let response = self.agent.run(message);
        let response =
            response.map_err(|error| errors::sending(&error, &ask.url, &self.timeouts))?;
        *first_byte = Some(Instant::now());
        let (head, body) = response.into_parts();
        if let Some(jar) = &self.cookies {
            jar.store(&ask.url, &head.headers);
        }
        let read = match ask.method {
            Method::HEAD => body::Read::default(),
            // The body of a redirect is not used, and its `Content-Encoding` may be wrong.
            _ if is_redirect(head.status) => body::read(body, None, ask, end, &self.timeouts)?,
            _ => body::read(body, Some(&head.headers), ask, end, &self.timeouts)?,
        };
        Ok(Answer {
            url: ask.url.clone(),
            status: head.status,
            version: head.version,
            headers: head.headers,
            address: None,
            length: read.bytes.len() as u64,
            received: read.received,
            resumed_from: 0,
            checksum: None,
            cut: read.cut,
            body: Body::Memory(Bytes::from(read.bytes)),
        })
    }

    /// Filters an address in the URL: the resolver does not see it.
    fn check_address(&self, url: &Url) -> Result<(), Error> {
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => address.into(),
            Some(url::Host::Ipv6(address)) => address.into(),
            _ => return Ok(()),
        };
        let host = url.host_str().unwrap_or("");
        match &self.filter {
            Some(filter) if !filter(host, address) => Err(Error::Address(address)),
            _ => Ok(()),
        }
    }

    fn message(&self, ask: &Ask) -> Result<ureq::http::Request<()>, Error> {
        let mut url = ask.url.clone();
        url.set_fragment(None);
        let message = ureq::http::Request::builder()
            .method(ask.method.clone())
            .uri(url.as_str())
            .body(());
        let mut message = message.map_err(|error| Error::Setup(error.to_string()))?;
        let headers: &mut HeaderMap = message.headers_mut();
        *headers = ask.headers.clone();
        if ask.decode {
            let gzip = HeaderValue::from_static("gzip");
            headers.insert("accept-encoding", gzip);
        }
        if let Some(jar) = &self.cookies
            && let Some(cookies) = jar.header(&ask.url, headers.get("cookie"))
        {
            headers.insert("cookie", cookies);
        }
        Ok(message)
    }

    /// How long to wait for another attempt, if there is to be one.
    fn wait_for_another(
        &self,
        came: &Result<Answer, Error>,
        tries: &mut Tries,
        host: &gate::Host,
        sent: Instant,
        begin: Instant,
    ) -> Option<Duration> {
        let reason = tries.reason(came, host, sent, &self.retries)?;
        if reason.at_once {
            return Some(Duration::ZERO);
        }
        if tries.counted > self.retries.most || self.retries.most == 0 {
            return None;
        }
        let longest = self.retries.longest_asked;
        if reason.asked.is_some_and(|asked| asked > longest) {
            return None;
        }
        let chosen = || {
            self.retries
                .wait(tries.counted.max(1), async_fetch::chance())
        };
        let wait = reason.asked.unwrap_or_else(chosen);
        // The attempt would start after the deadline.
        if begin.elapsed() + wait >= self.timeouts.total {
            return None;
        }
        if !reason.free && !self.budget.spend() {
            tries.out_of_budget = true;
            return None;
        }
        Some(wait)
    }

    /// Sets the time from one start to the next for the host of this URL.
    pub(crate) fn set_host_delay(&self, url: &Url, delay: Duration) {
        self.gate.set_delay(url, delay);
    }

    /// Ends all waits, also those for the network.
    pub(crate) fn stop(&self) {
        if !self.stopped.swap(true, Ordering::Relaxed) {
            self.gate.stop();
            self.agent.clone().shutdown();
        }
    }
}

/// The error of a request that took too long in all.
fn too_long(timeouts: &Timeouts) -> Error {
    Error::Timeout {
        phase: Phase::Total,
        after: timeouts.total,
    }
}
