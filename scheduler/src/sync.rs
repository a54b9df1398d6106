//! Step 5. Tasks that wait for one another: locks, conditions, semaphores, events, barriers, channels.
//!
//! All of them are for tasks of one thread, work on any executor, and are fair: who waits longest
//! is served first, and what is released is handed to that one, so that nobody can slip in between.
//! A task that never has to wait lets the others run all the same, after 64 such operations in one poll.
//! A wait that is dropped (by a [`timeout`](crate::executor::timeout), for one) leaves the queue,
//! and what it had been handed already goes to the next.
//!
//! Clones of them are the same thing. With a name they tell better who waits for what; without one
//! they tell where in the source they were made. The [executor](crate::executor) notices when all
//! wait for one another, and says so:
//!
//! ```
//! use scheduler::executor::{Executor, spawn_named, yield_now};
//! use scheduler::sync::Lock;
//!
//! async fn transfer(from: Lock<i64>, to: Lock<i64>) {
//!     let mut from = from.lock().await;
//!     yield_now().await;
//!     let mut to = to.lock().await;
//!     *from -= 1;
//!     *to += 1;
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! let (ann, bob) = (Lock::named("ann", 10), Lock::named("bob", 10));
//! let executor = Executor::new()?;
//! drop(executor.spawn_named("there", transfer(ann.clone(), bob.clone())));
//! drop(executor.spawn_named("back", transfer(bob, ann)));
//! assert_eq!(
//!     executor.run().unwrap_err().to_string(),
//!     "deadlock: task 0 (there) waits for lock \"bob\", held by task 1 (back); \
//!      task 1 (back) waits for lock \"ann\", held by task 0 (there)",
//! );
//! # Ok(()) }
//! ```

mod barrier;
mod channel;
mod condition;
mod event;
mod lock;
mod oneshot;
mod rw_lock;
mod semaphore;
mod waiters;
mod watch;

pub use barrier::{Barrier, BarrierWait};
pub use channel::{
    Closed, Receiver, Recv, Sender, TryRecvError, TrySendError, channel, channel_named,
};
pub use condition::Condition;
pub use event::{Event, EventWait};
pub use lock::{Acquiring, Lock, LockGuard};
pub use oneshot::{Dropped, OneshotReceiver, OneshotSender, oneshot};
pub use rw_lock::{ReadGuard, Reading, RwLock, WriteGuard, Writing};
pub use semaphore::{Acquire, Permit, Semaphore};
pub use watch::{WatchClosed, WatchReceiver, WatchSender, watch};
