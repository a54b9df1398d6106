//! The destination of a body: nowhere, memory, a file, or a channel.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, header};
use tokio::sync::mpsc;

use crate::checksum::{Checksum, Hasher};
use crate::error::Error;
use crate::fetcher::Watch;
use crate::outcome::Body;
use crate::part::{Ending, Left, Opening, PartFile, Pushed, Segment, Spans};
use crate::request::{Keep, Request};

/// Memory that is allocated at once for an announced length. An announcement costs the server nothing, so it
/// is not trusted further.
const BELIEVED: u64 = 1 << 20;

pub(crate) enum Sink {
    Nothing(Option<Summing>),
    Memory(Memory, Option<Summing>),
    File(Saving),
    Channel(mpsc::Sender<Bytes>, Option<Summing>),
    /// One range of a file, for a helper; `None` while a thread writes it, and after a failure.
    Segment(Option<Box<Segment>>),
}

/// A checksum while it is computed, and then its value.
#[derive(Default)]
pub(crate) struct Summing {
    hasher: Hasher,
    found: Option<Checksum>,
}

/// An incomplete file.
pub(crate) struct Saving {
    /// `None` while a thread writes it, and after a failure.
    part: Option<Box<PartFile>>,
    watch: Option<Arc<dyn Watch>>,
    found: Option<Checksum>,
}

/// A body in memory. Most come in one piece, which is kept as it is.
#[derive(Default)]
pub(crate) struct Memory {
    first: Bytes,
    rest: Vec<u8>,
}

impl Memory {
    fn push(&mut self, bytes: &Bytes, announced: Option<u64>) {
        if self.rest.is_empty() && self.first.is_empty() {
            self.first = bytes.clone();
            return;
        }
        if self.rest.is_empty() {
            let announced = announced.unwrap_or(0).min(BELIEVED) as usize;
            self.rest
                .reserve(announced.max(self.first.len() + bytes.len()));
            self.rest.extend_from_slice(&self.first);
        }
        self.rest.extend_from_slice(bytes);
    }

    fn finish(self) -> Bytes {
        if self.rest.is_empty() {
            self.first
        } else {
            self.rest.into()
        }
    }
}

impl Sink {
    pub(crate) async fn new(
        request: &Request,
        watch: Option<Arc<dyn Watch>>,
    ) -> Result<Sink, Error> {
        let summing = request.is_summed().then(Summing::default);
        Ok(match &request.keep {
            Keep::Nothing => Sink::Nothing(summing),
            Keep::Memory => Sink::Memory(Memory::default(), summing),
            Keep::Channel(sender) => Sink::Channel(sender.clone(), summing),
            Keep::File(path) => {
                let (path, url) = (path.clone(), request.url.clone());
                let how = Opening {
                    hashed: summing.is_some(),
                    adopts: request.adopts,
                };
                let part = blocking(move || PartFile::open(&path, &url, how)).await?;
                Sink::File(Saving {
                    part: Some(Box::new(part)),
                    watch,
                    found: None,
                })
            }
        })
    }

    fn part(&self) -> Option<&PartFile> {
        match self {
            Sink::File(saving) => saving.part.as_deref(),
            _ => None,
        }
    }

    /// The existing part, if it can be resumed.
    pub(crate) fn left(&self) -> Option<Left> {
        match self {
            Sink::Segment(segment) => Some(segment.as_ref()?.left()),
            _ => self.part()?.left(),
        }
    }

