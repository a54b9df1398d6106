//! Synchronization: locks, conditions, semaphores, events, barriers, channels.
//!
//! All of them are for tasks of one thread, and work on any executor. They are fair: the task that
//! has waited longest is served first. What is released is given to it directly, so that no other
//! task can take it in between. A task that never has to wait lets the others run after 64 such
//! operations in one poll. If a wait is dropped (for instance by a
//! [`timeout`](crate::executor::timeout)), it leaves the queue, and what it was given already goes
//! to the next.
//!
//! Clones are the same object. A name makes the report of a deadlock clearer; without one, the
//! report shows the place in the source where the object was made. The [executor](crate::executor)
//! detects that all tasks wait for each other, and reports it:
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
