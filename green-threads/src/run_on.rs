//! More than one core: a hub on each of several threads, and one port for all of them.

use std::io;
use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::thread;

use event_loop::{DEFAULT_BACKLOG, listen_tcp};

use crate::net::{TcpListener, ToSocketAddrs};

/// Calls `serve` on so many threads at once, of which this is one, each with a hub of its own and a
/// listener at the same address; returns what they returned. The system divides the connections
/// among them, when they come.
///
/// Green threads never move to another thread: what they share across hubs must be `Sync`.
///
/// # Errors
///
/// When an address cannot be listened at, or a thread not started.
///
/// # Panics
///
/// When `serve` does, after the other threads have ended.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let ports = green_threads::run_on(2, "127.0.0.1:0", |listener| {
///     listener.local_addr().map(|address| address.port())
/// })?;
/// assert_eq!(ports[0].as_ref().unwrap(), ports[1].as_ref().unwrap());
/// # Ok(()) }
/// ```
pub fn run_on<T: Send>(
    hubs: usize,
    addresses: impl ToSocketAddrs,
    serve: impl Fn(TcpListener) -> T + Sync,
) -> io::Result<Vec<T>> {
    let mut address: SocketAddr = addresses
        .to_socket_addrs()?
        .next()
        .ok_or(io::ErrorKind::InvalidInput)?;
    let mut listeners = Vec::new();
    for _ in 0..hubs {
        // With port 0, the first one's port is all the others' too.
        let listener = listen_tcp(address, DEFAULT_BACKLOG, true)?;
        address = listener.local_addr()?;
        listeners.push(listener);
    }
    let serve = &serve;
    let mut listeners = listeners.into_iter().enumerate();
    let Some((_, own)) = listeners.next() else {
        return Ok(Vec::new());
    };
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for (number, listener) in listeners {
            let thread = thread::Builder::new().name(format!("hub-{number}"));
            threads.push(thread.spawn_scoped(scope, move || -> io::Result<T> {
                Ok(serve(TcpListener::of_unregistered(listener)?))
            })?);
        }
        let mut results = vec![serve(TcpListener::of_unregistered(own)?)];
        for thread in threads {
            results.push(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(results)
    })
}
