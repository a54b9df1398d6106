//! A task, and the trampoline that runs its nested calls.
//!
//! A call puts another frame on the task's own stack, which is a vector. So the thread's stack does
//! not become deeper. A frame that has ended is removed, and the one below goes on.

use super::calls::{Call, Frame, Reply};
use super::{MAX_DEPTH, TaskId};
use std::time::Instant;

pub(super) struct Task {
    pub(super) name: &'static str,
    /// Its frames, the innermost last.
    stack: Vec<Frame>,
    /// The answer to its last call; `None` before its first turn.
    pub(super) reply: Option<Reply>,
    /// The tasks that wait for its end.
    pub(super) waiters: Vec<TaskId>,
    pub(super) waits: Waits,
}

/// What a task waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// It is ready, and waits for its turn.
    Ready,
    For(TaskId),
    Until(Instant),
}

impl Task {
    pub(super) fn new(name: &'static str, frame: Frame) -> Task {
        Task {
            name,
            stack: vec![frame],
            reply: None,
            waiters: Vec::new(),
            waits: Waits::Ready,
        }
    }

    /// Runs until the task makes a call; `None` when it has ended.
    ///
    /// # Panics
    ///
    /// When the task does, and when its calls are nested too deep.
    pub(super) fn run(&mut self) -> Option<Call> {
        loop {
            let frame = self.stack.last_mut()?;
            let call = match self.reply.take() {
                Some(reply) => frame.send(reply),
                None => frame.start(),
            };
            match call {
                Some(Call::Enter(frame)) => {
                    assert!(self.stack.len() < MAX_DEPTH, "calls over {MAX_DEPTH} deep");
                    self.stack.push(frame);
                }
                Some(call) => return Some(call),
                None => {
                    self.stack.pop();
                    self.reply = Some(Reply::Done);
                }
            }
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // The innermost first, as functions return.
        while self.stack.pop().is_some() {}
    }
}
