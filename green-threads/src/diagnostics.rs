//! Lists the green threads of this hub and their states.

use std::fmt;
use std::panic::Location;

use crate::hub;

/// The state of a green thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs: it is the one that calls this.
    Running,
    /// It is ready, and will run when its turn comes.
    Ready,
    /// It waits for this.
    Waiting(&'static str),
}

/// The status of a green thread that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Its number.
    pub id: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its state.
    pub state: State,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "green thread {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " \"{name}\"")?;
        }
        match self.state {
            State::Running => write!(f, " runs")?,
            State::Ready => write!(f, " is ready")?,
            State::Waiting(what) => write!(f, " waits: {what}")?,
        }
        write!(f, "; spawned at {}", self.spawned_at)
    }
}

/// All green threads of this thread's hub that have not ended, ordered by number.
///
/// # Examples
///
/// ```
/// use green_threads::{Builder, State, list, sleep, yield_now};
///
/// Builder::new().name("dreamer").spawn(|| sleep(std::time::Duration::from_secs(60)))?;
/// yield_now();
/// let dreamer = &list()[0];
/// assert_eq!(dreamer.state, State::Waiting("sleep"));
/// assert!(dreamer.to_string().starts_with("green thread 1 \"dreamer\" waits: sleep; spawned at"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn list() -> Vec<Status> {
    hub::with(|hub| {
        let current = hub.current();
        let mut list: Vec<_> = hub
            .living
            .all()
            .iter()
            .map(|task| Status {
                id: task.id(),
                name: task.name().map(str::to_owned),
                state: match () {
                    () if task.id() == current.id() => State::Running,
                    () if task.is_parked() => State::Waiting(task.waits_for()),
                    () => State::Ready,
                },
                spawned_at: task.spawned_at(),
            })
            .collect();
        list.sort_unstable_by_key(|status| status.id);
        list
    })
}

/// The counts of a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubStats {
    /// Green threads that have not ended.
    pub green_threads: usize,
    /// Sockets that are registered with the event loop.
    pub sources: usize,
    /// Timers that are set.
    pub timers: usize,
    /// Results that other threads have still to deliver.
    pub remotes: usize,
    /// The greatest depth of any stack so far, in bytes, rounded up to whole pages. It helps to
    /// choose a [`Builder::stack_size`](crate::Builder::stack_size).
    pub stack_high_water: usize,
}

/// The counts of this thread's hub.
///
/// # Examples
///
/// ```
/// green_threads::spawn(|| ()).join().unwrap();
/// let stats = green_threads::stats();
/// assert_eq!(stats.green_threads, 0);
/// assert!(stats.stack_high_water < green_threads::DEFAULT_STACK_SIZE);
/// ```
pub fn stats() -> HubStats {
    hub::with(|hub| HubStats {
        green_threads: hub.living.count(),
        sources: hub.driver.sources(),
        timers: hub.driver.timers(),
        remotes: hub.remotes.expected(),
        stack_high_water: hub.stacks.high_water(),
    })
}
