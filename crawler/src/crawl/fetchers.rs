//! The two fetchers of a crawl: one that waits for many pages at once, and one that blocks. They have the same
//! limits.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_fetch::{Fetcher, Filter, Limits, Retries, Timeouts};
use tokio::sync::oneshot;
use url::Url;

use super::Error;
use super::addresses::{Addresses, Lookup};
use super::names::Names;
use crate::blocking::{Blocking, Setup};
use crate::settings::Settings;

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Fetchers {
    pub(super) waiting: Fetcher,
    pub(super) blocking: Arc<Blocking>,
}

impl Fetchers {
    /// Redirects are not followed here: their targets have places of their own in the queue. So no page is
    /// fetched twice, and robots.txt is checked for each.
    pub(super) fn new(settings: &Settings, lookup: Option<Lookup>) -> Result<Fetchers, Error> {
        let politeness = &settings.politeness;
        let limits = Limits {
            jobs: politeness.jobs.max(1),
            per_host: politeness.per_host.max(1),
            host_delay: politeness.delay,
            redirects: 0,
            body_in_memory: politeness.body,
            ..Limits::default()
        };
        let timeouts = Timeouts {
            connect: politeness.timeout.min(Duration::from_secs(10)),
            first_byte: politeness.timeout,
            idle: politeness.timeout,
            total: politeness.time,
        };
        let retries = Retries {
            most: politeness.retries,
            ..Retries::default()
        };
        let names = Names::new(lookup);
        let filter: Option<Filter> = (!politeness.private).then(|| {
            let addresses = Addresses::of(&settings.seeds, &names, timeouts.connect);
            Arc::new(move |host: &str, address| addresses.allow(host, address)) as Filter
        });
        let blocking = Blocking::new(Setup {
            limits: limits.clone(),
            timeouts: timeouts.clone(),
            retries: retries.clone(),
            user_agent: politeness.user_agent.clone(),
            insecure: politeness.insecure,
            filter: filter.clone(),
            names: Arc::clone(&names),
            cookies: settings.access.cookies.clone(),
        });
        let mut builder = Fetcher::builder()
            .limits(limits)
            .timeouts(timeouts)
            .retries(retries)
            .user_agent(politeness.user_agent.clone());
        if politeness.insecure {
            builder = builder.insecure();
        }
        if let Some(jar) = &settings.access.cookies {
            builder = builder.cookies(Arc::clone(jar));
        }
        if let Some(filter) = filter {
            builder = builder.addresses(move |host, address| filter(host, address));
        }
        builder = builder.lookup(move |host| {
            let (sender, found) = oneshot::channel();
            // The request may have been given up.
            names.ask(&host, Box::new(move |it| drop(sender.send(it))));
            async move { found.await.map_err(io::Error::other)? }
        });
        Ok(Fetchers {
            waiting: builder.build()?,
            blocking: Arc::new(blocking),
        })
    }

    /// Sets the time from one start to the next for the host of this URL.
    pub(super) fn set_host_delay(&self, url: &Url, delay: Duration) {
        self.waiting.set_host_delay(url, delay);
        self.blocking.set_host_delay(url, delay);
    }
}
