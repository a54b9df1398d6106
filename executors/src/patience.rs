//! How long a submit waits for space in a full queue.

use std::time::Instant;

/// How long a submit waits while the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Patience {
    /// Until there is space.
    #[default]
    Forever,
    /// Until there is space, or until this time. Then the submit is refused
    /// ([`Error::QueueFull`](crate::Error::QueueFull)).
    Until(Instant),
    /// Not at all.
    Never,
}

impl Patience {
    /// `None` for no wait; otherwise the end of the wait, if it has one.
    pub(crate) fn deadline(self) -> Option<Option<Instant>> {
        match self {
            Patience::Forever => Some(None),
            Patience::Until(at) => Some(Some(at)),
            Patience::Never => None,
        }
    }

    /// [`Never`](Patience::Never) if `refused`: for a thread that the pool needs to make space.
    pub(crate) fn unless(self, refused: bool) -> Self {
        if refused { Patience::Never } else { self }
    }
}
