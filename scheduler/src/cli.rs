//! Everything behind `main`: one file for each step.

mod args;
mod client;
mod generator;
mod policy;
mod round_robin;
mod serve;
mod step;
mod sync;
mod system_calls;
mod tasks;
mod traced;

use anyhow::Context;
use common::cli::{Interrupt, Outcome, OutputArgs};
use scheduler::executor::Executor;

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let session = common::cli::start_with(&args.trace, &args.output)?;
    let result = answer(args);
    session.conclude(result, &Interrupt::default())
}

fn answer(args: &Args) -> anyhow::Result<Outcome> {
    let output = &args.output;
    let steps = match &args.command {
        None => vec![
            round_robin::show(),
            system_calls::show()?,
            policy::show(&args::PolicyArgs::default()),
            tasks::show(args.blocking)?,
        ],
        Some(Command::Generator) => vec![generator::show()],
        Some(Command::RoundRobin) => vec![round_robin::show()],
        Some(Command::SystemCalls) => vec![system_calls::show()?],
        Some(Command::Policy(policy)) => vec![policy::show(policy)],
        Some(Command::Sync) => vec![sync::show()?],
        Some(Command::Tasks { blocking }) => vec![tasks::show(args.blocking || *blocking)?],
        Some(Command::ChatServer(listen)) => return serve::run(listen, output),
        Some(Command::ChatClient(client)) => return client::run(client, output),
    };
    let point = format!("{POINT}\n\n{}", common::cli::read_next("scheduler"));
    let point = args.command.is_none().then_some(&*point);
    step::print(&steps, point, output)?;
    Ok(Outcome::Done)
}

/// Printed before the demonstration.
const LOOK_FOR: &str = "\
Two tasks, squares and primes, run in four ways on one thread. Each letter
of `turns` is a turn of a task. In the last step, compare the time of sleep with
the time that it took.";

/// The conclusion of the demonstration.
const POINT: &str = "\
What you saw: the same two tasks in four ways, on one thread. A task is a
function that stops where others may run. The scheduler decides which task is
next. Tasks that wait do so at the same time: the sleeps of the last step
overlap. Computing and blocking do not overlap: try --blocking, and look at the
longest run.";

/// Makes an executor. The error says what to do.
fn executor() -> anyhow::Result<Executor> {
    Executor::new()
        .context("no event loop can be made: is the limit of descriptors, `ulimit -n`, too low?")
}

/// Whether remarks are printed.
fn remarks(output: &OutputArgs) -> bool {
    !output.quiet && !output.json
}
