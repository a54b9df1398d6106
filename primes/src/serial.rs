//! One job after the other: what every other model is measured against.

use std::io;
use std::num::NonZeroUsize;

use crate::job::Job;
use crate::watch::Watch;

/// Runs the jobs in the calling thread, whatever the number of workers.
///
/// # Errors
/// Never: the signature is that of every model.
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
