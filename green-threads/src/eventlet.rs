//! [`Pool`] under eventlet's names.

use std::collections::VecDeque;

use crate::{GreenThread, JoinError, Pool};

/// eventlet's `GreenPool`: a [`Pool`] with eventlet's method names.
///
/// # Examples
///
/// ```
/// use green_threads::eventlet::GreenPool;
///
/// let pool = GreenPool::new(100);
/// let lengths: Vec<_> = pool.imap(["green", "pool"], str::len).map(Result::unwrap).collect();
/// assert_eq!(lengths, [5, 4]);
/// ```
#[derive(Clone, Debug)]
pub struct GreenPool(Pool);

impl GreenPool {
    /// A pool of this size. eventlet's own default is 1000.
    pub fn new(size: usize) -> GreenPool {
        GreenPool(Pool::new(size))
    }

    /// As [`Pool::spawn`].
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> GreenThread<T> {
        self.0.spawn(f)
    }

    /// As [`Pool::spawn`], when the value is not needed.
    #[track_caller]
    pub fn spawn_n<T: 'static>(&self, f: impl FnOnce() -> T + 'static) {
        drop(self.0.spawn(f));
    }

    /// As [`Pool::imap`].
    pub fn imap<I: IntoIterator<Item: 'static>, T: 'static>(
        &self,
        items: I,
        f: impl Fn(I::Item) -> T + 'static,
    ) -> impl Iterator<Item = Result<T, JoinError>> {
        self.0.imap(items, f)
    }

    /// As [`Pool::join`].
    pub fn waitall(&self) {
        self.0.join();
    }

    /// As [`Pool::free_count`].
    pub fn free(&self) -> usize {
        self.0.free_count()
    }

    /// As [`Pool::running`].
    pub fn running(&self) -> usize {
        self.0.running()
    }
}

/// eventlet's `GreenPile`: spawns green threads, then iterates over their results in the same
/// order.
///
/// # Examples
///
/// ```
/// use green_threads::eventlet::{GreenPile, GreenPool};
///
/// let mut pile = GreenPile::new(&GreenPool::new(2));
/// for n in 1..=4 {
///     pile.spawn(move || n * n);
/// }
/// assert_eq!(pile.map(Result::unwrap).sum::<i32>(), 30);
/// ```
#[derive(Debug)]
pub struct GreenPile<T> {
    pool: GreenPool,
    pile: VecDeque<GreenThread<T>>,
}

impl<T: 'static> GreenPile<T> {
    /// A pile that spawns in this pool.
    pub fn new(pool: &GreenPool) -> GreenPile<T> {
        GreenPile {
            pool: pool.clone(),
            pile: VecDeque::new(),
        }
    }

    /// Spawns a green thread in the pile. Waits while the pool is full.
    #[track_caller]
    pub fn spawn(&mut self, f: impl FnOnce() -> T + 'static) {
        self.pile.push_back(self.pool.spawn(f));
    }
}

impl<T> Iterator for GreenPile<T> {
    type Item = Result<T, JoinError>;

    fn next(&mut self) -> Option<Self::Item> {
        // It stays in the pile during the wait: a time-out may end the wait.
        self.pile.front()?.wait();
        self.pile.pop_front().map(GreenThread::outcome)
    }
}
