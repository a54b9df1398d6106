//! The start and the end of a region.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::locks;
use super::panics::{self, Panic, Stopped};
use super::room;
use super::settings::{MOST_THREADS, Settings};
use super::thread::{Depth, Team, Thread};

/// Runs `body` on a team of `threads` threads. The caller is thread 0. Returns the results of all
/// threads, in the order of their numbers. For 0 threads, `OMP_NUM_THREADS` decides, or else the
/// number of CPUs that this process may use.
///
/// If the system refuses a thread, the team is smaller.
///
/// # Panics
/// If `body` panics in any thread. The panic continues in the caller after all threads have ended,
/// with the thread and the place in its message. The other threads end at their next barrier or
/// loop turn.
///
/// # Examples
///
/// ```
/// use mandelbrot::omp;
/// let numbers = omp::parallel(3, |p| p.thread_num());
/// assert_eq!(numbers, [0, 1, 2]);
/// ```
pub fn parallel<R: Send>(threads: usize, body: impl Fn(&Thread<'_>) -> R + Sync) -> Vec<R> {
    Region::new().threads(threads).run(body)
}

/// A region that is not started yet, with options that [`parallel`] does not have.
///
/// # Examples
///
/// ```
/// use mandelbrot::omp::Region;
/// let items = 10;
/// let teams = Region::new().threads(4).only_if(items > 1000).run(|p| p.num_threads());
/// assert_eq!(teams, [1]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Region {
    threads: usize,
    serial: bool,
    max_active_levels: Option<usize>,
}

impl Region {
    /// A region with the settings of the environment.
    pub fn new() -> Region {
        Region::default()
    }

    /// Sets the number of threads; 0 means the environment's number.
    #[must_use]
    pub fn threads(self, threads: usize) -> Region {
        Region { threads, ..self }
    }

    /// Uses one thread, the caller, unless `parallel` is true.
    #[must_use]
    pub fn only_if(self, parallel: bool) -> Region {
        Region {
            serial: !parallel,
            ..self
        }
    }

    /// Uses one thread if already `levels` outer regions have more than one: nested teams would
    /// multiply the number of threads.
    #[must_use]
    pub fn max_active_levels(self, levels: usize) -> Region {
        Region {
            max_active_levels: Some(levels),
            ..self
        }
    }

    /// Runs the region like [`parallel`].
    ///
    /// # Panics
    /// If `body` panics in any thread.
    pub fn run<R: Send>(self, body: impl Fn(&Thread<'_>) -> R + Sync) -> Vec<R> {
        self.try_run(body).unwrap_or_else(|panic| panic.resume())
    }

    /// Runs the region and returns a panic, where [`run`](Region::run) would continue panicking. Of
    /// several panics it returns that of the lowest thread.
    ///
    /// # Errors
    /// If `body` panics in any thread.
    pub fn try_run<R: Send>(self, body: impl Fn(&Thread<'_>) -> R + Sync) -> Result<Vec<R>, Panic> {
        let around = DEPTH.get();
        let settings = Settings::from_env_where_good();
        let levels = self
            .max_active_levels
            .unwrap_or_else(|| settings.max_active_levels());
        let threads = match self.threads {
            _ if self.serial || around.active >= levels => 1,
            0 => settings.threads(around.level),
            threads => threads.min(MOST_THREADS),
        };
        let group = GROUP.with_borrow(Clone::clone);
        let group = group.unwrap_or_default();
        let reserved = Reserved::new(&group, threads - 1, &settings);
        let held = locks::held();
        let gate = OnceLock::new();
        let work = |number: usize| part(gate.wait(), number, &group, &held, &body);
        let results = thread::scope(|scope| {
            let others: Vec<_> = (1..=reserved.threads)
                .map_while(|number| {
                    thread::Builder::new()
                        .name(format!("omp-{number}"))
                        .spawn_scoped(scope, move || work(number))
                        .ok()
                })
                .collect();
            // The number of started threads is known only now.
            let size = others.len() + 1;
            let depth = Depth {
                level: around.level + 1,
                active: around.active + usize::from(size > 1),
            };
            gate.get_or_init(|| Team::new(size, depth, settings));
            let mut results = vec![work(0)];
            // The threads catch panics of the body, so `join` fails only if catching failed.
            let join = |other: thread::ScopedJoinHandle<'_, _>| {
                other
                    .join()
                    .unwrap_or_else(|payload| std::panic::resume_unwind(payload))
            };
            results.extend(others.into_iter().map(join));
            results
        });
        drop(reserved);
        let mut aborted = false;
        let mut values = Vec::with_capacity(results.len());
        for result in results {
            match result {
                Ok(value) => values.push(value),
                Err(Stopped::Panicked(panic)) => return Err(panic),
                Err(Stopped::Aborted) => aborted = true,
            }
        }
        assert!(!aborted, "a thread was stopped although none panicked");
        Ok(values)
    }
}

/// A thread's part of a region.
fn part<R>(
    team: &Team,
    number: usize,
    group: &Arc<AtomicUsize>,
    held: &[&'static str],
    body: &impl Fn(&Thread<'_>) -> R,
) -> Result<R, Stopped> {
    let outer = DEPTH.replace(team.depth());
    let outer_group = GROUP.replace(Some(Arc::clone(group)));
    let outer_held = locks::enter(held);
    let result = panics::catch(number, || body(&Thread::new(team, number, held.len())));
    locks::leave(held.len(), outer_held);
    GROUP.set(outer_group);
    DEPTH.set(outer);
    match result {
        Ok(_) => team.leave(),
        Err(_) => team.abort(),
    }
    result
}

/// The threads that a region may start besides its caller.
struct Reserved<'g> {
    group: &'g AtomicUsize,
    threads: usize,
}

impl<'g> Reserved<'g> {
    /// Reserves the wanted number, or fewer if `OMP_THREAD_LIMIT` or the system allows fewer.
    fn new(group: &'g AtomicUsize, wanted: usize, settings: &Settings) -> Reserved<'g> {
        let most = settings.thread_limit().saturating_sub(1);
        let wanted = wanted.min(room::for_threads(wanted));
        let take = |busy: usize| wanted.min(most.saturating_sub(busy));
        let before = group
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |busy| {
                Some(busy + take(busy))
            })
            .unwrap_or_else(|busy| busy);
        Reserved {
            group,
            threads: take(before),
        }
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.group.fetch_sub(self.threads, Ordering::Relaxed);
    }
}

thread_local! {
    /// The nesting depth of regions of this thread.
    static DEPTH: Cell<Depth> = const { Cell::new(Depth { level: 0, active: 0 }) };
    /// How many threads the outermost region and its inner regions have started.
    static GROUP: RefCell<Option<Arc<AtomicUsize>>> = const { RefCell::new(None) };
}
