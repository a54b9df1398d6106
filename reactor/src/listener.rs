//! Ports: sockets that accept connections.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::{Rc, Weak};

use crate::connection::Connection;
use crate::error::panic_message;
use crate::inner::{Action, Entry, Inner};
use crate::stream::Stream;
use crate::{Factory, Peer};
use event_loop::net::{TcpListener, UnixListener};
use event_loop::{
    AcceptErrors, DEFAULT_BACKLOG, Interest, Source, Token, listen_tcp, listen_unix,
    remove_stale_socket,
};

/// How a port accepts connections.
///
/// # Examples
///
/// ```
/// use reactor::ListenOptions;
///
/// let options = ListenOptions { max_connections: 1000, ..ListenOptions::default() };
/// assert_eq!(options.backlog, 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenOptions {
    /// How many connections may wait to be accepted: [1024](DEFAULT_BACKLOG), if the system allows
    /// it.
    pub backlog: i32,
    /// How many connections may be open at once: 100,000. More wait to be accepted.
    pub max_connections: usize,
    /// Whether other reactors, in other threads or processes, may listen at the same port.
    pub share: bool,
}

impl Default for ListenOptions {
    fn default() -> Self {
        ListenOptions {
            backlog: DEFAULT_BACKLOG,
            max_connections: 100_000,
            share: false,
        }
    }
}

/// A port that accepts connections until it is [closed](Port::close). Dropping it does not close
/// it.
#[derive(Clone)]
pub struct Port {
    pub(crate) listener: Rc<Listener>,
}

impl Port {
    /// The address where it listens. If you asked for port 0, this is the port that the system
    /// chose.
    ///
    /// # Errors
    ///
    /// When it is closed, or is a Unix socket.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match &*self.listener.socket.borrow() {
            Some(Socket::Tcp(socket)) => socket.local_addr(),
            Some(Socket::Unix(..)) => Err(io::Error::other("a Unix socket has no address")),
            None => Err(io::Error::other("the port is closed")),
        }
    }

    /// Stops accepting. Connections that were accepted go on.
    pub fn close(&self) {
        self.listener.close();
    }

    /// How many of its connections are open.
    pub fn connections(&self) -> usize {
        self.listener.open.get()
    }
}

impl std::fmt::Debug for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Port({} connections)", self.connections())
    }
}

pub(crate) enum Socket {
    Tcp(TcpListener),
    /// The socket and its file, which is removed when the port is closed.
    Unix(UnixListener, PathBuf),
}

impl Socket {
    pub(crate) fn tcp(address: SocketAddr, options: ListenOptions) -> io::Result<Socket> {
        listen_tcp(address, options.backlog, options.share).map(Socket::Tcp)
    }

    pub(crate) fn unix(path: &Path, backlog: i32) -> io::Result<Socket> {
        let socket = match listen_unix(path, backlog) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                remove_stale_socket(path)?;
                listen_unix(path, backlog)?
            }
            socket => socket?,
        };
        Ok(Socket::Unix(socket, path.to_owned()))
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Socket::Tcp(socket) => socket,
            Socket::Unix(socket, _) => socket,
        }
    }

    fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Socket::Tcp(socket) => socket
                .accept()
                .map(|(stream, address)| (Stream::Tcp(stream), Peer::Tcp(address))),
            Socket::Unix(socket, _) => socket
                .accept()
                .map(|(stream, _)| (Stream::Unix(stream), Peer::Unix)),
        }
    }
}

/// How many connections are accepted before others have their turn.
const ACCEPTS_A_TURN: usize = 64;

pub(crate) struct Listener {
    reactor: Weak<Inner>,
    socket: RefCell<Option<Socket>>,
    token: Cell<Option<Token>>,
    factory: Box<dyn Factory>,
    #[cfg(feature = "tls")]
    secure: std::cell::OnceCell<crate::tls::Server>,
    max_connections: usize,
    open: Cell<usize>,
    /// It accepts nothing until a connection is closed.
    full: Cell<bool>,
    errors: AcceptErrors,
    /// A timer to try again is set.
    retrying: Cell<bool>,
}

