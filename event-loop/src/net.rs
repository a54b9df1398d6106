//! The non-blocking sockets that can be registered: mio's.
//!
//! Windows has no Unix sockets here: functions that make one fail there with [`Unsupported`].
//!
//! [`Unsupported`]: std::io::ErrorKind::Unsupported

pub use mio::net::{TcpListener, TcpStream, UdpSocket};
#[cfg(unix)]
pub use mio::net::{UnixDatagram, UnixListener, UnixStream};

#[cfg(windows)]
pub(crate) use without::unsupported;
#[cfg(windows)]
pub use without::{UnixListener, UnixStream};

/// Types that have no values. So programs with Unix sockets compile, and get an error at run time.
#[cfg(windows)]
mod without {
    use std::convert::Infallible;
    use std::io::{self, ErrorKind, Read, Write};
    use std::net::Shutdown;
    use std::path::Path;

    use mio::event::Source;
    use mio::{Interest, Registry, Token};

    pub(crate) fn unsupported() -> io::Error {
        io::Error::new(
            ErrorKind::Unsupported,
            "Unix sockets are not supported on Windows",
        )
    }

    /// A Unix socket that listens. Windows has none.
    #[derive(Debug)]
    pub struct UnixListener(Infallible);

    /// A connection over Unix sockets. Windows has none.
    #[derive(Debug)]
    pub struct UnixStream(Infallible);

    impl UnixListener {
        /// Fails.
        ///
        /// # Errors
        ///
        /// Always: Windows has none.
        pub fn bind(_: impl AsRef<Path>) -> io::Result<UnixListener> {
            Err(unsupported())
        }

        /// Never runs.
        ///
        /// # Errors
        ///
        /// None: it is never called, because there is no listener.
        pub fn accept(&self) -> io::Result<(UnixStream, Infallible)> {
            match self.0 {}
        }
    }

    impl UnixStream {
        /// Fails.
        ///
        /// # Errors
        ///
        /// Always: Windows has none.
        pub fn connect(_: impl AsRef<Path>) -> io::Result<UnixStream> {
            Err(unsupported())
        }

        /// Fails.
        ///
        /// # Errors
        ///
        /// Always: Windows has none.
        pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
            Err(unsupported())
        }

        /// Never runs.
        ///
        /// # Errors
        ///
        /// None: it is never called, because there is no stream.
        pub fn peer_addr(&self) -> io::Result<Infallible> {
            match self.0 {}
        }

        /// Never runs.
        ///
        /// # Errors
        ///
        /// None: it is never called, because there is no stream.
        pub fn take_error(&self) -> io::Result<Option<io::Error>> {
            match self.0 {}
        }

        /// Never runs.
        ///
        /// # Errors
        ///
        /// None: it is never called, because there is no stream.
        pub fn shutdown(&self, _: Shutdown) -> io::Result<()> {
            match self.0 {}
        }
    }

    macro_rules! without {
        ($($socket:ident),+) => {$(
            impl Source for $socket {
                fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
                    match self.0 {}
                }

                fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
                    match self.0 {}
                }

                fn deregister(&mut self, _: &Registry) -> io::Result<()> {
                    match self.0 {}
                }
            }
        )+};
    }

    without!(UnixListener, UnixStream);

    macro_rules! stream {
        ($($stream:ty),+) => {$(
            impl Read for $stream {
                fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                    match self.0 {}
                }
            }

            impl Write for $stream {
                fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                    match self.0 {}
                }

                fn flush(&mut self) -> io::Result<()> {
                    match self.0 {}
                }
            }
        )+};
    }

    stream!(UnixStream, &UnixStream);
}
