//! What a wait hands out.

use std::fmt;

use super::{SIGNALS, Signal, TimerKey, Token, WAKER};

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

/// What a source is ready for.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Readiness(u8);

impl Readiness {
    const READABLE: u8 = 1;
    const WRITABLE: u8 = 2;
    const READ_CLOSED: u8 = 4;
    const WRITE_CLOSED: u8 = 8;
    const ERROR: u8 = 16;

    fn of(event: &mio::event::Event) -> Readiness {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        Readiness(
            bit(event.is_readable(), Self::READABLE)
                | bit(event.is_writable(), Self::WRITABLE)
                | bit(event.is_read_closed(), Self::READ_CLOSED)
                | bit(event.is_write_closed(), Self::WRITE_CLOSED)
                | bit(event.is_error(), Self::ERROR),
        )
    }

    /// Reading will not block at first.
    pub fn readable(self) -> bool {
        self.0 & Self::READABLE != 0
    }

    /// Writing will not block at first.
    pub fn writable(self) -> bool {
        self.0 & Self::WRITABLE != 0
    }

    /// The other end will send no more. There may be something left to read: read until the end,
    /// a short read is not enough, for nothing more will be told.
    pub fn read_closed(self) -> bool {
        self.0 & Self::READ_CLOSED != 0
    }

    /// Nothing can be written any more.
    pub fn write_closed(self) -> bool {
        self.0 & Self::WRITE_CLOSED != 0
    }

    /// The source has an error, which reading, writing or `take_error` tells.
    pub fn error(self) -> bool {
        self.0 & Self::ERROR != 0
    }
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        for (name, is) in [
            ("readable", self.readable()),
            ("writable", self.writable()),
            ("read closed", self.read_closed()),
            ("write closed", self.write_closed()),
            ("error", self.error()),
        ] {
            if is {
                set.entry(&format_args!("{name}"));
            }
        }
        set.finish()
    }
}

/// How many sources one wait reports; the others are reported by the next.
const BATCH: usize = 1024;

/// Room for what a wait hands out, to be used again for the next one.
pub struct Events {
    pub(crate) sources: mio::Events,
    pub(crate) others: Vec<Event>,
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
