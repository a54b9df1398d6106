//! A team with more threads than a process can have. It is alone in its program, because other
//! tests would get no threads meanwhile.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use mandelbrot::omp::Region;

/// More threads than the process has mappings for. Without the check, one of the started threads
/// would end the whole process.
#[test]
fn a_team_beyond_what_the_system_can_start_is_smaller() {
    let started = AtomicUsize::new(0);
    let result = Region::new().threads(65_000).try_run(|p| {
        started.fetch_add(1, Ordering::Relaxed);
        p.num_threads()
    });
    let sizes = result.unwrap();
    assert_eq!(sizes.len(), started.into_inner());
    assert!(sizes.len() < 65_000 && sizes.iter().all(|size| *size == sizes.len()));
}
