//! Sockets under `std::net`'s names, and with its signatures: an ordinary program of blocking
//! sockets compiles against them when its `use` line says `green_threads::net`.
//!
//! Where a thread would wait, a green thread does, and the others run. Sockets belong to the
//! thread they were made on. Clones share one descriptor, which is closed with the last of them.

mod addresses;
mod connect;
mod datagram;
mod descriptors;
mod stream;
mod tcp;
mod udp;
mod unix;
mod unix_datagram;

pub use addresses::ToSocketAddrs;
pub use tcp::{Incoming, TcpListener, TcpStream};
pub use udp::UdpSocket;
pub use unix::{UnixListener, UnixStream};
pub use unix_datagram::UnixDatagram;

/// What is the same: addresses, and what to shut down.
pub use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6};
