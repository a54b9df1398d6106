//! The sources that the loop watches.

use std::io;

use super::EventLoop;
use crate::{Interest, Source, Token, TokenTable};

impl<S, T> EventLoop<S, T> {
    /// Watches `source` and returns its token. Each of its events carries `value`.
    ///
    /// If the source is ready at this moment, that is an event too.
    ///
    /// # Errors
    ///
    /// When the system refuses: the source is registered already, or cannot be watched.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    ///
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, ()> = EventLoop::new()?;
    /// let (mut near, mut far) = UnixStream::pair()?;
    /// let token = event_loop.register(&mut near, Interest::READABLE, "near")?;
    ///
    /// far.write_all(b"hello")?;
    /// event_loop.wait(None)?;
    /// let event = event_loop.next_event();
    /// assert!(matches!(event, Some(Event::Ready(_, ready, "near")) if ready.readable()));
    ///
    /// let mut buffer = [0; 16];
    /// assert_eq!(near.read(&mut buffer)?, 5);
    /// assert_eq!(event_loop.deregister(&mut near, token), Some("near"));
    /// # Ok(()) }
    /// ```
    pub fn register<W: Source + ?Sized>(
        &mut self,
        source: &mut W,
        interest: Interest,
        value: S,
    ) -> io::Result<Token> {
        let token = self.sources.insert(value)?;
        let registry = self.poll.registry();
        if let Err(error) = registry.register(source, token.to_mio(), interest) {
            self.sources.remove(token);
            return Err(error);
        }
        Ok(token)
    }

    /// Changes the interest of a source. If the source is ready for that now, this is an event
    /// again.
    ///
    /// # Errors
    ///
    /// When the source is not registered.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<(), ()> = EventLoop::new()?;
    /// let (mut near, _far) = UnixStream::pair()?;
    /// let token = event_loop.register(&mut near, Interest::READABLE, ())?;
    /// event_loop.reregister(&mut near, token, Interest::WRITABLE)?;
    /// event_loop.wait(None)?;
    /// let event = event_loop.next_event();
    /// assert!(matches!(event, Some(Event::Ready(_, ready, ())) if ready.writable()));
    /// # Ok(()) }
    /// ```
    pub fn reregister<W: Source + ?Sized>(
        &mut self,
        source: &mut W,
        token: Token,
        interest: Interest,
    ) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.reregister(source, token.to_mio(), interest)
    }

    /// Stops watching a source and returns its value; `None` if no source has this token. Call it
    /// before the source is closed.
    ///
    /// Events of the source that were not returned yet are dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// let (mut near, _far) = UnixStream::pair()?;
    /// let token = event_loop.register(&mut near, Interest::WRITABLE, "near")?;
    /// assert_eq!(event_loop.deregister(&mut near, token), Some("near"));
    /// assert_eq!(event_loop.deregister(&mut near, token), None);
    /// # Ok(()) }
    /// ```
    pub fn deregister<W: Source + ?Sized>(&mut self, source: &mut W, token: Token) -> Option<S> {
        let value = self.sources.remove(token)?;
        if let Err(error) = self.poll.registry().deregister(source) {
            tracing::debug!(%error, "the system does not know a registered source");
        }
        Some(value)
    }

    /// The value of a registered source.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// let (mut near, _far) = UnixStream::pair()?;
    /// let token = event_loop.register(&mut near, Interest::READABLE, "near")?;
    /// assert_eq!(event_loop.source(token), Some(&"near"));
    /// # Ok(()) }
    /// ```
    pub fn source(&self, token: Token) -> Option<&S> {
        self.sources.get(token)
    }

    /// The value of a registered source, to change it.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// let (mut near, _far) = UnixStream::pair()?;
    /// let token = event_loop.register(&mut near, Interest::READABLE, "connecting")?;
    /// if let Some(state) = event_loop.source_mut(token) {
    ///     *state = "connected";
    /// }
    /// assert_eq!(event_loop.source(token), Some(&"connected"));
    /// # Ok(()) }
    /// ```
    pub fn source_mut(&mut self, token: Token) -> Option<&mut S> {
        self.sources.get_mut(token)
    }

    /// The registered sources, in no order.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{EventLoop, Interest, net::UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, ()> = EventLoop::new()?;
    /// let (mut near, _far) = UnixStream::pair()?;
    /// event_loop.register(&mut near, Interest::READABLE, "near")?;
    /// assert_eq!(event_loop.sources().len(), 1);
    /// assert_eq!(event_loop.sources().iter().next().map(|(_, name)| *name), Some("near"));
    /// # Ok(()) }
    /// ```
    pub fn sources(&self) -> &TokenTable<S> {
        &self.sources
    }
}
