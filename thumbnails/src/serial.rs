//! One picture after the other: the baseline for all other models.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::task::{Outcome, Task};

/// Runs the tasks in the calling thread; the number of workers is ignored. `done` gets each
/// outcome, and returns whether to continue.
///
/// # Errors
/// Never. All models have the same signature.
pub fn run(
    tasks: impl Iterator<Item = Task> + Send,
    _workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    for task in tasks {
        let outcome = task.run();
        if done(task, outcome).is_break() {
            break;
        }
    }
    Ok(())
}
