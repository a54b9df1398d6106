//! What worker processes are sent, and how they are had.

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

/// A band to be computed in another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Band {
    /// Of which plan.
    pub plan: Plan,
    /// By which kernel.
    pub kernel: KernelName,
    /// Which of the plan's bands.
    pub index: usize,
}

impl Band {
    /// The bands of a plan, in order.
    pub fn all(plan: &Plan, kernel: KernelName) -> impl Iterator<Item = Band> + '_ {
        (0..plan.bands()).map(move |index| Band {
            plan: plan.clone(),
            kernel,
            index,
        })
    }

    /// Its counts.
    pub fn compute(&self) -> Vec<u32> {
        let plan = kept(&self.plan);
        let tile = plan.band(self.index);
        let mut out = vec![0; tile.points()];
        self.kernel.fill()(&plan, tile, &mut out);
        out
    }
}

/// The plan of the band before, if it is the same: with what its kernel has computed for all bands.
fn kept(plan: &Plan) -> Plan {
    static LAST: Mutex<Option<Plan>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    match &*last {
        Some(last) if last == plan => last.clone(),
        _ => last.insert(plan.clone()).clone(),
    }
}

/// A pool for the models that use processes.
///
/// # Errors
/// If `main` doesn't begin with the hook.
pub fn pool(workers: NonZeroUsize) -> io::Result<ProcessPool> {
    ProcessPool::builder()
        .workers(workers.get())
        .build()
        .map_err(io::Error::other)
}

/// How often it is asked whether to stop.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// Does `work` on a pool, and calls `end`, which kills the pool, as soon as `stop` says so: what another process is in
/// the middle of can't be ended otherwise, and may take minutes.
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
        // Dropped at the end of this, however it ends: that ends the thread.
        let _working = working;
        work()
    })
}

/// Ends a pool that lost a band, since a picture with a hole is none.
pub(crate) fn fail<T>(
    end: &impl Fn(),
    plan: &Plan,
    index: usize,
    error: &executors::Error,
) -> io::Result<T> {
    // The error told is the first.
    end();
    let tile = plan.band(index);
    let last = tile.y + tile.height - 1;
    Err(io::Error::other(format!(
        "{error}, working on rows {} to {last}",
        tile.y
    )))
}
