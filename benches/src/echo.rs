//! A job that does nothing. It shows the cost of submitting a job.

use executors::JobType;
use serde::{Deserialize, Serialize};

/// All jobs of this package. Each of its programs begins with `executors::hook(JOBS)`.
pub const JOBS: &[JobType] = &[executors::job::<Echo>(), executors::job::<primes::Job>()];

/// Returns its own number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Echo(pub u64);

impl executors::Job for Echo {
    type Output = u64;

    fn run(self) -> u64 {
        self.0
    }
}
