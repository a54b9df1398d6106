//! An agent's report of a job that it had claimed.

use executors::{EncodedAnswer, Error, WorkerId};

use super::{Shared, Stage};
use crate::broker::Failure;
use crate::protocol::{INLINE, encode_answer, inline};
use crate::scripts;
use crate::sync::lock;

/// What the broker must do with the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// It has ended: store its answer, then acknowledge it.
    Answer,
    /// It failed: offer it again if it has tries left, otherwise store its answer.
    Again,
    /// It was not begun: offer it again.
    Back,
}

#[derive(Debug, Clone)]
pub(super) struct Report {
    pub(super) agent: String,
    pub(super) entry: String,
    pub(super) client: String,
    pub(super) number: String,
    /// Whether its input was in the stream, and not beside it.
    pub(super) inline: bool,
    pub(super) what: What,
    pub(super) count: u32,
    pub(super) answer: EncodedAnswer,
}

impl Shared {
    /// The local pool has finished a job.
    pub(super) fn answered(&self, mut report: Report, result: &Result<EncodedAnswer, Error>) {
        let mut answer = match result {
            Ok(answer) => answer.clone(),
            Err(error) => EncodedAnswer::Failed(error.clone()),
        };
        if let EncodedAnswer::Failed(error) | EncodedAnswer::Partial { error, .. } = &mut answer {
            name_host(error, &self.membership.host);
        }
        if let EncodedAnswer::Failed(error) = &answer {
            match error {
                Error::WorkerDied { .. } | Error::Garbled { .. } | Error::Killed { .. } => {
                    report.what = What::Again;
                }
                // It waited for a worker when the agent was stopped.
                Error::Cancelled if lock(&self.state).stage == Stage::Ended => {
                    report.what = What::Back;
                }
                // It waited for a worker, and there is none any more.
                Error::PoolBroken { .. } => {
                    report.what = What::Back;
                    self.set_stage(Stage::Broken(error.clone()));
                }
                _ => {}
            }
        }
        report.answer = answer;
        self.report(report);
    }

    /// Sends the report to the broker; later, if the broker can't be reached.
    pub(super) fn report(&self, report: Report) {
        // The worker is free now, before the broker has the report.
        let (is_current, in_touch) = {
            let mut state = lock(&self.state);
            if state.id == report.agent {
                state.reporting.insert(report.entry.clone());
                state.running.remove(&report.entry);
            }
            let is_current = state.id == report.agent || report.what == What::Back;
            (is_current, state.in_touch)
        };
        self.changed.notify_all();
        // A report from before the agent got another id: its lease was lost, and the job with it.
        if is_current && (!in_touch || self.send(&report).is_err()) {
            lock(&self.state).unsent.push(report);
        }
    }

    /// Sends reports that could not be sent before.
    pub(super) fn resend(&self) {
        let mut unsent = std::mem::take(&mut lock(&self.state).unsent).into_iter();
        while let Some(report) = unsent.next() {
            if self.send(&report).is_err() {
                let mut state = lock(&self.state);
                state.unsent.push(report);
                state.unsent.extend(unsent);
                return;
            }
        }
    }

    /// One attempt. If the job no longer belongs to this agent, that is not an error.
    fn send(&self, report: &Report) -> Result<(), ()> {
        let what = match report.what {
            What::Answer => "answer",
            What::Again => "again",
            What::Back => "back",
        };
        let mut bytes = encode_answer(report.count, &report.answer);
        let beside = bytes.len() > INLINE && report.what == What::Answer;
        if !beside {
            bytes = inline(&bytes);
        }
        let arguments = [
            report.agent.as_bytes(),
            report.entry.as_bytes(),
            report.client.as_bytes(),
            report.number.as_bytes(),
            what.as_bytes(),
            &bytes,
            if beside { b"1" } else { b"0" },
            if report.inline { b"1" } else { b"0" },
        ];
        let sent = lock(&self.links.reports).try_run::<i64>(&scripts::FINISH, &arguments);
        match sent {
            Ok(_) => {
                lock(&self.state).reporting.remove(&report.entry);
                Ok(())
            }
            Err(Failure::Down(_) | Failure::Refused(_)) => Err(()),
        }
    }
}

/// Adds the host to an error that names a worker by its process id.
fn name_host(error: &mut Error, host: &str) {
    if let Error::WorkerDied { worker, .. }
    | Error::Overran { worker, .. }
    | Error::Killed { worker }
    | Error::Garbled { worker, .. } = error
        && worker.host.is_empty()
    {
        *worker = WorkerId::remote(host, worker.pid);
    }
}