    /// The number of existing bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Sink::Segment(segment) => segment.as_ref().map_or(0, |segment| segment.length()),
            _ => self.part().map_or(0, PartFile::there),
        }
    }

    /// Whether no byte of a file is missing, and there is a validator to compare with the server's.
    pub(crate) fn is_complete(&self) -> bool {
        self.part().is_some_and(PartFile::is_complete)
    }

    /// Whether a file's bytes came in several answers.
    pub(crate) fn is_mixed(&self) -> bool {
        self.part().is_some_and(PartFile::is_mixed)
    }

    /// The ranges that the file is fetched in, if there are several.
    pub(crate) fn spans(&self) -> Option<&Spans> {
        match self {
            Sink::Segment(segment) => Some(segment.as_ref()?.spans()),
            _ => self.part()?.spans().map(AsRef::as_ref),
        }
    }

    /// Fetches a file in several ranges from now on, if enough is missing.
    pub(crate) async fn split(
        &mut self,
        at_once: usize,
        least: u64,
    ) -> Result<Option<Arc<Spans>>, Error> {
        if let Sink::File(saving) = self {
            saving.with(move |part| part.split(at_once, least)).await?;
        }
        Ok(self.part().and_then(PartFile::spans).cloned())
    }

    /// Whether a helper's range is complete.
    pub(crate) fn segment_is_complete(&self) -> bool {
        matches!(self, Sink::Segment(Some(segment)) if segment.is_complete())
    }

    /// The checksum of the whole body, if it was wanted.
    pub(crate) fn found(&self) -> Option<Checksum> {
        match self {
            Sink::Nothing(summing) | Sink::Memory(_, summing) | Sink::Channel(_, summing) => {
                summing.as_ref()?.found
            }
            Sink::Segment(_) => None,
            Sink::File(saving) => saving.found,
        }
    }

    /// Whether a file was given up: its checksum was wrong, or a write failed.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Sink::File(saving) if saving.part.is_none())
    }

    /// Starts from the beginning, with an answer's header; `total` is the length of the whole.
    pub(crate) async fn restart(
        &mut self,
        headers: &HeaderMap,
        total: Option<u64>,
    ) -> Result<(), Error> {
        match self {
            Sink::Nothing(summing) | Sink::Channel(_, summing) => {
                *summing = summing.take().map(|_| Summing::default());
            }
            Sink::Memory(memory, summing) => {
                *memory = Memory::default();
                *summing = summing.take().map(|_| Summing::default());
            }
            Sink::Segment(_) => return Err(given_up()),
            Sink::File(saving) => {
                let headers = headers.clone();
                saving
                    .with(move |part| part.restart(&headers, total))
                    .await?;
            }
        }
        Ok(())
    }

    /// Resumes, with the header of an answer that has the rest.
    pub(crate) async fn go_on_with(
        &mut self,
        headers: &HeaderMap,
        total: Option<u64>,
    ) -> Result<(), Error> {
        let Sink::File(saving) = self else {
            return Ok(());
        };
        let headers = headers.clone();
        saving
            .with(move |part| part.go_on_with(&headers, total))
            .await
    }

    /// Takes a piece; `false` if no more pieces are wanted.
    pub(crate) async fn push(
        &mut self,
        bytes: Bytes,
        announced: Option<u64>,
    ) -> Result<bool, Error> {
        match self {
            Sink::Nothing(summing) => sum(summing, &bytes),
            Sink::Memory(memory, summing) => {
                sum(summing, &bytes);
                memory.push(&bytes, announced);
            }
            Sink::Channel(sender, summing) => {
                sum(summing, &bytes);
                return Ok(sender.send(bytes).await.is_ok());
            }
            Sink::File(saving) => {
                let part = saving.part.as_mut().ok_or_else(given_up)?;
                match part.push(&bytes) {
                    Pushed::Kept => {}
                    Pushed::Full => saving.with(PartFile::flush).await?,
                    Pushed::Met => return Ok(false),
                }
            }
            Sink::Segment(segment) => {
                if segment.as_mut().ok_or_else(given_up)?.push(&bytes) {
                    flush_segment(segment).await?;
                }
            }
        }
        Ok(true)
    }

    /// Writes the buffer.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        match self {
            // A file that was given up has no buffer.
            Sink::File(saving) if saving.part.is_some() => saving.with(PartFile::flush).await,
            Sink::Segment(segment) => flush_segment(segment).await,
            _ => Ok(()),
        }
    }

    /// The body is complete; `headers` are those of its answer.
    pub(crate) async fn finish(
        &mut self,
        request: &Request,
        headers: &HeaderMap,
    ) -> Result<Body, Error> {
        let wanted = request.checksum_wanted();
        match self {
            Sink::Nothing(summing) | Sink::Channel(_, summing) => {
                check(summing, wanted)?;
                Ok(Body::Nothing)
            }
            Sink::Memory(memory, summing) => {
                check(summing, wanted)?;
                Ok(Body::Memory(std::mem::take(memory).finish()))
            }
            Sink::Segment(_) => Ok(Body::Nothing),
            Sink::File(saving) => {
                let modified = request.keeps_time.then(|| modified(headers)).flatten();
                saving.finish(request.tag, wanted, modified).await?;
                match &request.keep {
                    Keep::File(path) => Ok(Body::File(path.clone())),
                    _ => Ok(Body::Nothing),
                }
            }
        }
    }
}

impl Saving {
    /// Runs `work` with the part on a thread for blocking work.
    async fn with(
        &mut self,
        work: impl FnOnce(&mut PartFile) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let mut part = self.part.take().ok_or_else(given_up)?;
        let back = blocking(move || {
            let result = work(&mut part);
            Ok((part, result))
        });
        let (part, result) = back.await?;
        if result.is_ok() {
            self.part = Some(part);
        }
        result
    }

    async fn finish(
        &mut self,
        tag: u64,
        checksum: Option<Checksum>,
        modified: Option<SystemTime>,
    ) -> Result<(), Error> {
        let part = self.part.take().ok_or_else(given_up)?;
        let watch = self.watch.clone();
        let finished = blocking(move || {
            let before = |path: &std::path::Path, length| {
                watch
                    .as_ref()
                    .map_or(Ok(()), |watch| watch.saves(tag, path, length))
            };
            part.finish(&Ending {
                checksum,
                modified,
                before: Some(&before),
            })
        });
        self.found = finished.await?;
        Ok(())
    }
}

/// Runs `work` with a segment on a thread for blocking work.
async fn flush_segment(segment: &mut Option<Box<Segment>>) -> Result<(), Error> {
    let Some(mut lent) = segment.take() else {
        return Ok(());
    };
    let back = blocking(move || {
        lent.flush()?;
        Ok(lent)
    });
    *segment = Some(back.await?);
    Ok(())
}

/// The error of a file that was given up.
fn given_up() -> Error {
    Error::Setup("the file was given up after an error".to_owned())
}

/// The `Last-Modified` of an answer.
fn modified(headers: &HeaderMap) -> Option<SystemTime> {
    let text = headers.get(header::LAST_MODIFIED)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok()
}

fn sum(summing: &mut Option<Summing>, bytes: &[u8]) {
    if let Some(summing) = summing {
        summing.hasher.update(bytes);
    }
}

fn check(summing: &mut Option<Summing>, wanted: Option<Checksum>) -> Result<(), Error> {
    let Some(summing) = summing else {
        return Ok(());
    };
    let found = std::mem::take(&mut summing.hasher).finish();
    summing.found = Some(found);
    match wanted {
        Some(expected) if expected != found => Err(Error::Checksum { expected, found }),
        _ => Ok(()),
    }
}

/// Runs blocking code on another thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is being shut down: no task will receive the result.
        Err(error) => Err(Error::Setup(error.to_string())),
    }
}
