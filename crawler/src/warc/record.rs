//! The parts of a record.

use std::io::{self, Write};
use std::time::SystemTime;

use async_fetch::{HeaderName, HeaderValue, Version};
use data_encoding::BASE32;
use sha2::{Digest, Sha256};

use super::Exchange;

pub(super) struct Head<'a> {
    pub(super) kind: &'a str,
    pub(super) content_type: &'a str,
    pub(super) at: SystemTime,
    pub(super) url: Option<&'a str>,
    /// Further lines.
    pub(super) more: String,
}

pub(super) struct Counted<'a, W> {
    pub(super) out: W,
    pub(super) length: &'a mut u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        *self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub(super) fn answer_head(exchange: &Exchange<'_>) -> Vec<u8> {
    let version = match exchange.version {
        Version::HTTP_10 => "HTTP/1.0",
        // An answer of HTTP/2 is written as text, too.
        _ => "HTTP/1.1",
    };
    let mut head = format!("{version} {}\r\n", exchange.status).into_bytes();
    for (name, value) in exchange.headers {
        // The chunks were joined. With this header, readers would look for them.
        if name != "transfer-encoding" {
            line(&mut head, name, value);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

pub(super) fn request_head(exchange: &Exchange<'_>) -> Vec<u8> {
    let (host, path) = match exchange.url.split_once("://").map(|(_, rest)| rest) {
        Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None => ("", "/"),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let method = exchange.method;
    let mut head = format!("{method} {slash}{path} HTTP/1.1\r\nhost: {host}\r\n").into_bytes();
    for (name, value) in exchange.asked {
        line(&mut head, name, value);
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// A line of a head.
fn line(head: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    head.extend_from_slice(name.as_str().as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value.as_bytes());
    head.extend_from_slice(b"\r\n");
}

/// In UTC, to the second: `2026-11-22T12:30:00Z`.
pub(super) fn date(at: SystemTime) -> String {
    // A time that can't be represented becomes 1970.
    let at = jiff::Timestamp::try_from(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A unique name.
pub(super) fn name() -> String {
    format!("<{}>", uuid::Uuid::new_v4().urn())
}

/// `sha256:…` in base 32, the form that readers of archives expect.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    format!("sha256:{}", BASE32.encode(&hasher.finalize()))
}
