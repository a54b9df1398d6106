//! The parts of a record.

use std::io::{self, Write};
use std::time::SystemTime;

use async_fetch::Version;
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
        // There is no other way to write an answer of HTTP/2 down as text.
        _ => "HTTP/1.1",
    };
    let mut head = format!("{version} {}\r\n", exchange.status).into_bytes();
    for (name, value) in exchange.headers {
        // The chunks were put together, and their header would make readers look for them.
        let name = name.as_str();
        if name == "transfer-encoding" {
            continue;
        }
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

pub(super) fn request_head(exchange: &Exchange<'_>) -> String {
    let (host, path) = match exchange.url.split_once("://").map(|(_, rest)| rest) {
        Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None => ("", "/"),
    };
    let slash = if path.starts_with('/') { "" } else { "/" };
    let (method, agent) = (exchange.method, exchange.user_agent);
    format!(
        "{method} {slash}{path} HTTP/1.1\r\nhost: {host}\r\naccept: */*\r\nuser-agent: {agent}\r\n\r\n"
    )
}

/// In UTC, to the second: `2026-11-22T12:30:00Z`.
pub(super) fn date(at: SystemTime) -> String {
    // A clock that is off by millennia gives the beginning of time.
    let at = jiff::Timestamp::try_from(at).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A name that no other record has.
pub(super) fn name() -> String {
    format!("<{}>", uuid::Uuid::new_v4().urn())
}

/// `sha256:…`, in base 32, as readers of archives expect it.
pub(super) fn digest(parts: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    format!("sha256:{}", BASE32.encode(&hasher.finalize()))
}
