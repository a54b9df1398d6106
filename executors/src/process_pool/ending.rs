//! The end of a worker: its cause, what it means for the job and the pool, and the words for it.

use super::config::Config;
use super::slots::{Ending, Stage};
use crate::error::Error;
use crate::worker_id::{Exit, WorkerId};

pub(super) struct End {
    pub(super) worker: WorkerId,
    pub(super) exit: Exit,
    /// What it was at.
    pub(super) stage: Stage,
    /// Why the pool ended it, if the pool did.
    pub(super) ending: Option<Ending>,
    /// Why the pool cannot go on, if it cannot.
    pub(super) complaint: Option<Error>,
}

impl End {
    /// Why the pool can't go on after this, if it can't.
    pub(super) fn verdict_on_pool(&self, config: &Config) -> Option<Error> {
        if let Some(complaint) = &self.complaint {
            return Some(complaint.clone());
        }
        // An initializer that fails once fails always. But a worker may be killed from outside.
        let failed = match (&self.stage, &self.ending, self.exit) {
            (Stage::Initializing { .. }, Some(Ending::StartedLate), _) => true,
            (Stage::Initializing { .. }, None, exit) => exit != Exit::Signal(9),
            _ => false,
        };
        failed.then(|| Error::PoolBroken {
            reason: self.reason(config),
        })
    }

    /// For the error of a pool that it breaks.
    pub(super) fn reason(&self, config: &Config) -> String {
        let Self { worker, exit, .. } = self;
        let memory = match config.launch.memory_limit {
            Some(limit) if exit.signal().is_some() => {
                format!("; its memory limit is {limit} bytes")
            }
            _ => String::new(),
        };
        match (&self.stage, &self.ending) {
            (Stage::Starting { .. }, Some(Ending::StartedLate)) => format!(
                "{worker} was not ready within {:?}: is `executors::hook` the first line of main?",
                config.start_timeout
            ),
            (Stage::Starting { .. }, _) => format!(
                "{worker} ended before it was ready ({exit}{memory}): is `executors::hook` the \
                 first line of main?"
            ),
            (Stage::Initializing { .. }, Some(Ending::StartedLate)) => format!(
                "the initializer was not done within the {:?} that a worker has to start",
                config.start_timeout
            ),
            (Stage::Initializing { .. }, _) => {
                format!("the initializer ended {worker} ({exit}{memory})")
            }
            (_, Some(Ending::Garbled(what))) => format!("{worker} sent {what}"),
            _ => format!("{worker} died ({exit}{memory})"),
        }
    }

    /// Whether the pool had no part in it.
    pub(super) fn was_not_ended(&self) -> bool {
        matches!(self.ending, None | Some(Ending::Retired | Ending::Spent))
    }

    /// Whether it counts towards the restart limit: those that the pool itself ends do not.
    pub(super) fn is_loss(&self) -> bool {
        matches!(
            self.ending,
            None | Some(Ending::StartedLate | Ending::Garbled(_))
        )
    }

    /// Whether a job that is safe to repeat may be repeated after this.
    pub(super) fn allows_retry(&self) -> bool {
        matches!(self.ending, None | Some(Ending::Garbled(_)))
    }

    /// For the job that it ran.
    pub(super) fn error(self, config: &Config) -> Error {
        let Self { worker, exit, .. } = self;
        match self.ending {
            Some(Ending::Overran(limit)) => Error::Overran {
                limit,
                worker,
                place: None,
            },
            Some(Ending::Stopped) => Error::Cancelled,
            Some(Ending::Killed) => Error::Killed { worker },
            Some(Ending::Garbled(what)) => Error::Garbled { worker, what },
            _ => Error::WorkerDied {
                worker,
                exit,
                memory_limit: config.launch.memory_limit,
            },
        }
    }
}
