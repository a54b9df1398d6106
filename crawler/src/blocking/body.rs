//! Reading a body to its end, or to its limit.

use std::io::{self, Read as _};
use std::time::Instant;

use async_fetch::{Error, HeaderMap, Timeouts};
use flate2::read::MultiGzDecoder;

use super::{errors, too_long};
use crate::ask::Ask;

/// A body that was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    /// Bytes that came, before decoding.
    pub(super) received: u64,
    pub(super) cut: bool,
}

/// Bytes that are read at once.
const PIECE: u64 = 64 << 10;

/// Reads a body, and decodes it if that was requested.
pub(super) fn read(
    body: ureq::Body,
    headers: Option<&HeaderMap>,
    ask: &Ask,
    end: Instant,
    timeouts: &Timeouts,
) -> Result<Read, Error> {
    let coding = headers.and_then(coding).filter(|_| ask.decode);
    let announced = body.content_length();
    let mut counted = Counted {
        inner: body.into_with_config().limit(u64::MAX).reader(),
        count: 0,
    };
    let read = match coding.as_deref() {
        None => take(&mut counted, ask, end),
        Some("gzip" | "x-gzip") => take(&mut MultiGzDecoder::new(&mut counted), ask, end),
        Some(other) => {
            return Err(Error::Coding {
                coding: other.escape_debug().to_string(),
                reason: "only gzip was asked for".to_owned(),
            });
        }
    };
    let received = counted.count;
    match read {
        Ok((bytes, cut)) => Ok(Read {
            bytes,
            received,
            cut,
        }),
        Err(Stop::Late) => Err(too_long(timeouts)),
        Err(Stop::Long) => Err(Error::BodyTooLarge { limit: ask.limit }),
        Err(Stop::Io(error)) => Err(errors::receiving(
            &error,
            received,
            announced,
            coding.as_deref(),
            timeouts,
        )),
    }
}

enum Stop {
    Late,
    Long,
    Io(io::Error),
}

/// Reads up to the limit. Returns whether there was more.
fn take(from: &mut dyn io::Read, ask: &Ask, end: Instant) -> Result<(Vec<u8>, bool), Stop> {
    let mut bytes = Vec::new();
    loop {
        // One more byte shows that it is longer.
        let room = (ask.limit + 1).saturating_sub(bytes.len() as u64);
        let piece = from.take(room.min(PIECE)).read_to_end(&mut bytes);
        match piece.map_err(Stop::Io)? {
            0 => return Ok((bytes, false)),
            _ if bytes.len() as u64 > ask.limit => break,
            _ if Instant::now() >= end => return Err(Stop::Late),
            _ => {}
        }
    }
    if !ask.cuts {
        return Err(Stop::Long);
    }
    bytes.truncate(usize::try_from(ask.limit).unwrap_or(usize::MAX));
    Ok((bytes, true))
}

/// The coding of a body, if there is one.
fn coding(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("content-encoding")?;
    let text = String::from_utf8_lossy(value.as_bytes())
        .trim()
        .to_ascii_lowercase();
    (!text.is_empty() && text != "identity").then_some(text)
}

/// Counts the bytes that come.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: io::Read> io::Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}
