//! Outgoing connections.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};
use std::time::Duration;

use crate::connection::Connection;
use crate::inner::{Entry, Inner};
use crate::stream::Stream;
use crate::{Deferred, DelayedCall, Error, Peer, Protocol, Reactor, Resolver, Transport};
use event_loop::net::{TcpStream, UnixStream};
use event_loop::{Readiness, Token};

/// How long connecting may take, unless a shorter [time-out](Deferred::with_timeout) is set.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

impl Reactor {
    /// Connects to a TCP port. The deferred fires with the transport after the protocol's
    /// `connection_made` was called.
    ///
    /// Connecting times out after [30 s](CONNECT_TIMEOUT). Cancelling the deferred stops it.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::{Protocol, Reactor, Transport, echo::Echo};
    ///
    /// struct Client(Reactor);
    ///
    /// impl Protocol for Client {
    ///     fn connection_made(&mut self, transport: &Transport) {
    ///         transport.write(b"hello");
    ///     }
    ///
    ///     fn data_received(&mut self, _: &Transport, data: &[u8]) {
    ///         assert_eq!(data, b"hello");
    ///         self.0.stop();
    ///     }
    /// }
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Reactor::new()?;
    /// let port = reactor.listen_tcp(([127, 0, 0, 1], 0).into(), || Echo)?;
    /// reactor
    ///     .connect_tcp(port.local_addr()?, Client(reactor.clone()))
    ///     .detach();
    /// reactor.run()
    /// # }
    /// ```
    #[track_caller]
    pub fn connect_tcp(
        &self,
        address: SocketAddr,
        protocol: impl Protocol + 'static,
    ) -> Deferred<Transport> {
        let stream = TcpStream::connect(address).map(Stream::Tcp);
        self.connect(stream, Peer::Tcp(address), Box::new(protocol))
    }

    /// Connects to a Unix socket: see [`connect_tcp`](Reactor::connect_tcp). While the server's
    /// backlog is full, it retries.
    #[track_caller]
    pub fn connect_unix(
        &self,
        path: &Path,
        protocol: impl Protocol + 'static,
    ) -> Deferred<Transport> {
        self.connect_unix_by(path, Box::new(protocol), |stream| stream)
    }

    /// The same, with another layer `over` the socket, such as TLS.
    #[track_caller]
    pub(crate) fn connect_unix_by(
        &self,
        path: &Path,
        protocol: Box<dyn Protocol>,
        over: impl FnOnce(Stream) -> Stream + 'static,
    ) -> Deferred<Transport> {
        let stream = match UnixStream::connect(path) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return self.connect_unix_later(path.to_owned(), protocol, over);
            }
            stream => stream.map(Stream::Unix),
        };
        self.connect(stream.map(over), Peer::Unix, protocol)
    }

    #[track_caller]
    fn connect_unix_later(
        &self,
        path: PathBuf,
        protocol: Box<dyn Protocol>,
        over: impl FnOnce(Stream) -> Stream + 'static,
    ) -> Deferred<Transport> {
        let waiting: Rc<RefCell<Weak<Waiting>>> = Rc::default();
        let (free, resolver) = Deferred::with_canceller({
            let waiting = Rc::clone(&waiting);
            move || {
                if let Some(waiting) = waiting.borrow().upgrade() {
                    waiting.cancel();
                }
            }
        });
        let key = self.inner.shutdown.waiting.borrow_mut().next_key();
        let retry = Rc::new(Waiting {
            reactor: Rc::downgrade(&self.inner),
            key,
            path,
            resolver: RefCell::new(Some(resolver)),
            call: RefCell::default(),
        });
        *waiting.borrow_mut() = Rc::downgrade(&retry);
        let mut all = self.inner.shutdown.waiting.borrow_mut();
        all.insert(key, Rc::downgrade(&retry));
        drop(all);
        retry.later(self);
        let reactor = Rc::downgrade(&self.inner);
        free.with_timeout(self, CONNECT_TIMEOUT)
            .add_callback(move |stream| match reactor.upgrade() {
                Some(inner) => {
                    let stream = over(Stream::Unix(stream));
                    Reactor::of(inner).connect(Ok(stream), Peer::Unix, protocol)
                }
                None => Deferred::done(Err(Error::ReactorGone)),
            })
    }

    /// Connects to `host:port`. A thread looks up the name, and its addresses are tried one after
    /// the other. `build` makes a protocol for each try.
    #[cfg(feature = "threads")]
    #[track_caller]
    pub fn connect_host(
        &self,
        host: impl Into<String>,
        port: u16,
        build: impl Fn() -> Box<dyn Protocol> + 'static,
    ) -> Deferred<Transport> {
        use std::net::ToSocketAddrs;

        let host = host.into();
        let looking_up = self.defer_to_thread({
            let host = host.clone();
            move || (host.as_str(), port).to_socket_addrs().map(Vec::from_iter)
        });
        let reactor = self.clone();
        self.spawn(async move {
            let addresses = looking_up.await?;
            let addresses = addresses.map_err(|error| {
                Error::other(format!("{host}: the name cannot be looked up: {error}"))
            })?;
            let mut last = Error::other(format!("{host}: the name has no address"));
            for address in addresses {
                match reactor.connect_tcp(address, build()).await {
                    Ok(transport) => return Ok(transport),
                    Err(error) => last = Error::other(format!("{address}: {error}")),
                }
            }
            Err(last)
        })
    }

    #[track_caller]
    pub(crate) fn connect(
        &self,
        stream: io::Result<Stream>,
        peer: Peer,
        protocol: Box<dyn Protocol>,
    ) -> Deferred<Transport> {
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => return Deferred::done(Err(error.into())),
        };
        let inner = &self.inner;
        let cancelled: Rc<RefCell<Weak<Connecting>>> = Rc::default();
        let (deferred, resolver) = Deferred::with_canceller({
            let connecting = Rc::clone(&cancelled);
            move || {
                if let Some(connecting) = connecting.borrow().upgrade() {
                    connecting.cancel();
                }
            }
        });
        let connecting = Rc::new(Connecting {
            reactor: Rc::downgrade(inner),
            token: Cell::new(None),
            peer,
            parts: RefCell::new(Some((stream, protocol, resolver))),
            made: RefCell::default(),
        });
        *cancelled.borrow_mut() = Rc::downgrade(&connecting);
        if let Err(error) = connecting.watch(inner) {
            drop(connecting.parts.take());
            return Deferred::done(Err(error.into()));
        }
        deferred.with_timeout(self, CONNECT_TIMEOUT)
    }
}

