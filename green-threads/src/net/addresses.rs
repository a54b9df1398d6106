//! Names and addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Anything that can be converted to addresses, as with [`std::net::ToSocketAddrs`]. A thread of
/// the pool looks up names (feature `threads`), because the system's look-up blocks.
pub trait ToSocketAddrs {
    /// The addresses, at least one.
    ///
    /// # Errors
    ///
    /// When it is neither an address nor a known name.
    fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>>;
}

macro_rules! is_an_address {
    ($($type:ty),+) => {$(
        impl ToSocketAddrs for $type {
            fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>> {
                Ok(vec![SocketAddr::from(*self)].into_iter())
            }
        }
    )+};
}

is_an_address!(
    SocketAddr,
    SocketAddrV4,
    SocketAddrV6,
    (IpAddr, u16),
    (Ipv4Addr, u16),
    (Ipv6Addr, u16)
);

impl ToSocketAddrs for str {
    fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>> {
        match self.parse::<SocketAddr>() {
            Ok(address) => Ok(vec![address].into_iter()),
            Err(_) => look_up(self.to_owned()),
        }
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>> {
        match self.0.parse::<IpAddr>() {
            Ok(address) => Ok(vec![SocketAddr::new(address, self.1)].into_iter()),
            Err(_) => look_up((self.0.to_owned(), self.1)),
        }
    }
}

impl ToSocketAddrs for String {
    fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>> {
        self.as_str().to_socket_addrs()
    }
}

impl ToSocketAddrs for (String, u16) {
    fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>> {
        (self.0.as_str(), self.1).to_socket_addrs()
    }
}

impl ToSocketAddrs for [SocketAddr] {
    fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>> {
        Ok(Vec::from(self).into_iter())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_socket_addrs(&self) -> io::Result<std::vec::IntoIter<SocketAddr>> {
        (**self).to_socket_addrs()
    }
}

#[cfg(not(feature = "threads"))]
fn look_up<N>(_: N) -> io::Result<std::vec::IntoIter<SocketAddr>> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "names are looked up on a thread: green-threads was built without its feature `threads`",
    ))
}

#[cfg(feature = "threads")]
fn look_up<N>(name: N) -> io::Result<std::vec::IntoIter<SocketAddr>>
where
    N: std::net::ToSocketAddrs + Send + 'static,
{
    let addresses =
        crate::offload(move || Ok::<_, io::Error>(name.to_socket_addrs()?.collect::<Vec<_>>()))?;
    Ok(addresses.into_iter())
}

/// Tries one address after the other.
pub(super) fn each<T>(
    addresses: impl ToSocketAddrs,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = None;
    for address in addresses.to_socket_addrs()? {
        match attempt(address) {
            Ok(done) => return Ok(done),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(none))
}

/// The error of a list without addresses.
pub(super) fn none() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "there is no address to try")
}
