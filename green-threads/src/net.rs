//! Sockets under `std::net`'s names, and with its signatures: an ordinary program of blocking
//! sockets compiles against them when its `use` line says `green_threads::net`.
//!
//! Where a thread would wait, a green thread does, and the others run. Sockets belong to the
//! thread they were made on.

mod addresses;
mod registered;
mod stream;
mod tcp;

pub use tcp::{Incoming, TcpListener, TcpStream};