impl Listener {
    pub(crate) fn open(
        inner: &Rc<Inner>,
        socket: Socket,
        factory: Box<dyn Factory>,
        options: ListenOptions,
    ) -> io::Result<Port> {
        let listener = Rc::new(Listener {
            reactor: Rc::downgrade(inner),
            socket: RefCell::new(Some(socket)),
            token: Cell::new(None),
            factory,
            #[cfg(feature = "tls")]
            secure: std::cell::OnceCell::new(),
            max_connections: options.max_connections.max(1),
            open: Cell::new(0),
            full: Cell::new(false),
            errors: AcceptErrors::default(),
            retrying: Cell::new(false),
        });
        if let Some(socket) = &mut *listener.socket.borrow_mut() {
            let entry = Entry::Listener(Rc::clone(&listener));
            let token = inner.watch(socket.source(), Interest::READABLE, entry)?;
            listener.token.set(Some(token));
        }
        Ok(Port { listener })
    }

    /// Accepts the connections that wait.
    pub(crate) fn ready(self: &Rc<Self>) {
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        for _ in 0..ACCEPTS_A_TURN {
            if self.open.get() >= self.max_connections {
                return self.stand_still(&inner);
            }
            let accepted = match &*self.socket.borrow() {
                Some(socket) => socket.accept(),
                None => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    self.errors.accepted();
                    self.accepted(&inner, stream, peer);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    // The client has closed the connection before it was accepted.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ => return self.exhausted(&inner, &error),
                },
            }
        }
        self.enqueue(&inner);
    }

    fn accepted(self: &Rc<Self>, inner: &Rc<Inner>, stream: Stream, peer: Peer) {
        let built = catch_unwind(AssertUnwindSafe(|| self.factory.build(peer)));
        let protocol = match built {
            Ok(Some(protocol)) => protocol,
            Ok(None) => return,
            Err(panic) => {
                let panic = panic_message(&*panic);
                tracing::error!(%peer, panic, "a factory panicked; its connection is refused");
                return;
            }
        };
        let stream = match self.over(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::error!(%peer, %error, "a connection cannot be made secure; it is refused");
                return;
            }
        };
        self.open.update(|open| open + 1);
        let transport = Connection::open(inner, stream, peer, protocol, Some(Rc::clone(self)));
        if let Err(error) = inner.watch_connection(&transport) {
            tracing::error!(%peer, %error, "a connection was accepted and cannot be watched");
            self.closed_one();
            return transport.0.never_was();
        }
        // A panic was logged, and the connection is cut.
        let _ = transport.0.made(&transport);
    }

    /// The stream over this socket: plain, or with TLS.
    fn over(&self, stream: Stream) -> io::Result<Stream> {
        #[cfg(feature = "tls")]
        if let Some(server) = self.secure.get() {
            return Ok(server.session()?.over(stream));
        }
        Ok(stream)
    }

    /// TLS for the connections that are accepted.
    #[cfg(feature = "tls")]
    pub(crate) fn secure(&self, server: crate::tls::Server) {
        // It was not set before: a port is opened only once.
        let _ = self.secure.set(server);
    }

    /// Accepting failed, most likely for want of descriptors or memory. No new edge will come for
    /// the clients in the backlog. If this reactor closes a connection, it tries again at once; if
    /// another process does, the timer tries again.
    fn exhausted(self: &Rc<Self>, inner: &Rc<Inner>, error: &io::Error) {
        self.errors.failed(error);
        self.stand_still(inner);
        // Only one timer, even if descriptors come and go before it is due.
        if !self.retrying.replace(true) {
            let at = inner.after(AcceptErrors::RETRY);
            inner.set_timer(at, Action::Accept(Rc::clone(self)));
        }
    }

    /// The timer is due: try again.
    pub(crate) fn retry(self: &Rc<Self>) {
        self.retrying.set(false);
        self.ready();
    }

    fn stand_still(self: &Rc<Self>, inner: &Inner) {
        if !self.full.replace(true) {
            inner.queues.full_ports.borrow_mut().push(Rc::clone(self));
        }
    }

    /// A connection was closed: there is a descriptor again, or room under the limit.
    pub(crate) fn room(self: Rc<Self>, inner: &Inner) {
        self.full.set(false);
        self.enqueue(inner);
    }

    fn enqueue(self: &Rc<Self>, inner: &Inner) {
        inner
            .queues
            .waiting_ports
            .borrow_mut()
            .push(Rc::clone(self));
    }

    pub(crate) fn closed_one(&self) {
        self.open.update(|open| open - 1);
    }

    pub(crate) fn close(&self) {
        let socket = self.socket.take();
        if let (Some(mut socket), Some(inner), Some(token)) =
            (socket, self.reactor.upgrade(), self.token.take())
        {
            inner.forget(token, socket.source());
            if let Socket::Unix(_, path) = &socket
                && let Err(error) = std::fs::remove_file(path)
                && error.kind() != ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "a socket's file stays behind");
            }
        }
    }
}
