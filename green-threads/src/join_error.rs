//! Why a green thread has no value.

use std::any::Any;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::task::Raise;

/// Why a green thread ended without a value.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// It was killed.
    #[error("the green thread was killed")]
    Killed,
    /// It panicked. This contains the payload.
    #[error("the green thread panicked: {0}")]
    Panicked(Panic),
    /// A [`Timeout`](crate::Timeout) was raised in it, and it did not catch that.
    #[error("the green thread ended at its time-out of {0:?}")]
    TimedOut(Duration),
}

/// The payload of a green thread's panic.
pub struct Panic {
    // The payload is only `Send`, but errors should be `Sync` too.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    /// The payload, for instance to continue the panic here with [`std::panic::resume_unwind`].
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = self.payload.lock().unwrap_or_else(PoisonError::into_inner);
        let words = match payload.downcast_ref::<String>() {
            Some(words) => words,
            None => *payload.downcast_ref::<&str>().unwrap_or(&"no words"),
        };
        f.write_str(words)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panic({self})")
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl JoinError {
    pub(crate) fn of(payload: Box<dyn Any + Send>) -> JoinError {
        match payload.downcast_ref::<Raise>() {
            Some(Raise::Kill) => JoinError::Killed,
            Some(&Raise::Timeout(_, after)) => JoinError::TimedOut(after),
            Some(Raise::Stop) => unreachable!("only the root is stopped"),
            None => JoinError::Panicked(Panic {
                payload: Mutex::new(payload),
            }),
        }
    }
}
