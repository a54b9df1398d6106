//! A job of any type, as the pool sees it: some bytes to send, and a future to finish.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::backlog::Pending;
use crate::error::Error;
use crate::panics;
use crate::state::{Shared, Work};

/// What the pool does with a job.
pub(super) trait Remote: Send + Sync {
    /// Claims it for a worker; false if it has been cancelled.
    fn claim(&self) -> bool;
    /// The frame of a claimed job.
    fn take_frame(&self) -> Vec<u8>;
    /// Takes the claim back.
    fn requeue(&self, frame: Vec<u8>);
    fn is_pending(&self) -> bool;
    /// Ends it before it was started.
    fn refuse(&self, error: Error);
    /// Ends it, once claimed, with an error.
    fn fail(&self, error: Error);
    /// Ends it, once claimed, with what the worker has answered.
    fn finish(&self, payload: &[u8]);
    /// Ends it, once claimed, because the worker's answer would have taken `size` bytes.
    fn outgrow(&self, size: usize);
}

/// A job whose answer is read by `D`.
pub(super) struct RemoteJob<T, D> {
    pub(super) shared: Arc<Shared<T>>,
    pub(super) decode: D,
}

/// What came from a worker for a job.
pub(super) enum Answer<'a> {
    Payload(&'a [u8]),
    TooLarge(usize),
}

impl<T, D> RemoteJob<T, D>
where
    T: Send,
    D: Fn(Answer<'_>) -> Result<T, Error> + Send + Sync,
{
    fn answer(&self, answer: Answer<'_>) {
        // Decoding runs code of the result's type.
        let result = panics::catch(|| (self.decode)(answer));
        self.end(result.unwrap_or_else(|panic| Err(panic.into())));
    }

    fn end(&self, result: Result<T, Error>) {
        // The result may be dropped right here, by code of its own.
        let _ = catch_unwind(AssertUnwindSafe(|| self.shared.finish(result)));
    }
}

impl<T, D> Remote for RemoteJob<T, D>
where
    T: Send,
    D: Fn(Answer<'_>) -> Result<T, Error> + Send + Sync,
{
    fn claim(&self) -> bool {
        self.shared.claim()
    }

    fn take_frame(&self) -> Vec<u8> {
        match self.shared.take_work() {
            Work::Frame(frame) => frame,
            Work::Call(_) | Work::Elsewhere => Vec::new(),
        }
    }

    fn requeue(&self, frame: Vec<u8>) {
        self.shared.requeue(Work::Frame(frame));
    }

    fn is_pending(&self) -> bool {
        self.shared.is_pending()
    }

    fn refuse(&self, error: Error) {
        self.shared.refuse(error);
    }

    fn fail(&self, error: Error) {
        self.end(Err(error));
    }

    fn finish(&self, payload: &[u8]) {
        self.answer(Answer::Payload(payload));
    }

    fn outgrow(&self, size: usize) {
        self.answer(Answer::TooLarge(size));
    }
}

impl Pending for Arc<dyn Remote> {
    fn is_pending(&self) -> bool {
        (**self).is_pending()
    }
}
