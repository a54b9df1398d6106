//! Where a body goes: nowhere, into memory, into a file, or to somebody else.

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::mpsc;

use crate::checksum::{Checksum, Hasher};
use crate::error::Error;
use crate::outcome::Body;
use crate::part::PartFile;
use crate::request::{Keep, Request};

/// Memory that a body is given at once, because its length was announced: an announcement costs
/// the sender nothing.
const BELIEVED: u64 = 1 << 20;

pub(crate) enum Sink {
    Nothing(Option<Hasher>),
    Memory(Memory, Option<Hasher>),
    /// `None` while it is being written, and after it has failed.
    File(Option<Box<PartFile>>),
    Channel(mpsc::Sender<Bytes>, Option<Hasher>),
}

/// A body in memory: most come in one piece, which is kept as it is.
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
    pub(crate) async fn new(request: &Request) -> Result<Sink, Error> {
        let hasher = request.checksum_wanted().map(|_| Hasher::default());
        Ok(match &request.keep {
            Keep::Nothing => Sink::Nothing(hasher),
            Keep::Memory => Sink::Memory(Memory::default(), hasher),
            Keep::Channel(sender) => Sink::Channel(sender.clone(), hasher),
            Keep::File(path) => {
                let (path, url) = (path.clone(), request.url.to_string());
                let hashed = hasher.is_some();
                let part = blocking(move || PartFile::open(&path, &url, hashed)).await?;
                Sink::File(Some(Box::new(part)))
            }
        })
    }

    /// What was left by an earlier attempt, and the condition on which the rest can be asked for.
    pub(crate) fn resume(&self) -> Option<(u64, &str)> {
        match self {
            Sink::File(part) => part.as_ref()?.resume(),
            _ => None,
        }
    }

    /// Begins anew.
    pub(crate) async fn restart(&mut self, headers: &HeaderMap) -> Result<(), Error> {
        match self {
            Sink::Nothing(hasher) | Sink::Channel(_, hasher) => {
                *hasher = hasher.take().map(|_| Hasher::default());
            }
            Sink::Memory(memory, hasher) => {
                *memory = Memory::default();
                *hasher = hasher.take().map(|_| Hasher::default());
            }
            Sink::File(slot) => {
                let headers = headers.clone();
                with(slot, move |part| part.restart(&headers)).await?;
            }
        }
        Ok(())
    }

    /// Takes a piece; `false` if nobody wants any more.
    pub(crate) async fn push(
        &mut self,
        bytes: Bytes,
        announced: Option<u64>,
    ) -> Result<bool, Error> {
        match self {
            Sink::Nothing(hasher) => hash(hasher, &bytes),
            Sink::Memory(memory, hasher) => {
                hash(hasher, &bytes);
                memory.push(&bytes, announced);
            }
            Sink::Channel(sender, hasher) => {
                hash(hasher, &bytes);
                return Ok(sender.send(bytes).await.is_ok());
            }
            Sink::File(slot) => {
                if let Some(part) = slot
                    && part.push(&bytes)
                {
                    with(slot, PartFile::flush).await?;
                }
            }
        }
        Ok(true)
    }

    /// Writes what came, so that it is not lost.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        match self {
            Sink::File(slot) => with(slot, PartFile::flush).await,
            _ => Ok(()),
        }
    }

    /// The body is complete.
    pub(crate) async fn finish(&mut self, request: &Request) -> Result<Body, Error> {
        let wanted = request.checksum_wanted();
        match self {
            Sink::Nothing(hasher) | Sink::Channel(_, hasher) => {
                check(hasher.take(), wanted)?;
                Ok(Body::Nothing)
            }
            Sink::Memory(memory, hasher) => {
                check(hasher.take(), wanted)?;
                Ok(Body::Memory(std::mem::take(memory).finish()))
            }
            Sink::File(slot) => match (slot.take(), &request.keep) {
                (Some(part), Keep::File(path)) => {
                    blocking(move || part.finish(wanted)).await?;
                    Ok(Body::File(path.clone()))
                }
                _ => Ok(Body::Nothing),
            },
        }
    }
}

fn hash(hasher: &mut Option<Hasher>, bytes: &[u8]) {
    if let Some(hasher) = hasher {
        hasher.update(bytes);
    }
}

fn check(hasher: Option<Hasher>, wanted: Option<Checksum>) -> Result<(), Error> {
    if let (Some(hasher), Some(expected)) = (hasher, wanted) {
        let found = hasher.finish();
        if found != expected {
            return Err(Error::Checksum { expected, found });
        }
    }
    Ok(())
}

/// Lends the part to a thread on which it may block.
async fn with(
    slot: &mut Option<Box<PartFile>>,
    work: impl FnOnce(&mut PartFile) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let Some(mut part) = slot.take() else {
        return Ok(());
    };
    let back = blocking(move || {
        work(&mut part)?;
        Ok(part)
    });
    *slot = Some(back.await?);
    Ok(())
}

/// The cure for blocking code in async: another thread.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is going down, and with it whoever would hear of this.
        Err(error) => Err(Error::Setup(error.to_string())),
    }
}
