//! Waiting for the first of several channels.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use crate::channel::{Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError};
use crate::hub;
use crate::task::{Cause, Task};
use crate::wait_queue::{Key, Wait};

/// Waits for the first of several sends and receives that can be done, does it, and leaves the
/// others undone. If several are possible at once, it chooses one at random, each with the same
/// probability, as Go's `select` does.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use green_threads::{Channel, Select, spawn};
///
/// let (words, word) = Channel::rendezvous();
/// let (numbers, number) = Channel::bounded::<u32>(1);
/// spawn(move || words.send("hello"));
/// let heard = Select::new()
///     .recv(&word, |word| format!("{}", word.unwrap()))
///     .recv(&number, |number| format!("{}", number.unwrap()))
///     .wait();
/// assert_eq!(heard, "hello");
///
/// let late = Select::new()
///     .recv(&number, |_| "a number")
///     .wait_timeout(Duration::from_millis(1));
/// assert_eq!(late, None);
/// # drop(numbers);
/// ```
#[must_use = "nothing is done before `wait`"]
pub struct Select<'a, R> {
    cases: Vec<Box<dyn Case<R> + 'a>>,
}

trait Case<R> {
    /// Does it, if that needs no waiting. Returns whether it was done.
    fn attempt(&mut self) -> bool;
    /// Joins the channel's queue of waiters.
    fn join(&mut self, task: Rc<Task>, number: u32);
    /// Leaves the queue. If this case was done, keeps its result.
    fn leave(&mut self, done: bool);
    /// Calls the case's function with the result.
    fn finish(self: Box<Self>) -> R;
}

struct Receive<'a, T, F> {
    from: &'a Receiver<T>,
    key: Option<Key>,
    came: Result<T, RecvError>,
    then: F,
}

impl<T, R, F: FnOnce(Result<T, RecvError>) -> R> Case<R> for Receive<'_, T, F> {
    fn attempt(&mut self) -> bool {
        match self.from.shared.try_recv() {
            Ok(value) => self.came = Ok(value),
            Err(TryRecvError::Disconnected) => {}
            Err(TryRecvError::Empty) => return false,
        }
        true
    }

    fn join(&mut self, task: Rc<Task>, number: u32) {
        self.key = Some(self.from.shared.receiving.join(task, number, None));
    }

    fn leave(&mut self, done: bool) {
        let Some(key) = self.key.take() else { return };
        let left = self.from.shared.receiving.leave(key).flatten();
        if let (true, Some(value)) = (done, left) {
            self.came = Ok(value);
        }
    }

    fn finish(self: Box<Self>) -> R {
        (self.then)(self.came)
    }
}

struct Send<'a, T, F> {
    to: &'a Sender<T>,
    key: Option<Key>,
    /// The value that is still to be sent.
    value: Option<T>,
    then: F,
}

impl<T, R, F: FnOnce(Result<(), SendError<T>>) -> R> Case<R> for Send<'_, T, F> {
    fn attempt(&mut self) -> bool {
        let Some(value) = self.value.take() else {
            return true;
        };
        match self.to.shared.try_send(value) {
            Ok(()) => true,
            Err(TrySendError::Disconnected(value)) => {
                self.value = Some(value);
                true
            }
            Err(TrySendError::Full(value)) => {
                self.value = Some(value);
                false
            }
        }
    }

    fn join(&mut self, task: Rc<Task>, number: u32) {
        let sending = &self.to.shared.sending;
        self.key = Some(sending.join(task, number, self.value.take()));
    }

    fn leave(&mut self, _done: bool) {
        if let Some(key) = self.key.take() {
            self.value = self.to.shared.sending.leave(key).flatten();
        }
    }

    fn finish(self: Box<Self>) -> R {
        (self.then)(match self.value {
            None => Ok(()),
            Some(value) => Err(SendError(value)),
        })
    }
}

thread_local! {
    /// The state of a random number generator: Marsaglia's xorshift, 2003.
    static RANDOM: Cell<u32> = const { Cell::new(0x9e37_79b9) };
}

/// A random number below `bound`.
fn random(bound: usize) -> usize {
    let mut x = RANDOM.get();
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    RANDOM.set(x);
    // Lemire's multiplication, 2019, in place of a division. The bias is below one in a million.
    ((x as u64 * bound as u64) >> 32) as usize
}

/// Leaves all queues, also when the wait unwinds.
struct Places<'s, 'a, R> {
    cases: &'s mut Vec<Box<dyn Case<R> + 'a>>,
    done: Option<usize>,
}

impl<R> Drop for Places<'_, '_, R> {
    fn drop(&mut self) {
        for (number, case) in self.cases.iter_mut().enumerate() {
            case.leave(self.done == Some(number));
        }
    }
}

impl<'a, R> Select<'a, R> {
    /// A select without cases.
    pub fn new() -> Select<'a, R> {
        Select { cases: Vec::new() }
    }

    /// Adds a receive. `then` is called with its result.
    pub fn recv<T>(
        mut self,
        from: &'a Receiver<T>,
        then: impl FnOnce(Result<T, RecvError>) -> R + 'a,
    ) -> Self {
        self.cases.push(Box::new(Receive {
            from,
            key: None,
            came: Err(RecvError),
            then,
        }));
        self
    }

    /// Adds a send. `then` is called with its result: sent, or all receivers are dropped.
    pub fn send<T: 'a>(
        mut self,
        to: &'a Sender<T>,
        value: T,
        then: impl FnOnce(Result<(), SendError<T>>) -> R + 'a,
    ) -> Self {
        self.cases.push(Box::new(Send {
            to,
            key: None,
            value: Some(value),
            then,
        }));
        self
    }

    /// Waits until one case is done.
    ///
    /// # Panics
    ///
    /// Without cases: it would wait for ever.
    pub fn wait(self) -> R {
        assert!(!self.cases.is_empty(), "a select without cases never ends");
        match self.wait_until(None) {
            Some(result) => result,
            None => unreachable!("it waited without a limit"),
        }
    }

    /// Waits until one case is done, or for the time-out.
    pub fn wait_timeout(self, timeout: Duration) -> Option<R> {
        self.wait_until(Some(timeout))
    }

    /// Does a case that needs no waiting, if there is one.
    pub fn poll(mut self) -> Option<R> {
        let ready = self.ready()?;
        Some(self.cases.swap_remove(ready).finish())
    }

    fn ready(&mut self) -> Option<usize> {
        let count = self.cases.len();
        (0..count).find(|&number| {
            // Only as many cases are shuffled as are tried.
            self.cases.swap(number, number + random(count - number));
            self.cases[number].attempt()
        })
    }

    fn wait_until(mut self, timeout: Option<Duration>) -> Option<R> {
        hub::with(|hub| hub.spend());
        if let Some(ready) = self.ready() {
            return Some(self.cases.swap_remove(ready).finish());
        }
        let done = hub::with(|hub| {
            let task = hub.current();
            for (number, case) in self.cases.iter_mut().enumerate() {
                case.join(Rc::clone(&task), number as u32);
            }
            let mut places = Places {
                cases: &mut self.cases,
                done: None,
            };
            let deadline = timeout.map(|timeout| hub.driver.after(timeout));
            match hub.park(Wait::new("the first of several channels").until(deadline)) {
                Cause::Woken(number) => places.done = Some(number as usize),
                Cause::TimedOut | Cause::Raised => {}
            }
            places.done
        })?;
        Some(self.cases.swap_remove(done).finish())
    }
}

impl<R> Default for Select<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for Select<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("cases", &self.cases.len())
            .finish()
    }
}
