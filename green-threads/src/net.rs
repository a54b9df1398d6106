//! Sockets with the names and signatures of `std::net`. An ordinary program with blocking sockets
//! compiles with them when its `use` line says `green_threads::net`.
//!
//! Where a thread would wait, a green thread waits, and the others run. Sockets belong to the
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

/// Types that are the same: addresses, and which half to shut down.
pub use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6};
