//! eventlet's names for what [`Pool`] does.

use std::collections::VecDeque;

use crate::{GreenThread, JoinError, Pool};

/// eventlet's `GreenPool`: a [`Pool`] under its names.
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
    /// eventlet's own default is 1000.
    pub fn new(size: usize) -> GreenPool {
        GreenPool(Pool::new(size))
    }

    /// [`Pool::spawn`].
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> GreenThread<T> {
        self.0.spawn(f)
    }

    /// [`Pool::spawn`], when nobody wants the value.
    #[track_caller]
    pub fn spawn_n<T: 'static>(&self, f: impl FnOnce() -> T + 'static) {
        drop(self.0.spawn(f));
    }

    /// [`Pool::imap`].
    pub fn imap<I: IntoIterator<Item: 'static>, T: 'static>(
        &self,
        items: I,
        f: impl Fn(I::Item) -> T + 'static,
    ) -> impl Iterator<Item = Result<T, JoinError>> {
        self.0.imap(items, f)
    }

    /// [`Pool::join`].
    pub fn waitall(&self) {
        self.0.join();
    }

    /// [`Pool::free_count`].
    pub fn free(&self) -> usize {
        self.0.free_count()
    }

    /// [`Pool::running`].
    pub fn running(&self) -> usize {
        self.0.running()
    }
}

/// eventlet's `GreenPile`: spawn one after the other, then iterate over the results in that order.
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
    /// A pile in a pool.
    pub fn new(pool: &GreenPool) -> GreenPile<T> {
        GreenPile {
            pool: pool.clone(),
            pile: VecDeque::new(),
        }
    }

    /// Puts one more on the pile; waits while the pool is full.
    #[track_caller]
    pub fn spawn(&mut self, f: impl FnOnce() -> T + 'static) {
        self.pile.push_back(self.pool.spawn(f));
    }
}

impl<T> Iterator for GreenPile<T> {
    type Item = Result<T, JoinError>;

    fn next(&mut self) -> Option<Self::Item> {
        // It stays on the pile while it is waited for: a time-out may end the wait.
        self.pile.front()?.wait();
        self.pile.pop_front().map(GreenThread::outcome)
    }
}
