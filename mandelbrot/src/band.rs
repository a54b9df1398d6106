//! The jobs of worker processes, and the pool that runs them.

use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use executors::ProcessPool;
use serde::{Deserialize, Serialize};

use crate::kernels::KernelName;
use crate::plan::Plan;

/// A band for another process to compute.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Band {
    /// The plan.
    pub plan: Plan,
    /// The kernel.
    pub kernel: KernelName,
    /// The number of the band in the plan.
    pub index: usize,
}

impl Band {
    /// All bands of a plan, in order.
    pub fn all(plan: &Plan, kernel: KernelName) -> impl Iterator<Item = Band> + '_ {
        (0..plan.bands()).map(move |index| Band {
            plan: plan.clone(),
            kernel,
            index,
        })
    }

    /// Computes the counts of the band.
    pub fn compute(&self) -> Vec<u32> {
        let plan = kept(&self.plan);
        let tile = plan.band(self.index);
        let mut out = vec![0; tile.points()];
        self.kernel.fill()(&plan, tile, &mut out);
        out
    }
}

/// Returns the plan of the band before, if it is equal: it may already contain the kernel's results
/// for all bands.
fn kept(plan: &Plan) -> Plan {
    static LAST: Mutex<Option<Plan>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some(last) if last == plan => last.clone(),
        _ => last.insert(plan.clone()).clone(),
    }
}

/// A pool for the models with processes.
///
/// # Errors
/// If `main` does not begin with the hook.
pub fn pool(workers: NonZeroUsize) -> io::Result<ProcessPool> {
    ProcessPool::builder()
        .workers(workers.get())
        .build()
        .map_err(io::Error::other)
}

/// Kills the pool.
pub(crate) fn killing(pool: &ProcessPool) -> impl Fn() + Sync {
    || {
        // A pool that can't be killed has ended by itself.
        let _ = pool.kill();
    }
}

/// How often `stop` is called.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Runs `work` on a pool, and calls `end`, which kills the pool, as soon as `stop` returns true. A job
/// in another process can't be stopped in any other way, and may take minutes.
pub(crate) fn until_stopped<R>(
    end: &(impl Fn() + Sync),
    stop: &(impl Fn() -> bool + Sync),
    work: impl FnOnce() -> R,
) -> R {
    let (working, done) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            while done.recv_timeout(ASK_EVERY) == Err(RecvTimeoutError::Timeout) {
                if stop() {
                    end();
                    return;
                }
            }
        });
        // It is dropped at the end of the scope, also on a panic. That ends the thread.
        let _working = working;
        work()
    })
}

/// Kills a pool that lost a band, because the picture would be incomplete.
pub(crate) fn fail<T>(
    end: &impl Fn(),
    plan: &Plan,
    index: usize,
    error: &executors::Error,
) -> io::Result<T> {
    // The first error is reported.
    end();
    let tile = plan.band(index);
    let last = tile.y + tile.height - 1;
    Err(io::Error::other(format!(
        "{error}, working on rows {} to {last}",
        tile.y
    )))
}
