//! A job that does nothing: it shows the cost of handing a job over.

use executors::JobType;
use serde::{Deserialize, Serialize};

/// All jobs of this package's programs: each begins with `executors::hook(JOBS)`.
pub const JOBS: &[JobType] = &[executors::job::<Echo>(), executors::job::<primes::Job>()];

/// Answers with its own number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Echo(pub u64);

impl executors::Job for Echo {
    type Output = u64;

    fn run(self) -> u64 {
        self.0
    }
}
