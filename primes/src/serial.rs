//! One job after the other: the baseline for all other models.

use std::io;
use std::num::NonZeroUsize;

use crate::job::Job;
use crate::watch::Watch;

/// Runs the jobs in the calling thread. The number of workers is ignored.
///
/// # Errors
/// Never. All models have the same signature.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    _workers: NonZeroUsize,
    watch: impl Watch,
) -> io::Result<()> {
    for job in jobs {
        let Some(answer) = job.run_while(|numbers| watch.go_on(numbers)) else {
            break;
        };
        watch.done(job, answer);
    }
    Ok(())
}
