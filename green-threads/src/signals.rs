//! Signals, waited for like anything else.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

pub use event_loop::Signal;

use crate::hub;
use crate::wait_queue::{Wait, WaitQueue};

/// A queue of signals: those that a program wants to be told of, instead of what they do otherwise.
///
/// What comes while nobody waits is kept. A kind that has come, and has not been taken yet, is not
/// kept twice: two signals of a kind that come together are one, as the system has it. So who is
/// told of `SIGCHLD` must look for all children that have ended.
///
/// Each `Signals` is told of each signal. If several green threads wait for the same one, the first
/// gets it.
///
/// # Examples
///
/// ```no_run
/// use green_threads::{Signal, Signals};
///
/// # fn main() -> std::io::Result<()> {
/// let signals = Signals::new(&[Signal::INTERRUPT, Signal::TERMINATE])?;
/// println!("ended by {:?}", signals.wait());
/// # Ok(()) }
/// ```
pub struct Signals {
    mailbox: Rc<Mailbox>,
}

/// What came for a [`Signals`].
struct Mailbox {
    wanted: Vec<Signal>,
    /// Each kind at most once, so it is as short as `wanted`.
    came: RefCell<VecDeque<Signal>>,
    waiters: WaitQueue,
}

/// The mailboxes of a hub.
#[derive(Default)]
pub(crate) struct Mailboxes {
    all: RefCell<Vec<Weak<Mailbox>>>,
    waiting: Cell<usize>,
}

impl Mailboxes {
    /// How many green threads wait for a signal.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.get()
    }

    /// A signal has come.
    pub(crate) fn deliver(&self, signal: Signal) {
        for mailbox in self.all.borrow().iter().filter_map(Weak::upgrade) {
            if mailbox.wanted.contains(&signal) {
                let mut came = mailbox.came.borrow_mut();
                if !came.contains(&signal) {
                    came.push_back(signal);
                }
                mailbox.waiters.wake_one();
            }
        }
    }

    fn add(&self, mailbox: &Rc<Mailbox>) {
        let mut all = self.all.borrow_mut();
        all.retain(|mailbox| mailbox.strong_count() > 0);
        all.push(Rc::downgrade(mailbox));
    }

    /// Somebody waits, as long as this is kept.
    fn count_in(&self) -> impl Drop + '_ {
        struct Count<'a>(&'a Cell<usize>);
        impl Drop for Count<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.waiting.set(self.waiting.get() + 1);
        Count(&self.waiting)
    }
}

impl Signals {
    /// From here on these signals are kept here; so are they in each other `Signals` that wants
    /// them, on this thread or another.
    ///
    /// # Errors
    ///
    /// When the system refuses, for instance for want of descriptors.
    ///
    /// # Panics
    ///
    /// On signals that cannot be handled, such as SIGKILL and SIGSEGV.
    pub fn new(signals: &[Signal]) -> io::Result<Signals> {
        let mailbox = Rc::new(Mailbox {
            wanted: signals.to_vec(),
            came: RefCell::default(),
            waiters: WaitQueue::default(),
        });
        hub::fallible(|hub| {
            hub.driver.handle_signals(signals)?;
            hub.driver.signals.add(&mailbox);
            Ok(Signals { mailbox })
        })
    }

    /// Takes the first that has come, and waits for it if none has.
    pub fn wait(&self) -> Signal {
        match self.wait_until(None) {
            Some(signal) => signal,
            None => unreachable!("it waited without a limit"),
        }
    }

    /// As [`wait`](Signals::wait), but at most so long.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Signal> {
        self.wait_until(Some(hub::after(timeout)))
    }

    /// Takes the first that has come, if one has and this thread has seen it: it looks for signals
    /// when its green threads wait.
    pub fn try_wait(&self) -> Option<Signal> {
        self.mailbox.came.borrow_mut().pop_front()
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Option<Signal> {
        hub::with(|hub| {
            let _counted = hub.driver.signals.count_in();
            loop {
                if let Some(signal) = self.try_wait() {
                    return Some(signal);
                }
                if !self
                    .mailbox
                    .waiters
                    .wait(Wait::new("signal").until(deadline))
                {
                    return self.try_wait();
                }
            }
        })
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals")
            .field("wanted", &self.mailbox.wanted)
            .field("came", &self.mailbox.came)
            .finish()
    }
}
