//! Connects to one of several addresses: RFC 8305, "Happy Eyeballs Version 2". One difference: the
//! system looks up both families at once.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::TcpStream;
use crate::{Builder, Channel, Handle};

/// How long an attempt runs before the next one begins (RFC 8305, section 8).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// The running attempts. They end with the green thread that waits for them.
struct Attempts(Vec<Handle>);

impl Drop for Attempts {
    fn drop(&mut self) {
        self.0.iter().for_each(Handle::kill_soon);
    }
}

/// Returns the first connection that is made to one of the addresses.
pub(super) fn first(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut left = in_turn(addresses);
    if left.len() <= 1 {
        let address = left.pop_front().ok_or_else(super::addresses::none)?;
        return TcpStream::connect_until(address, None);
    }
    let (made, results) = Channel::unbounded();
    let (mut attempts, mut failed) = (Attempts(Vec::new()), 0);
    loop {
        if let Some(address) = left.pop_front() {
            let made = made.clone();
            let attempt = Builder::new().name(format!("connect to {address}"));
            let attempt = attempt.spawn(move || {
                // If the receiver is gone, another attempt was faster.
                let _ = made.send(TcpStream::connect_until(address, None));
            })?;
            attempts.0.push(attempt.handle());
        }
        let result = match left.is_empty() {
            true => results.recv().ok(),
            false => results.recv_timeout(ATTEMPT_DELAY).ok(),
        };
        match result {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => {
                failed += 1;
                if failed == attempts.0.len() && left.is_empty() {
                    return Err(error);
                }
            }
            // No answer so far: the next attempt begins.
            None => {}
        }
    }
}

/// Orders the addresses: the families take turns, beginning with that of the first address. Within
/// a family it keeps the system's order (RFC 8305, section 4).
fn in_turn(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let is_first = match addresses.first() {
        Some(first) => first.is_ipv6(),
        None => return VecDeque::new(),
    };
    let (one, other): (VecDeque<_>, VecDeque<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == is_first);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut turns = VecDeque::new();
    loop {
        let two = [one.next(), other.next()];
        if two == [None, None] {
            return turns;
        }
        turns.extend(two.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns() {
        let addresses = |list: &[&str]| list.iter().map(|one| one.parse().unwrap()).collect();
        let given: Vec<SocketAddr> = addresses(&[
            "[2001:db8::1]:80",
            "[2001:db8::2]:80",
            "[2001:db8::3]:80",
            "192.0.2.1:80",
            "192.0.2.2:80",
        ]);
        let expected: Vec<SocketAddr> = addresses(&[
            "[2001:db8::1]:80",
            "192.0.2.1:80",
            "[2001:db8::2]:80",
            "192.0.2.2:80",
            "[2001:db8::3]:80",
        ]);
        assert_eq!(in_turn(given), expected);
        assert_eq!(in_turn(Vec::new()), []);
    }
}
