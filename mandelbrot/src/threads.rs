//! Scoped threads that take bands from an atomic counter: a free thread takes the next band.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::counts::Counts;
use crate::kernels::Kernel;
use crate::plan::Plan;

/// Runs the kernel on `workers` threads. The calling thread is one of them.
///
/// # Errors
/// If the system refuses a thread.
///
/// # Panics
/// If the kernel panics, after the other threads have finished.
pub fn run(plan: &Plan, kernel: impl Kernel, workers: NonZeroUsize) -> io::Result<Counts> {
    let mut counts = Counts::new(plan);
    // The counter gives each band to one thread only. No thread ever waits for these locks; they
    // prove that to the compiler.
    let bands: Vec<_> = counts.bands_mut(plan).map(Mutex::new).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(band) = bands.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (tile, out) = &mut *band.lock().unwrap_or_else(PoisonError::into_inner);
            kernel(plan, *tile, out);
        }
    };
    thread::scope(|scope| {
        for number in 1..workers.get().min(bands.len()) {
            thread::Builder::new()
                .name(format!("worker-{number}"))
                .spawn_scoped(scope, work)?;
        }
        work();
        io::Result::Ok(())
    })?;
    drop(bands);
    Ok(counts)
}
