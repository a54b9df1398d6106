//! A bar in the timeline for each job (or chunk), if the program traces.

/// Runs a job in its own span.
#[cfg(feature = "trace")]
pub(crate) fn job<T>(run: impl FnOnce() -> T) -> T {
    tracing::info_span!("job").in_scope(run)
}

/// Runs a job.
#[cfg(not(feature = "trace"))]
pub(crate) fn job<T>(run: impl FnOnce() -> T) -> T {
    run()
}
