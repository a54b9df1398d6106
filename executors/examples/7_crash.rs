//! A crash survived: compare with step 6. A job may end its whole process. The caller gets the exit
//! status, a new worker replaces the dead one, and the other jobs are done.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

/// The job: halves even numbers. An odd number ends the process, like an error in a C library.
fn job(input: u64) -> u64 {
    match input % 2 {
        0 => input / 2,
        _ => std::process::abort(),
    }
}

/// The worker: reads inputs, writes results.
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

/// Sends one job and reads its result. `None` means that the worker has ended.
fn call(worker: &mut Child, input: u64) -> io::Result<Option<String>> {
    let jobs = worker.stdin.as_mut().expect("it is piped");
    if writeln!(jobs, "{input}").is_err() {
        return Ok(None);
    }
    // One job at a time, so no data stays in this buffer.
    let mut result = String::new();
    BufReader::new(worker.stdout.as_mut().expect("it is piped")).read_line(&mut result)?;
    Ok((!result.is_empty()).then_some(result))
}

fn main() -> io::Result<()> {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return work();
    }
    let mut worker = start_worker()?;
    for input in [10, 7, 20] {
        match call(&mut worker, input)? {
            Some(result) => println!("job {input}: {}", result.trim()),
            None => {
                println!("job {input}: its process ended: {}", worker.wait()?);
                worker = start_worker()?;
            }
        }
    }
    drop(worker.stdin.take());
    worker.wait().map(|_| ())
}
