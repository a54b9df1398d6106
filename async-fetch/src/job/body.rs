//! Reading a body to its end.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tokio::time::Sleep;

use super::Job;
use super::ranges::ContentRange;
use super::transfer::Pieces;
use crate::alarm::within;
use crate::decode::{self, Decoder};
use crate::error::Error;
use crate::redirect::is_redirect;
use crate::request::Keep;
use crate::sink::Sink;
use crate::speed::Slowness;

/// Bytes that are read of an unwanted body, so that its connection can be used again. To read more
/// would cost more than a new connection.
const DRAINED: usize = 16 * 1024;

/// How long that may take: a new connection takes about one or two round trips.
const DRAINED_WITHIN: Duration = Duration::from_millis(100);

impl Job<'_> {
    /// Reads the rest of a short body, so that its connection can be used again.
    pub(super) async fn drain(&self, mut alarm: Pin<&mut Sleep>, response: &mut reqwest::Response) {
        // The limit is for the whole body: a slow one must not keep the permit.
        let deadline = self.clock.within(DRAINED_WITHIN);
        let mut read = 0;
        while read < DRAINED {
            match within(alarm.as_mut(), || deadline, response.chunk()).await {
                Ok(Ok(Some(piece))) => read += piece.len(),
                _ => break,
            }
        }
    }

    /// The announced length of the body, as it is sent.
    pub(super) fn announced(&self, response: &reqwest::Response) -> Option<u64> {
        let has_body = *self.route.method() != Method::HEAD;
        response.content_length().filter(|_| has_body)
    }

    /// Whether the body will be decoded.
    pub(super) fn is_coded(&self, response: &reqwest::Response) -> bool {
        self.request.decodes() && decode::is_coded(response.headers())
    }

    /// Reads a body to its end, and appends it to the existing bytes. If it is a part of the whole, it must
    /// have that part's length.
    pub(super) async fn read(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        response: &mut reqwest::Response,
        sink: &mut Sink,
        resumed_from: u64,
        range: Option<&ContentRange>,
    ) -> Result<Read, Error> {
        let announced = self.announced(response);
        // The body of a redirect is not used, and its `Content-Encoding` may be wrong.
        let decodes = self.request.decodes()
            && *self.route.method() != Method::HEAD
            && !is_redirect(response.status());
        let mut decoder = match decodes {
            true => Decoder::new(response.headers(), self.inner.limits.decoded_ratio)?,
            false => None,
        };
        let mut read = self.reading(resumed_from, range);
        let whole = announced.map(|length| length.saturating_add(resumed_from));
        if decoder.is_none() && !read.cuts && whole.is_some_and(|whole| whole > read.limit) {
            return Err(Error::BodyTooLarge { limit: read.limit });
        }
        let mut slowness = self.inner.speed.slowness();
        let mut pieces = Pieces::of(response, announced, self.inner.limits.decoded_ratio)?;
        while let Some(piece) = pieces.next(self, alarm.as_mut(), &mut slowness).await? {
            let came = piece.len() as u64;
            read.receive(came)?;
            let wanted = match &mut decoder {
                None => {
                    let kept = read.grow(piece.len())?;
                    self.hand(sink, piece.slice(..kept), announced).await?
                }
                Some(decoder) => {
                    // The decoder makes small pieces, so they are joined.
                    let made = read.decoded(|sink| decoder.push(&piece, sink))?;
                    made.is_empty() || self.hand(sink, made.into(), None).await?
                }
            };
            if !wanted || read.cut {
                return Ok(read);
            }
            if let Some(watch) = &self.inner.watch {
                let spans = sink
                    .spans()
                    .map(|spans| (spans.there(), Some(spans.total())));
                let (there, whole) = spans.unwrap_or((read.length, whole));
                watch.received(self.request.tag, there, whole);
            }
            self.keep_to_the_speed(alarm.as_mut(), &mut slowness, came)
                .await?;
        }
        if let Some(decoder) = &mut decoder {
            let made = read.decoded(|sink| decoder.finish(sink))?;
            if !made.is_empty() {
                self.hand(sink, made.into(), None).await?;
            }
        }
        read.end(announced)?;
        Ok(read)
    }

    fn reading(&self, resumed_from: u64, range: Option<&ContentRange>) -> Read {
        let limits = &self.inner.limits;
        let set = self.request.extras().and_then(|extras| extras.body_limit);
        Read {
            received: 0,
            length: resumed_from,
            limit: set.unwrap_or(match self.request.keep {
                Keep::Memory => limits.body_in_memory,
                _ => limits.body,
            }),
            part: range.map(ContentRange::length),
            cuts: self.request.cut,
            cut: false,
        }
    }

    /// Waits if the limit of bytes a second asks for it. Fails if the body is too slow.
    async fn keep_to_the_speed(
        &self,
        alarm: Pin<&mut Sleep>,
        slowness: &mut Option<Slowness>,
        bytes: u64,
    ) -> Result<(), Error> {
        if let Some(wait) = self.inner.speed.take(bytes) {
            let sleep = tokio::time::sleep(wait);
            within(alarm, || self.clock.total(), sleep).await?;
            if let Some(slowness) = slowness {
                slowness.excuse(wait);
            }
        }
        match slowness {
            Some(slowness) => slowness.check(bytes),
            None => Ok(()),
        }
    }

    async fn hand(
        &mut self,
        sink: &mut Sink,
        piece: Bytes,
        announced: Option<u64>,
    ) -> Result<bool, Error> {
        self.handed_on |= matches!(sink, Sink::Channel(..));
        sink.push(piece, announced).await
    }
}

/// How much of a body was read.
pub(super) struct Read {
    /// Bytes that came over the network.
    pub(super) received: u64,
    /// Bytes of the body as it is kept.
    pub(super) length: u64,
    limit: u64,
    /// Bytes that have to come, if it is a part.
    part: Option<u64>,
    /// A longer body is cut, and that is no error.
    cuts: bool,
    /// It was longer.
    pub(super) cut: bool,
}

impl Read {
    /// Counts bytes that came.
    fn receive(&mut self, bytes: u64) -> Result<(), Error> {
        self.received += bytes;
        match self.part {
            Some(part) if self.received > part => Err(Error::Range(format!(
                "it is longer than the {part} bytes that it was to be"
            ))),
            _ => Ok(()),
        }
    }

    /// Checks the length at the end.
    fn end(&self, announced: Option<u64>) -> Result<(), Error> {
        match self.part {
            Some(part) if self.received < part => Err(Error::Cut {
                received: self.received,
                announced: announced.or(Some(part)),
            }),
            _ => Ok(()),
        }
    }

    /// Counts bytes to be kept. Returns how many of them the limit allows.
    fn grow(&mut self, by: usize) -> Result<usize, Error> {
        let room = self.limit.saturating_sub(self.length);
        let kept = usize::try_from(room).map_or(by, |room| by.min(room));
        if kept < by {
            if !self.cuts {
                return Err(Error::BodyTooLarge { limit: self.limit });
            }
            self.cut = true;
        }
        self.length += kept as u64;
        Ok(kept)
    }

    /// The decoded bytes, as far as the limit allows.
    fn decoded(
        &mut self,
        work: impl FnOnce(&mut decode::Taker<'_>) -> Result<(), Error>,
    ) -> Result<Vec<u8>, Error> {
        let mut made = Vec::new();
        work(&mut |bytes| {
            let kept = self.grow(bytes.len())?;
            made.extend_from_slice(&bytes[..kept]);
            Ok(())
        })?;
        Ok(made)
    }
}
