//! Network addresses on the command line.

use crate::text::masked;
use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

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

/// Reads the URL of a web page. Without a scheme, it begins with `http://`. Usable as a clap
/// `value_parser`, for whatever type of URL the command uses.
///
/// # Errors
///
/// If the type does not accept it. The message begins with the text, without its password.
///
/// # Examples
///
/// ```
/// use common::cli::http_url;
///
/// assert_eq!(http_url::<String>("a.example/x").unwrap(), "http://a.example/x");
/// let error = http_url::<u8>("http://ann:secret@a.example/").unwrap_err();
/// assert_eq!(error, "http://***@a.example/: invalid digit found in string");
/// ```
pub fn http_url<U: FromStr<Err: Display>>(text: &str) -> Result<U, String> {
    let text = match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    };
    text.parse()
        .map_err(|error| format!("{}: {error}", masked(&text)))
}
