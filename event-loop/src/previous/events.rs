//! What a wait hands out.

use std::fmt;

use super::{SIGNALS, TimerKey, Token, WAKER};
use crate::{Readiness, Signal};

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A registered source became ready.
    Ready(Token, Readiness),
    /// A timer is due, and set no longer.
    Timer(TimerKey),
    /// A [`Waker`](super::Waker) was used, once or more often.
    Woken,
    /// A signal came.
    Signal(Signal),
}

/// How many sources one wait reports; the others are reported by the next.
const BATCH: usize = 1024;

/// Room for what a wait hands out, to be used again for the next one.
pub struct Events {
    pub(super) sources: mio::Events,
    pub(super) others: Vec<Event>,
}

impl Events {
    /// What happened: sources first, then wake-ups, signals, and timers by their time.
    pub fn iter(&self) -> impl Iterator<Item = Event> {
        let sources = self.sources.iter().filter_map(|event| match event.token() {
            WAKER | SIGNALS => None,
            token => Some(Event::Ready(Token::of_mio(token), Readiness::of(event))),
        });
        sources.chain(self.others.iter().copied())
    }
}

impl Default for Events {
    fn default() -> Self {
        Events {
            sources: mio::Events::with_capacity(BATCH),
            others: Vec::new(),
        }
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
