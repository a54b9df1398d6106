//! A site: how it is to be, and how it is started and asked.

use std::fmt;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::runtime;
use tokio::sync::oneshot;

use crate::counters::{Counters, Counts};
use crate::latency::Latency;
use crate::log::Log;
use crate::pages::Pages;
use crate::replies::Shared;
use crate::server::{self, Listeners};
#[cfg(feature = "tls")]
use crate::tls::Identity;

/// The most links that a page can have: they are made in memory.
pub const MOST_LINKS: usize = 100_000;

/// How a site is.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) pages: Pages,
    pub(crate) latency: Latency,
    pub(crate) error_rate: f64,
    pub(crate) robots: Option<(u16, String)>,
}

/// How a site is to be; [`start`](Builder::start) makes one.
#[derive(Clone, Debug)]
pub struct Builder {
    settings: Settings,
    port: u16,
    raw_port: u16,
    #[cfg(feature = "tls")]
    https_port: Option<u16>,
    log: Option<Log>,
}

impl Builder {
    /// Another seed makes another site [default: 1].
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.pages.seed = seed;
        self
    }

    /// How many pages there are, at least one [default: 100].
    #[must_use]
    pub fn pages(mut self, count: usize) -> Self {
        self.settings.pages.count = count.max(1);
        self
    }

    /// How many links each page has, at most [`MOST_LINKS`] [default: 5]. Without links no page but
    /// `/` is found.
    #[must_use]
    pub fn links(mut self, count: usize) -> Self {
        self.settings.pages.links = count.min(MOST_LINKS);
        self
    }

    /// How many bytes each page has, at least what its links take [default: 4096]. A page is made
    /// as it is sent, so it may be bigger than the memory.
    #[must_use]
    pub fn page_size(mut self, bytes: u64) -> Self {
        self.settings.pages.size = bytes;
        self
    }

    /// How long each page takes to be answered [default: no time].
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.settings.latency = latency;
        self
    }

    /// Which share of the requests for pages gets a 503, from 0 to 1 [default: 0]. Which these are
    /// depends on the page and on how often it was asked for, so it is the same on every run, and
    /// asking again may help.
    #[must_use]
    pub fn error_rate(mut self, share: f64) -> Self {
        self.settings.error_rate = share;
        self
    }

    /// What `/robots.txt` says [default: there is none].
    #[must_use]
    pub fn robots(self, text: impl Into<String>) -> Self {
        self.robots_with_status(200, text)
    }

    /// The same, with a status other than 200.
    #[must_use]
    pub fn robots_with_status(mut self, status: u16, text: impl Into<String>) -> Self {
        self.settings.robots = Some((status, text.into()));
        self
    }

    /// The port [default: 0, any that is free].
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The port of what does not keep to HTTP [default: 0, any that is free].
    #[must_use]
    pub fn raw_port(mut self, port: u16) -> Self {
        self.raw_port = port;
        self
    }

    /// Serves https too, on this port; 0 is any that is free [default: it does not]. The
    /// certificates are made at start: [`Site::authority`] is what a client has to trust.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn https(mut self, port: u16) -> Self {
        self.https_port = Some(port);
        self
    }

    /// Writes a line for each request, in the combined form of Apache and nginx [default: nowhere].
    /// What is slow to take the lines makes the site slow.
    #[must_use]
    pub fn log(mut self, to: impl Write + Send + 'static) -> Self {
        self.log = Some(Log::new(to));
        self
    }

    /// Starts the site, on a thread of its own and on 127.0.0.1 only.
    ///
    /// # Errors
    /// If a port is taken, or the system refuses a thread.
    pub fn start(self) -> io::Result<Site> {
        // Not by the runtime: a site may be started from within another one.
        let bind = |port| {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let bound = TcpListener::bind(address).and_then(|listener| {
                listener.set_nonblocking(true)?;
                Ok(listener)
            });
            bound.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
        };
        let (listener, raw_listener) = (bind(self.port)?, bind(self.raw_port)?);
        let (address, raw_address) = (listener.local_addr()?, raw_listener.local_addr()?);
        #[cfg(feature = "tls")]
        let (https, https_address, authority) = match self.https_port {
            Some(port) => {
                let listener = bind(port)?;
                let address = listener.local_addr()?;
                let identity = Identity::make()?;
                (
                    Some((listener, identity.acceptor)),
                    Some(address),
                    Some(identity.authority),
                )
            }
            None => (None, None, None),
        };
        #[cfg(not(feature = "tls"))]
        let authority = None;
        let counters = Counters::default();
        let shared = Shared::new(
            self.settings.clone(),
            [format!("http://{address}"), format!("http://{raw_address}")],
            authority,
            counters.clone(),
        );
        let listeners = Listeners {
            http: listener,
            raw: raw_listener,
            #[cfg(feature = "tls")]
            https,
        };
        let log = self.log;
        let (stop, stopped) = oneshot::channel::<()>();
        let state = (shared.clone(), counters.clone());
        let runtime = runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(1)
            .build()?;
        let thread = std::thread::Builder::new()
            .name("demo-site".to_owned())
            .spawn(move || {
                runtime.block_on(async {
                    let served = server::serve(listeners, state.0, state.1, log);
                    tokio::select! {
                        // The sender was dropped: the site is to stop.
                        _ = stopped => {}
                        _ = served => {}
                    }
                });
                // Answers that never end are cut off here, and a bomb in the making left alone.
                runtime.shutdown_background();
            })?;
        Ok(Site {
            settings: self.settings,
            shared,
            counters,
            address,
            raw_address,
            #[cfg(feature = "tls")]
            https_address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Default for Builder {
    fn default() -> Self {
        Builder {
            settings: Settings {
                pages: Pages {
                    seed: 1,
                    count: 100,
                    links: 5,
                    size: 4096,
                },
                latency: Latency::default(),
                error_rate: 0.0,
                robots: None,
            },
            port: 0,
            raw_port: 0,
            #[cfg(feature = "tls")]
            https_port: None,
            log: None,
        }
    }
}

/// A site that is being served; dropped, it is gone and its ports are free.
///
/// # Examples
///
/// ```
/// use demo_site::Site;
///
/// let site = Site::builder().pages(200).start()?;
/// assert!(site.url("/page/199").starts_with("http://127.0.0.1:"));
/// assert_eq!(site.counts().requests, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Site {
    settings: Settings,
    shared: Shared,
    counters: Counters,
    address: SocketAddr,
    raw_address: SocketAddr,
    #[cfg(feature = "tls")]
    https_address: Option<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    /// A site with the usual settings, to be changed.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it serves what does not keep to HTTP.
    pub fn raw_address(&self) -> SocketAddr {
        self.raw_address
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL of a path on the port that does not keep to HTTP.
    pub fn raw_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.raw_address)
    }

    /// The URL of a path over https, if the site was told to serve that.
    #[cfg(feature = "tls")]
    pub fn https_url(&self, path: &str) -> Option<String> {
        self.https_address
            .map(|address| format!("https://{address}{path}"))
    }

    /// The certificate of the authority behind https, in PEM: what a client has to trust.
    pub fn authority(&self) -> Option<&str> {
        self.shared.authority()
    }

    /// The URLs of all pages, in the order of their numbers.
    pub fn pages(&self) -> impl Iterator<Item = String> + use<'_> {
        (0..self.settings.pages.count).map(|page| self.url(&Pages::path(page)))
    }

    /// The numbers of the pages that a page links to.
    pub fn links_of(&self, page: usize) -> Vec<usize> {
        self.settings.pages.links_of(page)
    }

    /// How many links away from `/` a page is.
    pub fn depth_of(&self, page: usize) -> usize {
        self.settings.pages.depth_of(page)
    }

    /// A page's body.
    pub fn html_of(&self, page: usize) -> String {
        self.settings.pages.pieces(page).collect()
    }

    /// What it saw so far.
    pub fn counts(&self) -> Counts {
        self.counters.snapshot()
    }

    /// Starts counting anew, and forgets how often each path was asked for.
    pub fn reset(&self) {
        self.counters.reset();
        self.shared.forget_visits();
    }

    /// Waits for ever: a site that is all a program does.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic in there has been told by its own thread.
            let _ = thread.join();
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("address", &self.address)
            .field("raw_address", &self.raw_address)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
