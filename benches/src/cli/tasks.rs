//! The work of `peer-executors` and `peers/tasks.py`, on our executor.

use std::cell::Cell;
use std::future::pending;
use std::io::Write;
use std::rc::Rc;

use common::cli::Outcome;
use scheduler::executor::{Executor, yield_now};

use super::args::TasksJob;

/// Among how many tasks the yields are divided.
const TASKS: u64 = 10;

/// Does a job, and prints the number that the tasks have counted.
pub(crate) fn run(job: TasksJob, count: u64) -> anyhow::Result<Outcome> {
    let executor = Executor::new()?;
    let done = Rc::new(Cell::new(0));
    let add = |count| {
        let done = Rc::clone(&done);
        move || done.set(done.get() + count)
    };
    match job {
        TasksJob::Yield => {
            for _ in 0..TASKS {
                let add = add(count / TASKS);
                drop(executor.spawn(async move {
                    for _ in 0..count / TASKS {
                        yield_now().await;
                    }
                    add();
                }));
            }
        }
        TasksJob::Spawn => {
            for _ in 0..count {
                let add = add(1);
                drop(executor.spawn(async move { add() }));
            }
        }
        TasksJob::Park => {
            for _ in 0..count {
                let add = add(1);
                drop(executor.spawn(async move {
                    add();
                    pending::<()>().await;
                }));
            }
        }
    }
    match job {
        TasksJob::Park => executor.run_pending(),
        _ => executor.run()?,
    }
    let mut out = common::cli::stdout();
    writeln!(out, "{}", done.get())?;
    out.flush()?;
    // What is parked would only be dropped.
    std::mem::forget(executor);
    Ok(Outcome::Done)
}
