//! Methods that UDP sockets and Unix datagram sockets share.

/// The methods that do not depend on the kind of address.
macro_rules! impl_datagram {
    ($socket:ident, $address:ty) => {
        impl $socket {
            /// Receives a datagram and its sender's address. Bytes that do not fit are lost.
            ///
            /// # Errors
            ///
            /// The system's error.
            pub fn recv_from(&self, buffer: &mut [u8]) -> std::io::Result<(usize, $address)> {
                self.inner
                    .retry(crate::registered::Direction::Read, "receive", |socket| {
                        socket.recv_from(buffer)
                    })
            }

            /// Sends a datagram to the connected other end. Waits while the system has no room for
            /// it.
            ///
            /// # Errors
            ///
            /// The system's error.
            pub fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.inner
                    .retry(crate::registered::Direction::Write, "send", |socket| {
                        socket.send(bytes)
                    })
            }

            /// Receives a datagram. Bytes that do not fit are lost.
            ///
            /// # Errors
            ///
            /// The system's error.
            pub fn recv(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.inner
                    .retry(crate::registered::Direction::Read, "receive", |socket| {
                        socket.recv(buffer)
                    })
            }

            /// How long receiving may wait. After that it is an error of kind `WouldBlock`.
            ///
            /// # Errors
            ///
            /// When the time-out is zero.
            pub fn set_read_timeout(
                &self,
                timeout: Option<std::time::Duration>,
            ) -> std::io::Result<()> {
                self.inner
                    .read_timeout
                    .set(crate::net::stream::check_timeout(timeout)?);
                Ok(())
            }

            /// How long sending may wait. After that it is an error of kind `WouldBlock`.
            ///
            /// # Errors
            ///
            /// When the time-out is zero.
            pub fn set_write_timeout(
                &self,
                timeout: Option<std::time::Duration>,
            ) -> std::io::Result<()> {
                self.inner
                    .write_timeout
                    .set(crate::net::stream::check_timeout(timeout)?);
                Ok(())
            }

            /// The address of this end.
            ///
            /// # Errors
            ///
            /// The system's error.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.inner.local_addr()
            }

            /// The address of the connected other end.
            ///
            /// # Errors
            ///
            /// When it is not connected.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.inner.peer_addr()
            }

            /// Another handle of the same socket, for another green thread of this hub.
            ///
            /// # Errors
            ///
            /// None. The signature is that of the standard library.
            pub fn try_clone(&self) -> std::io::Result<$socket> {
                Ok($socket {
                    inner: std::rc::Rc::clone(&self.inner),
                })
            }

            /// The socket's pending error, if there is one. It is cleared.
            ///
            /// # Errors
            ///
            /// When the system call fails.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.inner.take_error()
            }
        }

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&**self.inner, f)
            }
        }
    };
}

pub(super) use impl_datagram;
