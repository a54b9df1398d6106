//! Resolvers: a resolver fires a deferred.

use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::Core;
#[cfg(doc)]
use crate::Deferred;
use crate::Error;

/// Fires a [`Deferred`]. Clones fire the same deferred.
///
/// When the last one is dropped without firing, the deferred fails with [`Error::Abandoned`].
pub struct Resolver<T: 'static> {
    pub(super) core: Rc<Core<T>>,
}

/// The deferred has been fired before.
#[derive(Debug, thiserror::Error)]
#[error("the deferred made at {made} was fired before")]
pub struct AlreadyFired {
    made: &'static Location<'static>,
}

impl From<AlreadyFired> for Error {
    fn from(error: AlreadyFired) -> Error {
        Error::other(error)
    }
}

impl<T> Resolver<T> {
    /// Fires it with a value.
    ///
    /// # Errors
    ///
    /// [`AlreadyFired`]; the value is dropped.
    pub fn callback(&self, value: T) -> Result<(), AlreadyFired> {
        self.fire(Ok(value))
    }

    /// Fires it with an error.
    ///
    /// # Errors
    ///
    /// [`AlreadyFired`]; the error is dropped.
    pub fn errback(&self, error: impl Into<Error>) -> Result<(), AlreadyFired> {
        self.fire(Err(error.into()))
    }

    /// Fires it with a result: a value or an error.
    ///
    /// # Errors
    ///
    /// [`AlreadyFired`]; the result is dropped.
    pub fn fire(&self, result: Result<T, Error>) -> Result<(), AlreadyFired> {
        let core = &self.core;
        if core.fired.get() {
            return match core.excused.replace(false) {
                true => Ok(()),
                false => Err(AlreadyFired { made: core.made }),
            };
        }
        Rc::clone(core).settle(result);
        Ok(())
    }

    /// Whether it was fired or cancelled. Then there is no need to go on.
    pub fn is_fired(&self) -> bool {
        self.core.fired.get()
    }
}

impl<T> Clone for Resolver<T> {
    fn clone(&self) -> Self {
        self.core.resolvers.update(|count| count + 1);
        Resolver {
            core: Rc::clone(&self.core),
        }
    }
}

impl<T> Drop for Resolver<T> {
    fn drop(&mut self) {
        let core = &self.core;
        core.resolvers.update(|count| count - 1);
        if core.resolvers.get() == 0 && !core.fired.get() {
            // A canceller may end its work by dropping the resolver.
            core.settle(Err(match core.cancelled.get() {
                true => Error::Cancelled,
                false => Error::Abandoned,
            }));
        }
    }
}

impl<T> fmt::Debug for Resolver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resolver(made at {})", self.core.made)
    }
}
