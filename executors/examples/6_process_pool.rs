//! A process pool: the workers are this program, started again. Jobs and results are lines on
//! pipes. A closure can't be sent through a pipe. So both sides know the function, and only its
//! input is sent.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The job: the number of steps until 1 in the Collatz sequence.
fn job(start: u64) -> u64 {
    let (mut number, mut steps) = (start, 0);
    while number != 1 {
        number = match number % 2 {
            0 => number / 2,
            _ => 3 * number + 1,
        };
        steps += 1;
    }
    steps
}

/// The worker: reads inputs and writes results. It ends when the input ends (also if its parent has
/// died).
fn work() -> io::Result<()> {
    for line in io::stdin().lines() {
        println!("{}", job(line?.parse().map_err(io::Error::other)?));
    }
    Ok(())
}

fn start_worker() -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("worker");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
}

/// Runs these jobs in one worker.
fn run(inputs: &[u64]) -> io::Result<()> {
    let mut worker = start_worker()?;
    let mut jobs = worker.stdin.take().expect("it is piped");
    let mut results = BufReader::new(worker.stdout.take().expect("it is piped"));
    for input in inputs {
        writeln!(jobs, "{input}")?;
        let mut steps = String::new();
        results.read_line(&mut steps)?;
        println!("process {}: {input} takes {}", worker.id(), steps.trim());
    }
    drop(jobs); // The worker sees the end of its input, and ends.
    worker.wait().map(|_| ())
}

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return work();
    }
    let inputs = [27, 97, 871, 6171, 77031, 837799];
    thread::scope(|scope| {
        let low = scope.spawn(|| run(&inputs[..3]));
        run(&inputs[3..])?;
        low.join().expect("no panic")
    })
}
