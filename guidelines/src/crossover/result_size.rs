//! How large a result may be before threads are better than processes.

use super::{About, Crossover, find, sizes};
use crate::costs::{Kit, try_timed};
use crate::figure::Unit;
use crate::jobs::{Bytes, Make, touch};
use crate::sample::Run;
use executors::{Executor, Job};
use std::io;

/// For a task of 10 ms. Threads are better if the result costs a tenth of that more with processes.
const A_TENTH: f64 = 1e-3;

const ROUNDS: usize = 7;

/// How often the job runs on each side, at each size.
const TIMES: usize = 3;

fn looked_at(bytes: Bytes) {
    touch(&bytes.0);
}

/// The cross-over.
///
/// # Errors
///
/// If the user asked to stop, or a pool is broken.
pub fn measure(kit: &Kit, run: &Run<'_>) -> io::Result<Crossover> {
    let about = About {
        id: "result-size",
        title: "a process pool's result, beside a thread pool's",
        size: "size of a result",
        ratio: "the additional cost, divided by 1 ms (a tenth of a task of 10 ms)",
        unit: Unit::Bytes,
    };
    let sizes = sizes(4096.0, f64::from(32 << 20), 2.0);
    find(about, &sizes, run.at_most(ROUNDS), run, |size| {
        let job = Make {
            size: size as usize,
        };
        let mut times = Vec::new();
        for _ in 0..TIMES {
            let by_process = try_timed(|| {
                let future = kit.process_pool.submit(job);
                future.and_then(executors::Future::result).map(looked_at)
            })?;
            let by_thread = try_timed(|| {
                let future = kit.thread_pool.spawn(move || job.run());
                future.and_then(executors::Future::result).map(looked_at)
            })?;
            times.push(by_process.as_secs_f64() - by_thread.as_secs_f64());
        }
        times.sort_unstable_by(f64::total_cmp);
        Ok(times[times.len() / 2] / A_TENTH)
    })
}