/// How long to wait before retrying when the backlog of a Unix socket is full. The system does not
/// report when there is room.
const UNIX_RETRY: Duration = Duration::from_millis(5);

/// A connection to a Unix socket that waits for room in the backlog.
pub(crate) struct Waiting {
    reactor: Weak<Inner>,
    key: u64,
    path: PathBuf,
    resolver: RefCell<Option<Resolver<UnixStream>>>,
    /// The call that retries.
    call: RefCell<Option<DelayedCall>>,
}

impl Waiting {
    fn later(self: &Rc<Self>, reactor: &Reactor) {
        let waiting = Rc::clone(self);
        let call = reactor.call_later(UNIX_RETRY, move |reactor| waiting.attempt(reactor));
        *self.call.borrow_mut() = Some(call);
    }

    fn attempt(self: &Rc<Self>, reactor: &Reactor) {
        match UnixStream::connect(&self.path) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => self.later(reactor),
            stream => {
                let resolver = self.resolver.take();
                if let Some(resolver) = resolver {
                    let _ = resolver.fire(stream.map_err(Error::from));
                }
            }
        }
    }

    pub(crate) fn cancel(&self) {
        let call = self.call.take();
        if let Some(call) = call {
            call.cancel();
        }
        let resolver = self.resolver.take();
        if let Some(resolver) = resolver {
            let _ = resolver.errback(Error::Cancelled);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(inner) = self.reactor.upgrade() {
            inner.shutdown.waiting.borrow_mut().remove(self.key);
        }
    }
}

/// The connections that wait for room, by keys that are never used again. Shutting down cancels
/// them.
#[derive(Default)]
pub(crate) struct AllWaiting {
    next: u64,
    waiting: BTreeMap<u64, Weak<Waiting>>,
}

impl AllWaiting {
    fn next_key(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn insert(&mut self, key: u64, waiting: Weak<Waiting>) {
        self.waiting.insert(key, waiting);
    }

    fn remove(&mut self, key: u64) {
        self.waiting.remove(&key);
    }

    pub(crate) fn all(&self) -> Vec<Rc<Waiting>> {
        self.waiting.values().filter_map(Weak::upgrade).collect()
    }
}

/// A connection that is being made.
pub(crate) struct Connecting {
    reactor: Weak<Inner>,
    token: Cell<Option<Token>>,
    peer: Peer,
    parts: RefCell<Option<Parts>>,
    /// The connection, once it is made.
    made: RefCell<Weak<Connection>>,
}

/// What the connection is made from.
type Parts = (Stream, Box<dyn Protocol>, Resolver<Transport>);

impl Connecting {
    fn watch(self: &Rc<Self>, inner: &Inner) -> io::Result<()> {
        if let Some((stream, ..)) = &mut *self.parts.borrow_mut()
            && let Some(source) = stream.source()
        {
            let entry = Entry::Connecting(Rc::clone(self));
            self.token.set(Some(inner.watch_stream(source, entry)?));
        }
        Ok(())
    }

    pub(crate) fn ready(&self, readiness: Readiness) {
        let outcome = match &*self.parts.borrow() {
            Some((stream, ..)) => match stream.is_connected(self.peer) {
                Ok(false) => return,
                outcome => outcome,
            },
            None => return,
        };
        let (Some(inner), Some((stream, protocol, resolver))) =
            (self.reactor.upgrade(), self.parts.take())
        else {
            return;
        };
        match outcome {
            Ok(_) => {
                let transport = Connection::open(&inner, stream, self.peer, protocol, None);
                if let Some(token) = self.token.take() {
                    transport.0.token.set(Some(token));
                    inner.replace(token, Entry::Connection(transport.clone()));
                }
                *self.made.borrow_mut() = Rc::downgrade(&transport.0);
                let resolver = transport.0.fires_when_secure(resolver);
                let made = transport.0.made(&transport);
                // Bytes may have arrived together with this event.
                transport.0.ready(&transport, readiness);
                if let Some(resolver) = resolver {
                    let _ = resolver.fire(made.map(|()| transport));
                }
            }
            Err(error) => {
                self.forget(&inner, stream);
                let _ = resolver.errback(error);
            }
        }
    }

    pub(crate) fn cancel(&self) {
        if let (Some(inner), Some((stream, protocol, resolver))) =
            (self.reactor.upgrade(), self.parts.take())
        {
            self.forget(&inner, stream);
            drop(protocol);
            let _ = resolver.errback(Error::Cancelled);
        }
        // The handshake is not done, so no caller has the connection yet.
        if let Some(connection) = self.made.borrow().upgrade() {
            Transport(connection).abort();
        }
    }

    fn forget(&self, inner: &Inner, mut stream: Stream) {
        if let (Some(token), Some(source)) = (self.token.take(), stream.source()) {
            inner.forget(token, source);
        }
    }
}
