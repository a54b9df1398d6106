//! The beginning and the end of a region.

use std::cell::Cell;
use std::sync::OnceLock;
use std::thread;

use super::panics::{self, Panic, Stopped};
use super::settings::{MOST_THREADS, Settings};
use super::thread::{Team, Thread};

/// Runs `body` on a team of `threads`, of which the caller is thread 0, and returns what each
/// returned, in the order of thread numbers. 0 threads are as many as `OMP_NUM_THREADS` says, or as
/// this process may use CPUs.
///
/// If the system refuses a thread, the team is smaller.
///
/// # Panics
/// If `body` panics in any thread: in the caller, with thread and place named, after all have ended.
/// The others end at their next barrier or loop turn.
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

/// A region yet to be run, for all that [`parallel`] doesn't ask.
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
    /// A region with what the environment says.
    pub fn new() -> Region {
        Region::default()
    }

    /// With so many threads; 0 for what the environment says.
    #[must_use]
    pub fn threads(self, threads: usize) -> Region {
        Region { threads, ..self }
    }

    /// With one thread, the caller, unless `parallel`.
    #[must_use]
    pub fn only_if(self, parallel: bool) -> Region {
        Region {
            serial: !parallel,
            ..self
        }
    }

    /// With one thread if already `levels` regions around have more: a team of teams of teams would
    /// be more threads than anybody wants.
    #[must_use]
    pub fn max_active_levels(self, levels: usize) -> Region {
        Region {
            max_active_levels: Some(levels),
            ..self
        }
    }

    /// Runs it as [`parallel`] does.
    ///
    /// # Panics
    /// If `body` panics in any thread.
    pub fn run<R: Send>(self, body: impl Fn(&Thread<'_>) -> R + Sync) -> Vec<R> {
        self.try_run(body).unwrap_or_else(|panic| panic.resume())
    }

    /// Runs it and returns a panic, where [`run`](Region::run) goes on panicking. Of several the one
    /// of the lowest thread.
    ///
    /// # Errors
    /// If `body` panics in any thread.
    pub fn try_run<R: Send>(self, body: impl Fn(&Thread<'_>) -> R + Sync) -> Result<Vec<R>, Panic> {
        let level = LEVEL.get();
        let settings = Settings::from_env_where_good();
        let levels = self
            .max_active_levels
            .unwrap_or_else(|| settings.max_active_levels());
        let threads = match self.threads {
            _ if self.serial || level >= levels => 1,
            0 => settings.threads(level),
            threads => threads.min(MOST_THREADS),
        };
        let active = level + usize::from(threads > 1);
        let gate = OnceLock::new();
        let work = |number: usize| part(gate.wait(), number, active, &body);
        let results = thread::scope(|scope| {
            let others: Vec<_> = (1..threads)
                .map_while(|number| {
                    thread::Builder::new()
                        .name(format!("omp-{number}"))
                        .spawn_scoped(scope, move || work(number))
                        .ok()
                })
                .collect();
            // Only now is it known how many there are.
            gate.get_or_init(|| Team::new(others.len() + 1, active, settings));
            let mut results = vec![work(0)];
            // They catch what the body throws, so joining fails only where catching did.
            let join = |other: thread::ScopedJoinHandle<'_, _>| {
                other
                    .join()
                    .unwrap_or_else(|payload| std::panic::resume_unwind(payload))
            };
            results.extend(others.into_iter().map(join));
            results
        });
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
    level: usize,
    body: &impl Fn(&Thread<'_>) -> R,
) -> Result<R, Stopped> {
    let outer = LEVEL.replace(level);
    let result = panics::catch(number, || body(&Thread::new(team, number)));
    LEVEL.set(outer);
    match result {
        Ok(_) => team.leave(),
        Err(_) => team.abort(),
    }
    result
}

thread_local! {
    /// How many regions of more than one thread this thread is in.
    static LEVEL: Cell<usize> = const { Cell::new(0) };
}
