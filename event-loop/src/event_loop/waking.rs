//! Wake-ups from other threads, and signals.

use std::io;

use super::EventLoop;
use crate::events::SIGNALS;
use crate::signals::Signals;
use crate::{Signal, Waker};

impl<S, T> EventLoop<S, T> {
    /// Wakes this loop from any thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// let waker = event_loop.waker();
    /// std::thread::spawn(move || waker.wake());
    /// event_loop.wait(None)?;
    /// assert_eq!(event_loop.next_event(), Some(Event::Woken));
    /// # Ok(()) }
    /// ```
    pub fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Makes events of these signals. Their default effect does not take place.
    ///
    /// Several signals of one kind between two turns make one event, as the system merges them too.
    /// When no loop of the process handles a signal any longer (each was dropped, or has
    /// [released](EventLoop::release_signals) it), the signal has its default effect again.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    ///
    /// # Panics
    ///
    /// On signals that cannot be handled, such as SIGKILL or SIGSEGV.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_loop::{Event, EventLoop, Signal};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// event_loop.handle_signals(&[Signal::HANG_UP])?;
    /// signal_hook::low_level::raise(Signal::HANG_UP.number())?;
    /// event_loop.wait(None)?;
    /// assert_eq!(event_loop.next_event(), Some(Event::Signal(Signal::HANG_UP)));
    /// # Ok(()) }
    /// ```
    pub fn handle_signals(&mut self, signals: &[Signal]) -> io::Result<()> {
        let registry = self.poll.registry();
        let handled = match &mut self.signals {
            Some(handled) => handled,
            none => none.insert(Signals::new(registry, SIGNALS)?),
        };
        signals.iter().try_for_each(|&signal| handled.add(signal))
    }

    /// Undoes [`handle_signals`](EventLoop::handle_signals).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::{EventLoop, Signal};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut event_loop: EventLoop<&str, &str> = EventLoop::new()?;
    /// event_loop.handle_signals(&[Signal::HANG_UP])?;
    /// signal_hook::low_level::raise(Signal::HANG_UP.number())?;
    /// event_loop.release_signals(&[Signal::HANG_UP]);
    /// event_loop.wait(Some(Duration::ZERO))?;
    /// assert_eq!(event_loop.next_event(), None);
    /// # Ok(()) }
    /// ```
    pub fn release_signals(&mut self, signals: &[Signal]) {
        if let Some(handled) = &mut self.signals {
            signals.iter().for_each(|&signal| handled.remove(signal));
        }
        let came = &mut self.batch.signals;
        came.retain(|signal| !signals.contains(signal));
    }
}
