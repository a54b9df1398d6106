//! Network addresses on the command line.

use std::net::{SocketAddr, ToSocketAddrs};

/// Reads `HOST:PORT`. A port alone is a port of this machine. Usable as a clap `value_parser`.
///
/// # Errors
///
/// If the text is neither, or the host is unknown. The message begins with the text.
///
/// # Examples
///
/// ```
/// use common::cli::address;
///
/// assert_eq!(address("4000").unwrap(), ([127, 0, 0, 1], 4000).into());
/// assert!(address("nowhere").unwrap_err().starts_with("nowhere: expected HOST:PORT"));
/// ```
pub fn address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(([127, 0, 0, 1], port).into());
    }
    let wrong = || format!("{text}: expected HOST:PORT, such as 127.0.0.1:4000");
    if !text.contains(':') {
        return Err(wrong());
    }
    match text.to_socket_addrs() {
        Ok(mut addresses) => addresses.next().ok_or_else(wrong),
        Err(error) => Err(format!("{} ({error})", wrong())),
    }
}
