//! The end of a worker: its cause, its effect on the job and the pool, and the messages.

use super::config::Config;
use super::slots::{Ending, Stage};
use crate::error::Error;
use crate::worker_id::{Exit, WorkerId};

pub(super) struct End {
    pub(super) worker: WorkerId,
    pub(super) exit: Exit,
    /// The stage in which it ended.
    pub(super) stage: Stage,
    /// The pool's reason to end it, if the pool did.
    pub(super) ending: Option<Ending>,
    /// The reason why the pool can't continue, if there is one.
    pub(super) complaint: Option<Error>,
}

impl End {
    /// The error of the pool, if it can't continue after this.
    pub(super) fn verdict_on_pool(&self, config: &Config) -> Option<Error> {
        if let Some(complaint) = &self.complaint {
            return Some(complaint.clone());
        }
        // An initializer that failed once will always fail. But a worker may also be killed from
        // outside.
        let failed = match (&self.stage, &self.ending, self.exit) {
            (Stage::Initializing { .. }, Some(Ending::StartedLate), _) => true,
            (Stage::Initializing { .. }, None, exit) => exit != Exit::Signal(9),
            _ => false,
        };
        failed.then(|| Error::PoolBroken {
            reason: self.reason(config),
        })
    }

    /// The reason in the error of a pool that breaks because of it.
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
                "the initializer took longer than the {:?} that a worker may take to start",
                config.start_timeout
            ),
            (Stage::Initializing { .. }, _) => {
                format!("the initializer ended {worker} ({exit}{memory})")
            }
            (_, Some(Ending::Garbled(what))) => format!("{worker} sent {what}"),
            _ => format!("{worker} died ({exit}{memory})"),
        }
    }

    /// Whether the worker ended without the pool's action.
    pub(super) fn was_not_ended(&self) -> bool {
        matches!(self.ending, None | Some(Ending::Retired | Ending::Spent))
    }

    /// Whether it counts towards the restart limit. Workers that the pool itself ends do not count.
    pub(super) fn is_loss(&self) -> bool {
        matches!(
            self.ending,
            None | Some(Ending::StartedLate | Ending::Garbled(_))
        )
    }

    /// Whether a job that is safe to repeat may be retried after this.
    pub(super) fn allows_retry(&self) -> bool {
        matches!(self.ending, None | Some(Ending::Garbled(_)))
    }

    /// The error of the job that the worker ran.
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
