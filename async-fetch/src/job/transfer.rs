//! Transfer codings (RFC 9112, section 6). They belong to the message, not to the body.

use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use tokio::time::{Instant, Sleep};

use super::Job;
use crate::alarm::within;
use crate::decode::{Decoder, Taker};
use crate::error::{Error, Phase};
use crate::speed::Slowness;

/// Refuses a change of protocols that was not requested, and foreign transfer codings.
pub(super) fn check(response: &reqwest::Response) -> Result<(), Error> {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let reason = "it changes to another protocol (101), and was not asked to".to_owned();
        return Err(Error::Protocol(reason));
    }
    codings(response.headers()).map(drop)
}

/// The codings without the last one, `chunked`, which the parser has decoded.
///
/// None was requested, but some old servers send `gzip` or `deflate`. They are decoded, as in curl.
/// `identity` has no meaning, and `chunked` twice means once.
fn codings(headers: &HeaderMap) -> Result<Vec<String>, Error> {
    // Nearly no answer has one of these, and each is asked twice.
    if !headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(Vec::new());
    }
    let values = headers.get_all(header::TRANSFER_ENCODING).iter();
    let text = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .collect::<Vec<_>>()
        .join(",");
    let mut names: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    while names.last() == Some(&"chunked") {
        names.pop();
    }
    if !names.contains(&"chunked") {
        names.retain(|name| *name != "identity");
    }
    let known = ["gzip", "x-gzip", "deflate"];
    match names.iter().all(|name| known.contains(name)) {
        true => Ok(names.into_iter().map(str::to_owned).collect()),
        false => Err(Error::Coding {
            coding: text.escape_debug().to_string(),
            reason: "a Transfer-Encoding that was not asked for".to_owned(),
        }),
    }
}

/// The pieces of a body as they come, with the transfer codings decoded.
pub(super) struct Pieces<'a> {
    response: &'a mut reqwest::Response,
    decoder: Option<Decoder>,
    /// The length of the body, if the client does not know it.
    length: Option<u64>,
    ended: bool,
    announced: Option<u64>,
    /// Bytes that came.
    came: u64,
}

impl<'a> Pieces<'a> {
    /// `ratio` limits the decoded bytes for each byte that came.
    pub(super) fn of(
        response: &'a mut reqwest::Response,
        announced: Option<u64>,
        ratio: u64,
    ) -> Result<Pieces<'a>, Error> {
        let codings = codings(response.headers())?;
        Ok(Pieces {
            length: length_of_identity(response.headers()),
            decoder: Decoder::of(codings.into_iter(), ratio)?,
            response,
            ended: false,
            announced,
            came: 0,
        })
    }

    fn within_length(&self, piece: Bytes) -> Bytes {
        let room = self.length.map_or(u64::MAX, |length| length - self.came);
        match usize::try_from(room) {
            Ok(room) if room < piece.len() => piece.slice(..room),
            _ => piece,
        }
    }

    /// What comes next. Fails if that takes too long, or if the body is too slow.
    async fn chunk(
        &mut self,
        job: &Job<'_>,
        mut alarm: Pin<&mut Sleep>,
        slowness: &mut Option<Slowness>,
    ) -> Result<reqwest::Result<Option<Bytes>>, Error> {
        loop {
            let deadline = || match &slowness {
                None => job.clock.idle(),
                Some(slowness) => job.clock.idle_until(slowness.next_check()),
            };
            let next = within(alarm.as_mut(), deadline, self.response.chunk()).await;
            match (next, &mut *slowness) {
                (
                    Err(Error::Timeout {
                        phase: Phase::Idle, ..
                    }),
                    Some(slowness),
                ) if slowness.next_check() <= Instant::now() => slowness.check(0)?,
                (next, _) => return next,
            }
        }
    }

    /// The next piece, which is not empty; `None` at the end.
    pub(super) async fn next(
        &mut self,
        job: &Job<'_>,
        mut alarm: Pin<&mut Sleep>,
        slowness: &mut Option<Slowness>,
    ) -> Result<Option<Bytes>, Error> {
        while !self.ended {
            let next = self.chunk(job, alarm.as_mut(), slowness).await?;
            let next = next.map_err(|error| Error::receiving(&error, self.came, self.announced))?;
            self.ended = next.is_none();
            let next = next.map(|piece| self.within_length(piece));
            self.came += next.as_ref().map_or(0, Bytes::len) as u64;
            match self.length {
                Some(length) if self.came == length => self.ended = true,
                Some(length) if self.ended => {
                    return Err(Error::Cut {
                        received: self.came,
                        announced: Some(length),
                    });
                }
                _ => {}
            }
            let piece = match &mut self.decoder {
                None => next.unwrap_or_default(),
                Some(decoder) => decoded(|taker| match &next {
                    Some(piece) => decoder.push(piece, taker),
                    None => decoder.finish(taker),
                })?,
            };
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }
}

/// `identity` is no coding, so `Content-Length` is right. The client would read until the connection ends,
/// and the server may keep it open.
fn length_of_identity(headers: &HeaderMap) -> Option<u64> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let identity = |it: &http::HeaderValue| it.as_bytes().eq_ignore_ascii_case(b"identity");
    if !identity(codings.next()?) || !codings.all(identity) {
        return None;
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let length = lengths.next()?.to_str().ok()?.parse().ok()?;
    lengths.next().is_none().then_some(length)
}

/// The decoded bytes of one piece: at most a thousand times as many.
fn decoded(work: impl FnOnce(&mut Taker<'_>) -> Result<(), Error>) -> Result<Bytes, Error> {
    let mut made = Vec::new();
    work(&mut |bytes| {
        made.extend_from_slice(bytes);
        Ok(())
    })?;
    Ok(made.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_of_the_transfer_are_told_apart() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::TRANSFER_ENCODING, value.parse().unwrap());
            }
            codings(&headers).ok()
        };
        let none = Some(Vec::new());
        // curl's tests 1482, 1483, 1493, 1494.
        for values in [
            &["chunked, chunked"][..],
            &["chunked", "chunked"],
            &["identity, chunked"],
            &["identity, identity"],
            &[""],
            &[],
        ] {
            assert_eq!(read(values), none, "{values:?}");
        }
        let gzip = Some(vec!["gzip".to_owned()]);
        assert_eq!(read(&["gzip, chunked"]), gzip);
        assert_eq!(read(&["GZIP"]), gzip);
        // RFC 9112, section 6.1: chunked comes last. And none is guessed.
        assert_eq!(read(&["chunked, gzip"]), None);
        // curl's test 1495.
        assert_eq!(read(&["chunked, identity"]), None);
        assert_eq!(read(&["br"]), None);
    }
}
