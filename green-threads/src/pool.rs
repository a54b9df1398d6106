//! A pool: at most `n` green threads run at once, as in gevent's `Pool`.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::iter::Peekable;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::channel::{Channel, Receiver, Sender};
use crate::hub;
use crate::sync::Semaphore;
use crate::{Builder, GreenThread, Handle, JoinError, current};

/// Spawns green threads, at most `size` at once. Clones are the same pool.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// let pool = green_threads::Pool::new(10);
/// let squares = pool.map(0..100, |n| {
///     green_threads::sleep(Duration::from_micros(10));
///     n * n
/// });
/// assert_eq!(squares.unwrap()[99], 99 * 99);
/// ```
#[derive(Clone)]
pub struct Pool {
    inner: Rc<Inner>,
}

struct Inner {
    size: usize,
    places: Semaphore,
    running: RefCell<Vec<Handle>>,
}

/// A place in a pool. It is free again when its green thread has ended, or was killed before it
/// began.
struct Place(Rc<Inner>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.places.release();
    }
}

impl Pool {
    /// A pool for `size` green threads at once, at least one.
    pub fn new(size: usize) -> Pool {
        let size = size.max(1);
        Pool {
            inner: Rc::new(Inner {
                size,
                places: Semaphore::named(size, "a place in a pool"),
                running: RefCell::default(),
            }),
        }
    }

    /// Spawns a green thread. It waits first while the pool is full.
    ///
    /// # Panics
    ///
    /// As [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<T: 'static>(&self, f: impl FnOnce() -> T + 'static) -> GreenThread<T> {
        match self.try_spawn(f) {
            Ok(green_thread) => green_thread,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`spawn`](Pool::spawn), but returns an error if there is no stack.
    #[track_caller]
    pub(crate) fn try_spawn<T: 'static>(
        &self,
        f: impl FnOnce() -> T + 'static,
    ) -> io::Result<GreenThread<T>> {
        self.spawn_at(self.place(), f)
    }

    /// Waits for a free place.
    fn place(&self) -> Place {
        self.inner.places.acquire().forget();
        Place(Rc::clone(&self.inner))
    }

    /// Spawns a green thread without waiting.
    #[track_caller]
    fn spawn_at<T: 'static>(
        &self,
        place: Place,
        f: impl FnOnce() -> T + 'static,
    ) -> io::Result<GreenThread<T>> {
        let green_thread = Builder::new().spawn(move || {
            let _place = place;
            f()
        })?;
        let mut running = self.inner.running.borrow_mut();
        if running.len() >= 2 * self.inner.size {
            running.retain(|handle| !handle.ready());
        }
        running.push(green_thread.handle());
        Ok(green_thread)
    }

    /// Calls `f` with each item, in green threads of this pool. Returns all values, in the items'
    /// order.
    ///
    /// # Errors
    ///
    /// The first error, in the items' order. The other green threads are then killed.
    pub fn map<I: IntoIterator<Item: 'static>, T: 'static>(
        &self,
        items: I,
        f: impl Fn(I::Item) -> T + 'static,
    ) -> Result<Vec<T>, JoinError> {
        self.imap(items, f).collect()
    }

    /// As [`map`](Pool::map), but it is an iterator that returns one value after the other while
    /// the others are computed. It computes at most `size` values ahead. Dropping the iterator
    /// kills the green threads that still run.
    pub fn imap<I: IntoIterator<Item: 'static>, T: 'static>(
        &self,
        items: I,
        f: impl Fn(I::Item) -> T + 'static,
    ) -> Imap<I::IntoIter, T> {
        Imap {
            work: self.work(items.into_iter(), f),
            running: VecDeque::new(),
        }
    }

    /// As [`imap`](Pool::imap), but each value is returned as soon as it is ready.
    pub fn imap_unordered<I: IntoIterator<Item: 'static>, T: 'static>(
        &self,
        items: I,
        f: impl Fn(I::Item) -> T + 'static,
    ) -> ImapUnordered<I::IntoIter, T> {
        let (ended, next_ended) = Channel::unbounded();
        ImapUnordered {
            work: self.work(items.into_iter(), f),
            running: HashMap::new(),
            begun: 0,
            told: None,
            ended,
            next_ended,
        }
    }

    fn work<I: Iterator, T>(&self, items: I, f: impl Fn(I::Item) -> T + 'static) -> Work<I, T> {
        Work {
            pool: self.clone(),
            items: items.peekable(),
            f: Rc::new(f),
        }
    }

    /// Waits until a green thread can be spawned without waiting.
    pub fn wait_available(&self) {
        drop(self.inner.places.acquire());
    }

    /// Waits until all of its green threads have ended.
    ///
    /// # Panics
    ///
    /// When one of them calls it: it would wait for itself.
    pub fn join(&self) {
        self.join_until(None);
    }

    /// Waits until all of its green threads have ended, or for the time-out. Returns whether all
    /// have.
    ///
    /// # Panics
    ///
    /// As [`join`](Pool::join).
    pub fn join_timeout(&self, timeout: Duration) -> bool {
        self.join_until(Some(hub::after(timeout)))
    }

    fn join_until(&self, deadline: Option<Instant>) -> bool {
        loop {
            let mut running = self.inner.running.borrow_mut();
            running.retain(|handle| !handle.ready());
            let Some(last) = running.last().cloned() else {
                return true;
            };
            drop(running);
            if !last.wait_until(deadline) {
                return false;
            }
        }
    }

    /// Kills all of its green threads, and waits until they have ended. If one of them calls this,
    /// it kills the others, then itself, and does not wait.
    pub fn kill(&self) {
        let caller = current();
        let mut own = false;
        for handle in self.inner.running.borrow().iter() {
            if handle.is(&caller) {
                // It unwinds here, so it must be the last.
                own = true;
            } else {
                handle.kill_soon();
            }
        }
        match own {
            true => caller.kill_soon(),
            false => self.join(),
        }
    }

    /// How many can be spawned without waiting.
    pub fn free_count(&self) -> usize {
        self.inner.places.available()
    }

    /// How many run now.
    pub fn running(&self) -> usize {
        let running = self.inner.running.borrow();
        running.iter().filter(|handle| !handle.ready()).count()
    }

    /// How many can run at once.
    pub fn size(&self) -> usize {
        self.inner.size
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("size", &self.size())
            .field("running", &self.running())
            .finish()
    }
}

