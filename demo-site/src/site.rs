//! A site: its settings, its start, its interface.

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

/// The largest number of links on a page: they are made in memory.
pub const MOST_LINKS: usize = 100_000;

/// The settings of a site.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) pages: Pages,
    pub(crate) latency: Latency,
    pub(crate) error_rate: f64,
    pub(crate) robots: Option<(u16, String)>,
}

/// The builder of a site; [`start`](Builder::start) starts it.
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

    /// The number of pages, at least one [default: 100].
    #[must_use]
    pub fn pages(mut self, count: usize) -> Self {
        self.settings.pages.count = count.max(1);
        self
    }

    /// The number of links on each page, at most [`MOST_LINKS`] [default: 5]. Without links only `/` can be
    /// found.
    #[must_use]
    pub fn links(mut self, count: usize) -> Self {
        self.settings.pages.links = count.min(MOST_LINKS);
        self
    }

    /// The bytes of each page, at least those of its links [default: 4096]. A page is made while it is sent,
    /// so it may be larger than the memory.
    #[must_use]
    pub fn page_size(mut self, bytes: u64) -> Self {
        self.settings.pages.size = bytes;
        self
    }

    /// The latency of each page [default: none].
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.settings.latency = latency;
        self
    }

    /// The share of requests for pages that gets a 503, from 0 to 1 [default: 0]. It depends on the page and on
    /// the number of its visits. So it is the same on every run, and a retry may succeed.
    #[must_use]
    pub fn error_rate(mut self, share: f64) -> Self {
        self.settings.error_rate = share;
        self
    }

    /// The text of `/robots.txt` [default: there is none].
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

    /// The port for answers that break HTTP [default: 0, any that is free].
    #[must_use]
    pub fn raw_port(mut self, port: u16) -> Self {
        self.raw_port = port;
        self
    }

    /// Serves https too, on this port; 0 is any that is free [default: no https]. The certificates are made at
    /// start. A client has to trust [`Site::authority`].
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn https(mut self, port: u16) -> Self {
        self.https_port = Some(port);
        self
    }

    /// Writes a line for each request, in the combined form of Apache and nginx [default: nowhere].
    /// A slow writer makes the site slow.
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
        // Not by the runtime: a site may be started within another runtime.
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
                        // The sender was dropped: the site stops.
                        _ = stopped => {}
                        _ = served => {}
                    }
                });
                // Endless answers are cut off here. A running compression is not waited for.
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

/// A running site. When it is dropped, it stops and its ports are free.
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
    /// A builder with the default settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The address of the first port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the port for answers that break HTTP.
    pub fn raw_address(&self) -> SocketAddr {
        self.raw_address
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The URL of a path on the port for answers that break HTTP.
    pub fn raw_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.raw_address)
    }

    /// The URL of a path over https, if the site serves it.
    #[cfg(feature = "tls")]
    pub fn https_url(&self, path: &str) -> Option<String> {
        self.https_address
            .map(|address| format!("https://{address}{path}"))
    }

    /// The certificate of the authority, in PEM: a client has to trust it.
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

    /// The depth of a page, in links from `/`.
    pub fn depth_of(&self, page: usize) -> usize {
        self.settings.pages.depth_of(page)
    }

    /// A page's body.
    pub fn html_of(&self, page: usize) -> String {
        self.settings.pages.pieces(page).collect()
    }

    /// The counters.
    pub fn counts(&self) -> Counts {
        self.counters.snapshot()
    }

    /// Resets the counters and the visits of each path.
    pub fn reset(&self) {
        self.counters.reset();
        self.shared.forget_visits();
    }

    /// Waits for ever, for a program that only serves the site.
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
