//! async: blocking threads render the bands, and tasks await them.
//!
//! async does not make this work faster: async is for waiting. But a server that draws pictures
//! should draw them this way, because it can still answer requests meanwhile.

use std::io;
use std::num::NonZeroUsize;
use std::panic;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::plan::Plan;

/// Runs the kernel as tasks on `workers` blocking threads.
///
/// # Errors
/// If the system refuses to start the runtime.
///
/// # Panics
/// If the kernel panics.
pub fn run(
    plan: &Plan,
    kernel: impl Kernel + 'static,
    workers: NonZeroUsize,
) -> io::Result<Counts> {
    Ok(runtime(workers)?.block_on(render(plan, kernel, workers)))
}

/// A runtime with at most `workers` blocking threads. tokio's own limit is 512, far too many for
/// work that computes.
///
/// # Errors
/// If the system refuses to start it.
pub fn runtime(workers: NonZeroUsize) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .max_blocking_threads(workers.get())
        .thread_name("tokio-blocking")
        .build()
}

/// Like [`run`], but awaited on an existing runtime.
///
/// # Panics
/// If the kernel panics, or if there is no tokio runtime.
pub async fn render(plan: &Plan, kernel: impl Kernel + 'static, workers: NonZeroUsize) -> Counts {
    let mut counts = Counts::new(plan);
    // A task may outlive the function that spawned it, so it can't borrow.
    let shared = Arc::new((plan.clone(), kernel));
    let mut bands = 0..plan.bands();
    let mut running = JoinSet::new();
    loop {
        // tokio's queue for blocking work is unbounded. This loop is the bound.
        while running.len() < 2 * workers.get()
            && let Some(band) = bands.next()
        {
            let shared = Arc::clone(&shared);
            running.spawn_blocking(move || {
                let (plan, kernel) = &*shared;
                let tile = plan.band(band);
                let mut out = vec![0; tile.points()];
                kernel(plan, tile, &mut out);
                (tile, out)
            });
        }
        match running.join_next().await {
            Some(Ok((tile, out))) => counts.rows_mut(tile).copy_from_slice(&out),
            Some(Err(error)) => panic::resume_unwind(error.into_panic()),
            None => return counts,
        }
    }
}
