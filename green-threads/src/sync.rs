//! Synchronization between green threads. Everything here uses one kind of wait queue.
//!
//! These types belong to the green threads of one thread. They need neither `Send` nor atomics.
//! Only [`AsyncResult::setter`] crosses threads. All are fair: first come, first served. A green
//! thread that is killed or times out while it waits takes nothing from the others. A green thread
//! that was woken is killed only at its next wait: it uses its wake-up first, so no wake-up is
//! lost.

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
