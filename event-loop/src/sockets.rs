//! Listening sockets with what the standard library does not set.

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use mio::net::{TcpListener, UnixListener};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, listen, socket_with, sockopt,
};

/// How many connections may wait to be accepted, unless said otherwise; the system may allow fewer
/// (`net.core.somaxconn`).
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

/// What a server makes of connections that it cannot accept: it says so and, after a while, tries
/// again. None of these errors ends it: most are about one connection or about the network behind it
/// ([accept(2)] wants those tried again), and one about the system's means is over when others close
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
    /// Out of descriptors or memory, and said so.
    dry: Cell<bool>,
}

impl AcceptErrors {
    /// How long to wait before trying again: without it, trying would keep a CPU busy.
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

    /// A connection was accepted.
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

    /// Logs the error: one about descriptors or memory when it begins, any other each time.
    ///
    /// # Examples
    ///
    /// ```
    /// let errors = event_loop::AcceptErrors::default();
    /// // Out of descriptors: logged once, until one is accepted.
    /// let error = std::io::Error::from_raw_os_error(24);
    /// errors.failed(&error);
    /// errors.failed(&error);
    /// ```
    pub fn failed(&self, error: &io::Error) {
        let known = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
        let known = known.map(|errno| Some(errno.raw_os_error()));
        if !known.contains(&error.raw_os_error()) {
            tracing::error!(%error, "accepting a connection failed");
        } else if !self.dry.replace(true) {
            tracing::warn!(%error, "no connection can be accepted until another is closed");
        }
    }
}

/// A listening TCP socket; with `share` (`SO_REUSEPORT`) other sockets of this user, in other loops
/// or other processes, may listen at the same address. Linux divides the connections among them;
/// elsewhere one of them may get them all.
///
/// # Errors
///
/// What the system says, for instance that the address is in use.
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
    let family = match addr {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let socket = new_socket(family)?;
    // Else a server that is started again has to wait for its old connections to be forgotten.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if share {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    bind(&socket, &addr)?;
    listen(&socket, backlog)?;
    Ok(TcpListener::from_std(socket.into()))
}

/// A listening Unix socket. Its file must not exist, and stays when the socket is closed.
///
/// # Errors
///
/// What the system says, for instance that the file exists or that its name is too long.
///
/// # Examples
///
/// ```
/// use event_loop::{DEFAULT_BACKLOG, listen_unix};
///
/// let path = std::env::temp_dir().join(format!("listen-unix-{}", std::process::id()));
/// let listener = listen_unix(&path, DEFAULT_BACKLOG)?;
/// std::os::unix::net::UnixStream::connect(&path)?;
/// std::fs::remove_file(&path)?;
/// # drop(listener);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn listen_unix(path: &Path, backlog: i32) -> io::Result<UnixListener> {
    let socket = new_socket(AddressFamily::UNIX)?;
    bind(&socket, &SocketAddrUnix::new(path)?)?;
    listen(&socket, backlog)?;
    Ok(UnixListener::from_std(socket.into()))
}

/// Removes the file of a Unix socket at which nobody listens any more: its server was killed.
///
/// # Errors
///
/// `AddrInUse` when somebody listens there, or the file is no socket; else what the system says.
///
/// # Examples
///
/// ```
/// use event_loop::{DEFAULT_BACKLOG, listen_unix, remove_stale_socket};
///
/// # fn main() -> std::io::Result<()> {
/// let path = std::env::temp_dir().join(format!("stale-{}", std::process::id()));
/// let socket = listen_unix(&path, DEFAULT_BACKLOG)?;
/// assert!(remove_stale_socket(&path).is_err(), "somebody listens");
/// drop(socket);
/// remove_stale_socket(&path)?;
/// assert!(!path.exists());
/// # Ok(()) }
/// ```
pub fn remove_stale_socket(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;

    let in_use = |why: &str| {
        let error = format!("{}: {why}", path.display());
        io::Error::new(io::ErrorKind::AddrInUse, error)
    };
    if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(in_use("it exists, and is no socket"));
    }
    // Without waiting: a server that has no room for more that wait is a server.
    match mio::net::UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            std::fs::remove_file(path)
        }
        _ => Err(in_use("somebody listens there")),
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn new_socket(family: AddressFamily) -> io::Result<rustix::fd::OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(family, SocketType::STREAM, flags, None)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn new_socket(family: AddressFamily) -> io::Result<rustix::fd::OwnedFd> {
    use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
    let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, true)?;
    Ok(socket)
}
