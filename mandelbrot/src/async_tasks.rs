//! async: bands are rendered on threads made for blocking, and awaited.
//!
//! async buys nothing for work like this: it is for waiting. But a server that draws pictures draws
//! them so, and goes on answering meanwhile.

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
/// If the system refuses the runtime.
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

/// A runtime with at most `workers` threads for blocking work. tokio's own limit is 512: far too
/// many for work that computes.
///
/// # Errors
/// If the system refuses it.
pub fn runtime(workers: NonZeroUsize) -> io::Result<Runtime> {
    Builder::new_current_thread()
        .max_blocking_threads(workers.get())
        .thread_name("tokio-blocking")
        .build()
}

/// [`run`], to be awaited on a runtime that is there already.
///
/// # Panics
/// If the kernel panics, or without a tokio runtime.
pub async fn render(plan: &Plan, kernel: impl Kernel + 'static, workers: NonZeroUsize) -> Counts {
    let mut counts = Counts::new(plan);
    // A task may outlive the function that spawned it, so it borrows nothing.
    let shared = Arc::new((plan.clone(), kernel));
    let mut bands = 0..plan.bands();
    let mut running = JoinSet::new();
    loop {
        // tokio's queue for blocking work has no bound: this is it.
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
