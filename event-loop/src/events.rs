//! The events of a turn.

use std::collections::VecDeque;
use std::fmt;

use crate::{Signal, TimerKey, Token};

/// mio's tokens for the loop's own sources. All other sources have smaller ones.
pub(crate) const WAKER: mio::Token = mio::Token(usize::MAX);
pub(crate) const SIGNALS: mio::Token = mio::Token(usize::MAX - 1);

/// Something that happened. `S` is the type of the sources' values, `T` that of the timers'.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use event_loop::{Event, EventLoop};
///
/// # fn main() -> std::io::Result<()> {
/// let mut event_loop: EventLoop<(), &str> = EventLoop::new()?;
/// let key = event_loop.add_timer_after(Duration::ZERO, "tea");
/// event_loop.wait(None)?;
/// assert_eq!(event_loop.next_event(), Some(Event::Timer(key, "tea")));
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<S, T> {
    /// A registered source became ready.
    Ready(Token, Readiness, S),
    /// A [`Waker`](crate::Waker) was used, once or more.
    Woken,
    /// A signal came.
    Signal(Signal),
    /// A timer was due. It is not set any longer.
    Timer(TimerKey, T),
}

/// What a source is ready for.
///
/// # Examples
///
/// ```
/// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
/// let (mut near, far) = UnixStream::pair()?;
/// event_loop.register(&mut near, Interest::READABLE | Interest::WRITABLE, ())?;
/// event_loop.wait(None)?;
/// let Some(Event::Ready(_, readiness, ())) = event_loop.next_event() else { unreachable!() };
/// assert!(readiness.writable());
/// # drop(far);
/// # Ok(()) }
/// ```
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

    /// The next read will not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    /// let (mut near, far) = UnixStream::pair()?;
    /// std::io::Write::write_all(&mut &far, b"x")?;
    /// event_loop.register(&mut near, Interest::READABLE | Interest::WRITABLE, ())?;
    /// event_loop.wait(None)?;
    /// let Some(Event::Ready(_, readiness, ())) = event_loop.next_event() else { unreachable!() };
    /// assert!(readiness.readable());
    /// # drop(far);
    /// # Ok(()) }
    /// ```
    pub fn readable(self) -> bool {
        self.0 & Self::READABLE != 0
    }

    /// The next write will not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    /// let (mut near, far) = UnixStream::pair()?;
    /// event_loop.register(&mut near, Interest::READABLE | Interest::WRITABLE, ())?;
    /// event_loop.wait(None)?;
    /// let Some(Event::Ready(_, readiness, ())) = event_loop.next_event() else { unreachable!() };
    /// assert!(readiness.writable());
    /// # drop(far);
    /// # Ok(()) }
    /// ```
    pub fn writable(self) -> bool {
        self.0 & Self::WRITABLE != 0
    }

    /// The other end will send no more. Data may be left: read until the end. A short read is not
    /// enough, because no further event comes.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    /// let (mut near, far) = UnixStream::pair()?;
    /// far.shutdown(std::net::Shutdown::Write)?;
    /// event_loop.register(&mut near, Interest::READABLE | Interest::WRITABLE, ())?;
    /// event_loop.wait(None)?;
    /// let Some(Event::Ready(_, readiness, ())) = event_loop.next_event() else { unreachable!() };
    /// assert!(readiness.read_closed());
    /// # drop(far);
    /// # Ok(()) }
    /// ```
    pub fn read_closed(self) -> bool {
        self.0 & Self::READ_CLOSED != 0
    }

    /// Writing is no longer possible.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    /// let (mut near, far) = UnixStream::pair()?;
    /// far.shutdown(std::net::Shutdown::Both)?;
    /// event_loop.register(&mut near, Interest::READABLE | Interest::WRITABLE, ())?;
    /// event_loop.wait(None)?;
    /// let Some(Event::Ready(_, readiness, ())) = event_loop.next_event() else { unreachable!() };
    /// assert!(readiness.write_closed());
    /// # drop(far);
    /// # Ok(()) }
    /// ```
    pub fn write_closed(self) -> bool {
        self.0 & Self::WRITE_CLOSED != 0
    }

    /// The source has an error. Reading, writing or `take_error` returns it.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    /// let (mut near, far) = UnixStream::pair()?;
    /// event_loop.register(&mut near, Interest::READABLE | Interest::WRITABLE, ())?;
    /// event_loop.wait(None)?;
    /// let Some(Event::Ready(_, readiness, ())) = event_loop.next_event() else { unreachable!() };
    /// assert!(!readiness.error());
    /// # drop(far);
    /// # Ok(()) }
    /// ```
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

/// How many sources one wait reports. The next wait reports the others.
const BATCH: usize = 512;

/// What the system has reported and the caller has not taken yet.
pub(crate) struct Batch {
    pub(crate) mio: mio::Events,
    ready: VecDeque<(Token, Readiness)>,
    woken: bool,
    pub(crate) signals: VecDeque<Signal>,
}

impl Batch {
    pub(crate) fn new() -> Batch {
        Batch {
            mio: mio::Events::with_capacity(BATCH),
            ready: VecDeque::new(),
            woken: false,
            signals: VecDeque::new(),
        }
    }

    /// Takes the events that a wait has reported. Returns whether signals came.
    pub(crate) fn fill(&mut self, woken: bool) -> bool {
        self.woken |= woken;
        let mut signals = false;
        for event in &self.mio {
            match event.token() {
                WAKER => {}
                SIGNALS => signals = true,
                token => {
                    let ready = (Token::of_mio(token), Readiness::of(event));
                    self.ready.push_back(ready);
                }
            }
        }
        signals
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty() && !self.woken && self.signals.is_empty()
    }

    pub(crate) fn next_ready(&mut self) -> Option<(Token, Readiness)> {
        self.ready.pop_front()
    }

    pub(crate) fn take_woken(&mut self) -> bool {
        std::mem::take(&mut self.woken)
    }
}
