//! Fetches with HTTP/1.1, by a protocol and a deferred: the workshop's `twisted_fetch_url`, with
//! redirects and both kinds of bodies.

use std::cell::RefCell;
use std::rc::Rc;

use protocols::http::{
    self, Fetched, Head, Limits, Parser, Piece, Request, tells_who_asks, without_userinfo,
};
use url::Url;

use crate::{Deferred, Error, Protocol, Reactor, Reason, Resolver, Transport};

/// What to request, and the limits.
///
/// # Examples
///
/// ```
/// let options = reactor::fetch::Options { head: true, ..Default::default() };
/// assert_eq!(options.limits.redirects, 10);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Requests only the header.
    pub head: bool,
    /// Header fields to send, names and values. Those that [say who the user is](tells_who_asks) go
    /// to the server of the first URL only.
    pub fields: Vec<(String, String)>,
    /// The limits.
    pub limits: Limits,
}

/// A failed fetch: its URL and the cause. It is in [`Error::Other`].
#[derive(Debug, thiserror::Error)]
#[error("{url}: {cause}")]
#[non_exhaustive]
pub struct Failed {
    /// The URL, without user and password.
    pub url: Url,
    /// The cause.
    pub cause: Error,
}

/// Fetches `url`. `sink` gets the body piece by piece, and may fail.
///
/// With redirects, only the body of the last answer is passed to `sink`.
///
/// # Examples
///
/// ```no_run
/// use protocols::http::Limits;
/// use reactor::{Reactor, fetch};
///
/// # fn main() -> Result<(), reactor::Error> {
/// let reactor = Reactor::new()?;
/// let url = "http://127.0.0.1:8000/".parse().map_err(reactor::Error::other)?;
/// let fetching = fetch::fetch(&reactor, url, Limits::default(), |piece| {
///     println!("{} bytes", piece.len());
///     Ok(())
/// });
/// println!("{}", reactor.run_until(fetching)?.status);
/// # Ok(()) }
/// ```
#[track_caller]
pub fn fetch(
    reactor: &Reactor,
    url: Url,
    limits: Limits,
    sink: impl FnMut(&[u8]) -> Result<(), Error> + 'static,
) -> Deferred<Fetched> {
    let options = Options {
        limits,
        ..Options::default()
    };
    fetch_with(reactor, url, options, |_| (), sink)
}

/// As [`fetch()`], with options. `on_head` gets the header of the last answer, after all redirects.
#[track_caller]
pub fn fetch_with(
    reactor: &Reactor,
    url: Url,
    options: Options,
    on_head: impl FnMut(&Head) + 'static,
    sink: impl FnMut(&[u8]) -> Result<(), Error> + 'static,
) -> Deferred<Fetched> {
    let sinks = Sinks {
        head: Rc::new(RefCell::new(on_head)),
        body: Rc::new(RefCell::new(sink)),
    };
    let handle = reactor.clone();
    reactor.spawn(async move {
        let mut url = url;
        let mut options = options;
        let limits = options.limits;
        for _ in 0..=limits.redirects {
            match get(&handle, &url, &options, &sinks)?.await? {
                Got::Body(status, length) => {
                    return Ok(Fetched {
                        url: without_userinfo(&url),
                        status,
                        length,
                    });
                }
                Got::Redirect(location) => {
                    let next = follow(&url, &location)?;
                    if next.origin() != url.origin() {
                        options.fields.retain(|(name, _)| !tells_who_asks(name));
                    }
                    url = next;
                }
            }
        }
        let cause = http::Error::TooManyRedirects(limits.redirects);
        Err(failed(&url, cause.into()))
    })
}

/// Where the parts of the answer go.
#[derive(Clone)]
struct Sinks {
    head: Rc<RefCell<HeadSink>>,
    body: Rc<RefCell<BodySink>>,
}

type HeadSink = dyn FnMut(&Head);
type BodySink = dyn FnMut(&[u8]) -> Result<(), Error>;

/// The URL of a redirect. User and password are kept for the same server only.
fn follow(url: &Url, location: &str) -> Result<Url, Error> {
    let mut next = url.join(location).map_err(|error| {
        // The error does not repeat the URL: it may contain a password.
        failed(
            url,
            Error::other(format!("redirects to an invalid URL: {error}")),
        )
    })?;
    if next.origin() == url.origin() && next.username().is_empty() {
        // It fails for URLs that cannot have a user.
        let _ = next.set_username(url.username());
        let _ = next.set_password(url.password());
    }
    Ok(next)
}

