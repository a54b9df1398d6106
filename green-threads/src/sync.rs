//! What green threads wait for one another with; all of it made of one kind of queue.
//!
//! They belong to the green threads of one thread, and need neither `Send` nor atomics; what
//! crosses threads is [`AsyncResult::setter`]. All are fair: first come, first served. A green
//! thread that is killed or whose time is up while it waits takes nothing with it, and one that
//! has been woken is not killed before it has made use of that: no wake-up is lost.

mod async_result;
mod barrier;
mod condvar;
mod event;
mod mutex;
mod rwlock;
mod semaphore;

pub use async_result::{Abandoned, AsyncResult, Setter};
pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::Condvar;
pub use event::Event;
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{Semaphore, SemaphorePermit};
