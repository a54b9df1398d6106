//! Conversions between these sockets and those of the standard library.

/// `TryFrom` the standard library's socket, `AsFd` and `AsRawFd`.
macro_rules! impl_descriptor {
    ($socket:ident, $std:ty, $mio:ty) => {
        /// From here on it belongs to this thread's hub. It becomes non-blocking, also its clones.
        /// This is not `From`, because the system may refuse to watch it.
        impl TryFrom<$std> for $socket {
            type Error = std::io::Error;

            fn try_from(socket: $std) -> std::io::Result<$socket> {
                socket.set_nonblocking(true)?;
                let socket = crate::registered::Registered::new(<$mio>::from_std(socket))?;
                let inner = std::rc::Rc::new(socket);
                Ok($socket { inner })
            }
        }

        /// Use it for options that this type has no method for. It must stay non-blocking.
        impl std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                std::os::fd::AsFd::as_fd(&**self.inner)
            }
        }

        impl std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&**self.inner)
            }
        }
    };
}

pub(super) use impl_descriptor;
