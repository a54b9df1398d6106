//! One picture after the other: what every other model is measured against.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::task::{Outcome, Task};

/// Runs the tasks in the calling thread, whatever the number of workers. `done` hears what became
/// of each, and says whether to go on.
///
/// # Errors
/// Never: the signature is that of every model.
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
