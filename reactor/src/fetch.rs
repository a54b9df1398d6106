//! HTTP/1.1 by a protocol and a deferred: the workshop's `twisted_fetch_url`, with redirects and
//! both kinds of bodies.

use std::cell::RefCell;
use std::rc::Rc;

use protocols::http::{Fetched, Limits, Parser, Piece, Request};
use url::Url;

use crate::{Deferred, Error, Protocol, Reactor, Reason, Resolver, Transport};

/// Fetches `url`; `sink` is given the body piece by piece, and may fail.
///
/// Only the body that redirects lead to is handed on.
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
    let sink: Sink = Rc::new(RefCell::new(sink));
    let handle = reactor.clone();
    reactor.spawn(async move {
        let mut url = url;
        for _ in 0..=limits.redirects {
            match get(&handle, &url, limits, &sink)?.await? {
                Got::Body(status, length) => {
                    return Ok(Fetched {
                        url,
                        status,
                        length,
                    });
                }
                Got::Redirect(location) => {
                    url = url.join(&location).map_err(|error| {
                        failed(&url, format!("redirects to {location:?}: {error}"))
                    })?;
                }
            }
        }
        Err(failed(&url, format!("over {} redirects", limits.redirects)))
    })
}

type Sink = Rc<RefCell<dyn FnMut(&[u8]) -> Result<(), Error>>>;

enum Got {
    Body(u16, u64),
    Redirect(String),
}

fn failed(url: &Url, what: impl std::fmt::Display) -> Error {
    Error::other(format!("{url}: {what}"))
}

/// One request.
fn get(reactor: &Reactor, url: &Url, limits: Limits, sink: &Sink) -> Result<Deferred<Got>, Error> {
    let Request { host, port, text } = Request::get(url)?;
    let transport: Rc<RefCell<Option<Transport>>> = Rc::default();
    let hang_up = Rc::clone(&transport);
    let (got, resolver) = Deferred::with_canceller(move || {
        if let Some(transport) = hang_up.take() {
            transport.abort();
        }
    });
    let build = {
        let (resolver, sink, url) = (resolver.clone(), Rc::clone(sink), url.clone());
        move || -> Box<dyn Protocol> {
            Box::new(Client {
                url: url.clone(),
                request: text.clone(),
                parser: Parser::new(limits.header, limits.body),
                limits,
                sink: Rc::clone(&sink),
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
    sink: Sink,
    got: Option<Got>,
    resolver: Resolver<Got>,
    transport: Rc<RefCell<Option<Transport>>>,
}

impl Client {
    fn take_in(&mut self, data: &[u8]) -> Result<(), Error> {
        let (sink, got) = (&self.sink, &mut self.got);
        self.parser.feed(data, |piece| match piece {
            Piece::Head(head) => {
                *got = Some(match (head.status, head.location.clone()) {
                    (301 | 302 | 303 | 307 | 308, Some(location)) => Got::Redirect(location),
                    _ => Got::Body(head.status, 0),
                });
                Ok(())
            }
            Piece::Body(bytes) => match got {
                Some(Got::Body(_, length)) => {
                    *length += bytes.len() as u64;
                    sink.borrow_mut()(bytes)
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
            // Where redirects lead is all that is wanted of them.
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
            self.fail(Error::other(format!("the connection was lost: {reason}")));
        }
    }
}
