//! How long a submit waits for room in a full queue.

use std::time::Instant;

/// How long a submit waits while the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Patience {
    /// Until there is room.
    #[default]
    Forever,
    /// Until there is room or this moment has come; then the submit is refused
    /// ([`Error::QueueFull`](crate::Error::QueueFull)).
    Until(Instant),
    /// Not at all.
    Never,
}

impl Patience {
    /// `None` if there is to be no wait; else when it ends, if it ends.
    pub(crate) fn deadline(self) -> Option<Option<Instant>> {
        match self {
            Patience::Forever => Some(None),
            Patience::Until(at) => Some(Some(at)),
            Patience::Never => None,
        }
    }

    /// None at all if `refused`: for a thread that the pool needs to make room.
    pub(crate) fn unless(self, refused: bool) -> Self {
        if refused { Patience::Never } else { self }
    }
}
