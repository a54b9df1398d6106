//! Parsers for the values of flags.

use std::net::IpAddr;
use std::num::NonZeroUsize;

use async_fetch::{HeaderName, HeaderValue, Method, StatusCode, is_secret};
use common::cli::numbers;

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    let number = numbers::number(text).map_err(|error| error.to_string())?;
    match usize::try_from(number) {
        Ok(0) | Err(_) => Err(format!("{text}: at least 1 is needed")),
        Ok(number) => Ok(number),
    }
}

/// Ranges of one file at once: not more than other programs (aria2) allow.
pub(super) fn segments(text: &str) -> Result<usize, String> {
    match at_least_one(text)? {
        number @ ..=16 => Ok(number),
        _ => Err(format!("{text}: at most 16 are allowed")),
    }
}

pub(super) fn runs(text: &str) -> Result<NonZeroUsize, String> {
    let number = at_least_one(text)?;
    NonZeroUsize::new(number).ok_or_else(|| format!("{text}: at least 1 is needed"))
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| format!("{text}: not a number above 0"))
}

/// Bytes a second, at least one. `500K` is accepted, as in curl.
pub(super) fn speed(text: &str) -> Result<u64, String> {
    let unit = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let (number, letters) = text.split_at(unit.len());
    let whole = match letters {
        "k" | "K" | "m" | "M" | "g" | "G" => format!("{number}{letters}iB"),
        _ => text.to_owned(),
    };
    match numbers::size(&whole) {
        Ok(0) => Err(format!("{text}: at least 1 is needed")),
        Ok(bytes) => Ok(bytes),
        Err(error) => Err(error.to_string()),
    }
}

pub(super) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    // The value may be a secret, so the error does not show it.
    let name = text.split(':').next().unwrap_or("");
    let wrong = || format!("{name}: not a header: it should be NAME: VALUE");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name: HeaderName = name.trim().parse().map_err(|_| wrong())?;
    let mut value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| wrong())?;
    value.set_sensitive(is_secret(&name, &value));
    Ok((name, value))
}

pub(super) fn method(text: &str) -> Result<Method, String> {
    let method = text.parse().ok().filter(|it| *it != Method::CONNECT);
    method.ok_or_else(|| format!("{text}: not a method"))
}

pub(super) fn status(text: &str) -> Result<StatusCode, String> {
    text.parse()
        .map_err(|_| format!("{text}: not a status: it should be a number such as 404"))
}

/// `HOST:PORT:ADDRESS`.
pub(super) fn resolve(text: &str) -> Result<(String, u16, IpAddr), String> {
    let wrong = || format!("{text}: it should be HOST:PORT:ADDRESS");
    let (host, rest) = text.split_once(':').ok_or_else(wrong)?;
    let (port, address) = rest.split_once(':').ok_or_else(wrong)?;
    let address = address.trim_start_matches('[').trim_end_matches(']');
    let port = port.parse().map_err(|_| wrong())?;
    let address = address.parse().map_err(|_| wrong())?;
    Ok((host.to_ascii_lowercase(), port, address))
}
