//! Listening Unix sockets.

use std::io;
use std::path::Path;

use crate::net::UnixListener;

/// A listening Unix socket. Its file must not exist before. The file stays when the socket is
/// closed.
///
/// # Errors
///
/// The system's error, for instance that the file exists or that its name is too long.
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
    sys::listen(path, backlog)
}

/// Removes the file of a Unix socket that no server listens at any more, because it was killed.
///
/// # Errors
///
/// `AddrInUse` when a server listens there, or the file is no socket; otherwise the system's error.
///
/// # Examples
///
/// ```
/// use event_loop::{DEFAULT_BACKLOG, listen_unix, remove_stale_socket};
///
/// # fn main() -> std::io::Result<()> {
/// let path = std::env::temp_dir().join(format!("stale-{}", std::process::id()));
/// let socket = listen_unix(&path, DEFAULT_BACKLOG)?;
/// assert!(remove_stale_socket(&path).is_err(), "a server listens");
/// drop(socket);
/// remove_stale_socket(&path)?;
/// assert!(!path.exists());
/// # Ok(()) }
/// ```
pub fn remove_stale_socket(path: &Path) -> io::Result<()> {
    sys::remove_stale(path)
}

#[cfg(windows)]
mod sys {
    use super::*;
    use crate::net::unsupported;

    pub(super) fn listen(_: &Path, _: i32) -> io::Result<UnixListener> {
        Err(unsupported())
    }

    pub(super) fn remove_stale(_: &Path) -> io::Result<()> {
        Err(unsupported())
    }
}

#[cfg(unix)]
pub(crate) use sys::new_socket;

#[cfg(unix)]
mod sys {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen as listen_at};
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    use rustix::net::{SocketFlags, socket_with};

    use super::*;

    pub(super) fn listen(path: &Path, backlog: i32) -> io::Result<UnixListener> {
        let socket = new_socket(AddressFamily::UNIX)?;
        bind(&socket, &SocketAddrUnix::new(path)?)?;
        listen_at(&socket, backlog)?;
        Ok(UnixListener::from_std(socket.into()))
    }

    pub(super) fn remove_stale(path: &Path) -> io::Result<()> {
        use std::os::unix::fs::FileTypeExt;

        let in_use = |why: &str| {
            let error = format!("{}: {why}", path.display());
            io::Error::new(io::ErrorKind::AddrInUse, error)
        };
        if !std::fs::symlink_metadata(path)?.file_type().is_socket() {
            return Err(in_use("the file exists and is no socket"));
        }
        // Without waiting: a server whose backlog is full is still a server.
        match mio::net::UnixStream::connect(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)
            }
            _ => Err(in_use("a server listens there")),
        }
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    pub(crate) fn new_socket(family: AddressFamily) -> io::Result<rustix::fd::OwnedFd> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        Ok(socket_with(family, SocketType::STREAM, flags, None)?)
    }

    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    pub(crate) fn new_socket(family: AddressFamily) -> io::Result<rustix::fd::OwnedFd> {
        use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};
        let socket = rustix::net::socket(family, SocketType::STREAM, None)?;
        fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
        ioctl_fionbio(&socket, true)?;
        Ok(socket)
    }
}
