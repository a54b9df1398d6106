//! A new worker's first message, and the initializer that it runs before any job.

use std::io::Write;

use super::core::Core;
use super::frame::{FrameError, FrameReader, Kind};
use super::registry;
use super::slots::Stage;
use super::sys::{Channel, Outlet};
use crate::codec::Answer;
use crate::error::Error;
use crate::sync::lock;

/// The result of a worker's start.
pub(super) enum Greeted {
    /// It accepts jobs.
    Ready,
    /// It has ended.
    Ended,
    /// The pool can't continue with such workers.
    Unfit(Error),
}

/// Reads the greeting, and makes the worker run the initializer.
pub(super) fn greet(
    core: &Core,
    index: usize,
    outlet: &Outlet,
    reader: &mut FrameReader<Channel>,
) -> Greeted {
    let broken = |reason: String| Greeted::Unfit(Error::PoolBroken { reason });
    // Text that `main` prints before the hook goes to the same place as the worker's later output.
    let prologue = |bytes: &[u8]| {
        let _ = std::io::stderr().write_all(bytes);
    };
    match reader.skip_to_greeting(prologue) {
        Ok(true) => {}
        Ok(false) | Err(FrameError::Io(_)) => return Greeted::Ended,
        Err(FrameError::Garbage(what)) => return broken(format!("a worker sent {what}")),
    }
    match reader.next() {
        Ok(Some(hello)) if hello.kind == Kind::Hello => {
            if let Err(mismatch) = registry::compare(hello.payload) {
                return Greeted::Unfit(mismatch);
            }
        }
        Ok(None) | Err(FrameError::Io(_)) => return Greeted::Ended,
        Ok(Some(_)) | Err(FrameError::Garbage(_)) => {
            return broken("a worker's greeting could not be read".to_owned());
        }
    }
    let Some(initializer) = &core.config.initializer else {
        return Greeted::Ready;
    };
    {
        let stage = &mut lock(&core.state).slots[index].stage;
        if let Stage::Starting { deadline } = *stage {
            *stage = Stage::Initializing { deadline };
        }
    }
    outlet.load(initializer.frame.clone(), false);
    outlet.flush();
    let answer = match reader.next() {
        Ok(None) | Err(FrameError::Io(_)) => return Greeted::Ended,
        Ok(Some(frame)) => match (frame.kind, frame.payload.first_chunk()) {
            (Kind::Reply, _) => Answer::Results(frame.payload),
            (Kind::TooLarge, Some(size)) => Answer::TooLarge(u64::from_le_bytes(*size) as usize),
            _ => return broken("the initializer's answer could not be read".to_owned()),
        },
        Err(FrameError::Garbage(what)) => {
            return broken(format!("the initializer's worker sent {what}"));
        }
    };
    match (initializer.check)(answer) {
        Ok(()) => Greeted::Ready,
        Err(error) => broken(format!("the initializer failed: {error}")),
    }
}
