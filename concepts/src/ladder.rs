//! One ladder for all painters: a fair lock. Threads get it in the order in which they asked.
//!
//! Python's global interpreter lock is such a ladder. A thread that computes holds it; every 5 ms it has
//! to pass it on if another thread asks. A thread that waits (for a socket, a disk, `time.sleep`) lets
//! it go meanwhile. An ordinary [`Mutex`] is not fair: often the thread that has just unlocked it locks it again at
//! once, and the other painter waits for long.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A fair lock: first come, first served (a ticket lock).
///
/// # Examples
///
/// ```
/// use concepts::ladder::Ladder;
///
/// let ladder = Ladder::default();
/// let turn = ladder.take();
/// drop(turn);
/// let _turn = ladder.take();
/// ```
#[derive(Debug, Default)]
pub struct Ladder {
    tickets: Mutex<Tickets>,
    passed_on: Condvar,
}

#[derive(Debug, Default)]
struct Tickets {
    /// The next ticket to be drawn.
    next: u64,
    /// The ticket whose turn it is.
    serving: u64,
}

/// The lock. It is passed on when this is dropped.
#[derive(Debug)]
#[must_use = "the ladder is passed on when this is dropped"]
pub struct Turn<'l>(&'l Ladder);

impl Ladder {
    /// Waits until it is this thread's turn.
    pub fn take(&self) -> Turn<'_> {
        let mut tickets = self.tickets();
        let mine = tickets.next;
        tickets.next += 1;
        let waited = self
            .passed_on
            .wait_while(tickets, |tickets| tickets.serving != mine);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        Turn(self)
    }

    fn tickets(&self) -> MutexGuard<'_, Tickets> {
        // No code of the caller runs under this lock, so its value is right even after a panic.
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.tickets().serving += 1;
        // Wake all: only one of them has the right ticket, and this thread does not know which.
        self.0.passed_on.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn it_goes_to_those_who_wait_in_their_order() {
        let ladder = Ladder::default();
        let (sender, order) = mpsc::channel();
        thread::scope(|scope| {
            let turn = ladder.take();
            for painter in 0..5 {
                let (ladder, sender) = (&ladder, sender.clone());
                scope.spawn(move || {
                    let _turn = ladder.take();
                    sender.send(painter).unwrap();
                });
                // Until the thread has drawn its ticket.
                while ladder.tickets().next < painter + 2 {
                    thread::yield_now();
                }
            }
            drop(turn);
        });
        drop(sender);
        assert_eq!(order.iter().collect::<Vec<u64>>(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn only_one_stands_on_it() {
        let ladder = Ladder::default();
        let on_it = std::sync::atomic::AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let _turn = ladder.take();
                        assert_eq!(on_it.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                        on_it.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
                    }
                });
            }
        });
    }
}
