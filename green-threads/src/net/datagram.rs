//! What UDP and Unix sockets for datagrams have in common.

/// The methods that do not depend on what an address is.
macro_rules! impl_datagram {
    ($socket:ident, $address:ty) => {
        impl $socket {
            /// Receives a datagram, and where it comes from; what does not fit is lost.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn recv_from(&self, buffer: &mut [u8]) -> std::io::Result<(usize, $address)> {
                self.inner
                    .retry(crate::registered::Direction::Read, "receive", |socket| {
                        socket.recv_from(buffer)
                    })
            }

            /// Sends a datagram to the other end it is connected to; waits while the system has
            /// no room for it.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.inner
                    .retry(crate::registered::Direction::Write, "send", |socket| {
                        socket.send(bytes)
                    })
            }

            /// Receives a datagram; what does not fit is lost.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub fn recv(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.inner
                    .retry(crate::registered::Direction::Read, "receive", |socket| {
                        socket.recv(buffer)
                    })
            }

            /// How long receiving may wait; beyond that it is an error of kind `WouldBlock`.
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

            /// How long sending may wait; beyond that it is an error of kind `WouldBlock`.
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
            /// What the system says.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.inner.local_addr()
            }

            /// The address of the other end it is connected to.
            ///
            /// # Errors
            ///
            /// When it is connected to none.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.inner.peer_addr()
            }

            /// Another handle of the same socket, for another green thread of this hub.
            ///
            /// # Errors
            ///
            /// None; it is here for the signature's sake.
            pub fn try_clone(&self) -> std::io::Result<$socket> {
                Ok($socket {
                    inner: std::rc::Rc::clone(&self.inner),
                })
            }

            /// The socket's error, if it has one, which is then forgotten.
            ///
            /// # Errors
            ///
            /// When the system cannot say.
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
