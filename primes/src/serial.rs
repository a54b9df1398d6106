//! One job after the other: what every other model is measured against.

use std::io;
use std::num::NonZeroUsize;

use crate::job::Job;

/// Runs the jobs in the calling thread, whatever the number of workers.
///
/// # Errors
/// Never: the signature is that of every model.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    _workers: NonZeroUsize,
    done: impl Fn(Job, u64) + Sync,
) -> io::Result<()> {
    for job in jobs {
        let answer = job.run();
        done(job, answer);
    }
    Ok(())
}