/// The items, the function to call with each, and the pool.
struct Work<I: Iterator, T> {
    pool: Pool,
    items: Peekable<I>,
    f: Rc<dyn Fn(I::Item) -> T>,
}

impl<I: Iterator<Item: 'static>, T: 'static> Work<I, T> {
    /// Begins with the next item, if there is one and the pool has room. If no green thread of this
    /// map runs, it waits for room. It takes the item after the wait, so that a time-out during the
    /// wait loses no item. `guard` is made when the green thread begins, and dropped when it ends.
    fn begin<G: 'static>(
        &mut self,
        running: usize,
        guard: impl FnOnce() -> G,
    ) -> Option<GreenThread<T>> {
        let room = running < self.pool.size() && self.pool.free_count() > 0;
        if running > 0 && !room {
            return None;
        }
        self.items.peek()?;
        let place = self.pool.place();
        let (item, f, guard) = (self.items.next()?, Rc::clone(&self.f), guard());
        let spawned = self.pool.spawn_at(place, move || {
            let _guard = guard;
            f(item)
        });
        match spawned {
            Ok(green_thread) => Some(green_thread),
            Err(error) => panic!("{error}"),
        }
    }
}

/// What [`Pool::imap`] returns.
pub struct Imap<I: Iterator, T> {
    work: Work<I, T>,
    running: VecDeque<GreenThread<T>>,
}

impl<I: Iterator<Item: 'static>, T: 'static> Iterator for Imap<I, T> {
    type Item = Result<T, JoinError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(green_thread) = self.work.begin(self.running.len(), || ()) {
            self.running.push_back(green_thread);
        }
        // It stays in the list during the wait: a time-out may end the wait.
        self.running.front()?.wait();
        self.running.pop_front().map(GreenThread::outcome)
    }
}

impl<I: Iterator, T> Drop for Imap<I, T> {
    fn drop(&mut self) {
        for green_thread in &self.running {
            green_thread.kill_soon();
        }
    }
}

impl<I: Iterator, T> fmt::Debug for Imap<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap")
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}

/// What [`Pool::imap_unordered`] returns.
pub struct ImapUnordered<I: Iterator, T> {
    work: Work<I, T>,
    running: HashMap<usize, GreenThread<T>>,
    begun: usize,
    /// A green thread that has announced its end, but may not have ended yet.
    told: Option<usize>,
    ended: Sender<usize>,
    next_ended: Receiver<usize>,
}

/// Announces the end of a green thread, however it ends.
struct Announce(Sender<usize>, usize);

impl Drop for Announce {
    fn drop(&mut self) {
        let _ = self.0.try_send(self.1);
    }
}

impl<I: Iterator<Item: 'static>, T: 'static> Iterator for ImapUnordered<I, T> {
    type Item = Result<T, JoinError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let announce = || Announce(self.ended.clone(), self.begun);
            match self.work.begin(self.running.len(), announce) {
                Some(green_thread) => self.running.insert(self.begun, green_thread),
                None => break,
            };
            self.begun += 1;
        }
        // Nothing is taken before a wait, because a time-out may end the wait.
        let number = match self.told {
            Some(number) => number,
            None if self.running.is_empty() => return None,
            None => self.next_ended.recv().ok()?,
        };
        self.told = Some(number);
        self.running.get(&number)?.wait();
        self.told = None;
        self.running.remove(&number).map(GreenThread::outcome)
    }
}

impl<I: Iterator, T> Drop for ImapUnordered<I, T> {
    fn drop(&mut self) {
        for green_thread in self.running.values() {
            green_thread.kill_soon();
        }
    }
}

impl<I: Iterator, T> fmt::Debug for ImapUnordered<I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapUnordered")
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}
