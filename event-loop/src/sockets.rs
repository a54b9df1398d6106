//! Listening sockets, with options that the standard library does not set.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use mio::net::TcpListener;

/// How many connections may wait to be accepted, unless stated otherwise. The system may allow
/// fewer (`net.core.somaxconn`).
///
/// # Examples
///
/// ```
/// use event_loop::{DEFAULT_BACKLOG, listen_tcp};
///
/// let listener = listen_tcp(([127, 0, 0, 1], 0).into(), DEFAULT_BACKLOG, false)?;
/// # drop(listener);
/// # Ok::<(), std::io::Error>(())
/// ```
pub const DEFAULT_BACKLOG: i32 = 1024;

/// How a server handles errors of `accept`: it logs them, and tries again after a while. None of
/// these errors ends the server. Most concern one connection or the network behind it ([accept(2)]
/// says to try those again). Running out of descriptors or memory is over when others close
/// something.
///
/// [accept(2)]: https://man7.org/linux/man-pages/man2/accept.2.html
///
/// # Examples
///
/// ```
/// use std::io::ErrorKind;
///
/// use event_loop::{AcceptErrors, DEFAULT_BACKLOG, listen_tcp};
///
/// let listener = listen_tcp(([127, 0, 0, 1], 0).into(), DEFAULT_BACKLOG, false)?;
/// let errors = AcceptErrors::default();
/// match listener.accept() {
///     Ok(_) => errors.accepted(),
///     Err(error) if error.kind() == ErrorKind::WouldBlock => {}
///     // And once more after `AcceptErrors::RETRY`.
///     Err(error) => errors.failed(&error),
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct AcceptErrors {
    /// Out of descriptors or memory, and this was logged.
    dry: Cell<bool>,
}

impl AcceptErrors {
    /// How long to wait before trying again. Without it, trying would keep a CPU busy.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{AcceptErrors, EventLoop};
    ///
    /// let mut event_loop: EventLoop<(), &str> = EventLoop::new()?;
    /// event_loop.add_timer_after(AcceptErrors::RETRY, "accept again");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub const RETRY: Duration = Duration::from_millis(100);

    /// Call it when a connection was accepted.
    ///
    /// # Examples
    ///
    /// ```
    /// let errors = event_loop::AcceptErrors::default();
    /// errors.accepted();
    /// ```
    pub fn accepted(&self) {
        self.dry.set(false);
    }

    /// Logs the error. Running out of descriptors or memory is logged once, any other error each
    /// time.
    ///
    /// # Examples
    ///
    /// ```
    /// let errors = event_loop::AcceptErrors::default();
    /// // Out of descriptors: logged once, until a connection is accepted.
    /// let error = std::io::Error::from_raw_os_error(24);
    /// errors.failed(&error);
    /// errors.failed(&error);
    /// ```
    pub fn failed(&self, error: &io::Error) {
        if !sys::out_of_means(error) {
            tracing::error!(%error, "accepting a connection failed");
        } else if !self.dry.replace(true) {
            tracing::warn!(%error, "no connection can be accepted until another is closed");
        }
    }
}

/// A listening TCP socket. With `share` (`SO_REUSEPORT`), other sockets of this user, in other
/// loops or other processes, may listen at the same address. Linux divides the connections among
/// them. On other systems one socket may get them all.
///
/// # Errors
///
/// The system's error, for instance that the address is in use.
///
/// # Examples
///
/// ```
/// use event_loop::{DEFAULT_BACKLOG, listen_tcp};
///
/// # fn main() -> std::io::Result<()> {
/// let one = listen_tcp(([127, 0, 0, 1], 0).into(), DEFAULT_BACKLOG, true)?;
/// let other = listen_tcp(one.local_addr()?, DEFAULT_BACKLOG, true)?;
/// assert_eq!(one.local_addr()?, other.local_addr()?);
/// # Ok(()) }
/// ```
pub fn listen_tcp(addr: SocketAddr, backlog: i32, share: bool) -> io::Result<TcpListener> {
    Ok(TcpListener::from_std(sys::listen(addr, backlog, share)?))
}

#[cfg(unix)]
mod sys {
    use std::io;
    use std::net::{SocketAddr, TcpListener};

    use rustix::io::Errno;
    use rustix::net::{AddressFamily, bind, listen as listen_at, sockopt};

    pub(super) fn out_of_means(error: &io::Error) -> bool {
        [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM]
            .map(|errno| Some(errno.raw_os_error()))
            .contains(&error.raw_os_error())
    }

    pub(super) fn listen(addr: SocketAddr, backlog: i32, share: bool) -> io::Result<TcpListener> {
        let family = match addr {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let socket = crate::unix_sockets::new_socket(family)?;
        // Without it, a restarted server must wait until the system has forgotten its old
        // connections.
        sockopt::set_socket_reuseaddr(&socket, true)?;
        if share {
            sockopt::set_socket_reuseport(&socket, true)?;
        }
        bind(&socket, &addr)?;
        listen_at(&socket, backlog)?;
        Ok(socket.into())
    }
}

#[cfg(windows)]
mod sys {
    use std::io;
    use std::net::{SocketAddr, TcpListener};

    /// Winsock's `WSAEMFILE` and `WSAENOBUFS`.
    pub(super) fn out_of_means(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(10024 | 10055))
    }

    /// The backlog is the standard library's. Windows allows a socket to listen at an address that
    /// old connections still use, and cannot divide connections among sockets.
    pub(super) fn listen(addr: SocketAddr, _: i32, share: bool) -> io::Result<TcpListener> {
        if share {
            let why = "Windows has no SO_REUSEPORT: one socket listens at an address";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        }
        let listener = TcpListener::bind(addr)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    }
}
