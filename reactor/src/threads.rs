//! Calls on other threads.

use executors::ThreadPool;

use crate::{Deferred, Reactor};

impl Reactor {
    /// Calls `call` on another thread: use it for work that blocks or computes. The deferred fires
    /// on this thread.
    ///
    /// The threads are a pool of this reactor, one for each CPU. It starts at the first call. At
    /// most [8192](executors::DEFAULT_QUEUE_LIMIT) calls wait in its queue. Cancelling a call that
    /// has not begun removes it from the queue. When the reactor is dropped, all waiting calls are
    /// removed, and it does not wait for the running ones.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::Reactor;
    ///
    /// # fn main() -> Result<(), reactor::Error> {
    /// let reactor = Reactor::new()?;
    /// let sum = reactor.defer_to_thread(|| (1..=100).sum::<u32>());
    /// assert_eq!(reactor.run_until(sum)?, 5050);
    /// # Ok(()) }
    /// ```
    #[track_caller]
    pub fn defer_to_thread<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Deferred<T> {
        let pool = match self.inner.pool.get() {
            Some(pool) => pool,
            None => match ThreadPool::builder().thread_name("reactor-pool").build() {
                Ok(pool) => self.inner.pool.get_or_init(|| pool),
                Err(error) => return Deferred::done(Err(error.into())),
            },
        };
        match pool.try_spawn(call) {
            Ok(future) => self.spawn(async move { Ok(future.await?) }),
            Err(refused) => Deferred::done(Err(refused.error.into())),
        }
    }
}
