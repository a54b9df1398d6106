//! Signals: green threads can wait for them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

pub use event_loop::Signal;

use crate::hub;
use crate::wait_queue::{Wait, WaitQueue};
use crate::waiting::Waiting;

/// A queue of signals that the program handles, in place of their default effect.
///
/// A signal that comes while no green thread waits is kept. Each kind is kept once: two signals of
/// a kind that come before one is taken are one, as in the system. So after `SIGCHLD`, look for all
/// children that have ended.
///
/// Each `Signals` gets each signal. If several green threads wait for the same one, the first gets
/// it. When the last `Signals` of the process for a signal is dropped, the signal has its default
/// effect again: Ctrl-C ends the program.
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

/// The signals that have come for a [`Signals`].
struct Mailbox {
    wanted: Vec<Signal>,
    /// Each kind at most once, so it is at most as long as `wanted`.
    came: RefCell<VecDeque<Signal>>,
    waiters: WaitQueue,
}

/// The mailboxes of a hub.
#[derive(Default)]
pub(crate) struct Mailboxes {
    all: RefCell<Vec<Weak<Mailbox>>>,
    pub(crate) waiting: Waiting,
}

impl Mailboxes {
    /// Puts a signal into the mailboxes that want it.
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
        self.all.borrow_mut().push(Rc::downgrade(mailbox));
    }

    /// The signals of this list that no mailbox wants any more.
    fn unwanted(&self, signals: &[Signal]) -> Vec<Signal> {
        let all = self.all.borrow();
        let wanted: Vec<_> = all.iter().filter_map(Weak::upgrade).collect();
        let is_wanted = |signal| wanted.iter().any(|mailbox| mailbox.wanted.contains(signal));
        let unwanted = signals.iter().filter(|signal| !is_wanted(signal));
        unwanted.copied().collect()
    }
}

impl Signals {
    /// From here on these signals are kept here, and in each other `Signals` that wants them, on
    /// this thread or another.
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

    /// Takes the first signal. Waits if none has come.
    pub fn wait(&self) -> Signal {
        match self.wait_until(None) {
            Some(signal) => signal,
            None => unreachable!("it waited without a limit"),
        }
    }

    /// As [`wait`](Signals::wait), with a time-out.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Signal> {
        self.wait_until(Some(hub::after(timeout)))
    }

    /// Takes the first signal, if one has come and this thread has seen it. A thread looks for
    /// signals when its green threads wait.
    pub fn try_wait(&self) -> Option<Signal> {
        self.mailbox.came.borrow_mut().pop_front()
    }

    fn wait_until(&self, deadline: Option<Instant>) -> Option<Signal> {
        hub::with(|hub| {
            let _counted = hub.driver.signals.waiting.count_in();
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

impl Drop for Signals {
    fn drop(&mut self) {
        // From here on it wants no signals.
        hub::try_with(|hub| {
            let mailboxes = &hub.driver.signals;
            let own = Rc::downgrade(&self.mailbox);
            mailboxes
                .all
                .borrow_mut()
                .retain(|other| !other.ptr_eq(&own));
            let unwanted = mailboxes.unwanted(&self.mailbox.wanted);
            hub.driver.release_signals(&unwanted);
        });
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