enum Got {
    Body(u16, u64),
    Redirect(String),
}

fn failed(url: &Url, cause: Error) -> Error {
    let url = without_userinfo(url);
    Error::other(Failed { url, cause })
}

/// One request.
fn get(
    reactor: &Reactor,
    url: &Url,
    options: &Options,
    sinks: &Sinks,
) -> Result<Deferred<Got>, Error> {
    let mut request = match options.head {
        true => Request::head(url)?,
        false => Request::get(url)?,
    };
    for (name, value) in &options.fields {
        request = request.with_field(name, value)?;
    }
    let Request { host, port, text } = request;
    let (limits, head) = (options.limits, options.head);
    let transport: Rc<RefCell<Option<Transport>>> = Rc::default();
    let hang_up = Rc::clone(&transport);
    let (got, resolver) = Deferred::with_canceller(move || {
        if let Some(transport) = hang_up.take() {
            transport.abort();
        }
    });
    let build = {
        let (resolver, sinks, url) = (resolver.clone(), sinks.clone(), url.clone());
        move || -> Box<dyn Protocol> {
            let parser = Parser::new(limits.header, limits.body);
            Box::new(Client {
                url: url.clone(),
                request: text.clone(),
                parser: match head {
                    true => parser.for_head(),
                    false => parser,
                },
                limits,
                sinks: sinks.clone(),
                got: None,
                resolver: resolver.clone(),
                transport: Rc::clone(&transport),
            })
        }
    };
    let url = url.clone();
    reactor
        .connect_host(&host, port, build)
        .add_both(move |connected| {
            if let Err(error) = connected {
                let _ = resolver.errback(failed(&url, error));
            }
            Ok(())
        })
        .detach();
    Ok(got)
}

struct Client {
    url: Url,
    request: String,
    parser: Parser,
    limits: Limits,
    sinks: Sinks,
    got: Option<Got>,
    resolver: Resolver<Got>,
    transport: Rc<RefCell<Option<Transport>>>,
}

impl Client {
    fn take_in(&mut self, data: &[u8]) -> Result<(), Error> {
        let (sinks, got) = (&self.sinks, &mut self.got);
        self.parser.feed(data, |piece| match piece {
            Piece::Head(head) => {
                *got = Some(match (head.status, head.location.clone()) {
                    (301 | 302 | 303 | 307 | 308, Some(location)) => Got::Redirect(location),
                    _ => {
                        sinks.head.borrow_mut()(head);
                        Got::Body(head.status, 0)
                    }
                });
                Ok(())
            }
            Piece::Body(bytes) => match got {
                Some(Got::Body(_, length)) => {
                    *length += bytes.len() as u64;
                    sinks.body.borrow_mut()(bytes)
                }
                _ => Ok(()),
            },
        })
    }

    fn over(&mut self, transport: &Transport) {
        if let Some(got) = self.got.take() {
            let _ = self.resolver.callback(got);
        }
        transport.abort();
    }

    fn fail(&mut self, error: Error) {
        let _ = self.resolver.errback(failed(&self.url, error));
    }
}

impl Protocol for Client {
    fn connection_made(&mut self, transport: &Transport) {
        if self.resolver.is_fired() {
            return transport.abort();
        }
        *self.transport.borrow_mut() = Some(transport.clone());
        transport.set_idle_timeout(Some(self.limits.idle));
        transport.write(self.request.as_bytes());
    }

    fn data_received(&mut self, transport: &Transport, data: &[u8]) {
        match self.take_in(data) {
            // Of a redirect, only the header is needed.
            Ok(()) if self.parser.is_over() || matches!(self.got, Some(Got::Redirect(_))) => {
                self.over(transport);
            }
            Ok(()) => {}
            Err(error) => {
                self.fail(error);
                transport.abort();
            }
        }
    }

    fn end_received(&mut self, transport: &Transport) {
        match self.parser.end() {
            Ok(()) => self.over(transport),
            Err(error) => {
                self.fail(error.into());
                transport.abort();
            }
        }
    }

    fn connection_lost(&mut self, reason: &Reason) {
        self.transport.take();
        if !self.resolver.is_fired() {
            self.fail(Error::ConnectionLost(reason.copy()));
        }
    }
}
