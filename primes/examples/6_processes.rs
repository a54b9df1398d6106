//! The same count by processes, as with Python's `multiprocessing`. This program starts itself
//! again, once for each part, and reads the output of each process. Processes share no memory: a
//! crash ends only one process, and all input and output must be written as bytes.

use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

const LIMIT: u64 = 500_000;

/// Whether a number is prime, by trial division: work that computes.
fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|it| it * it <= number)
            .all(|it| number % it != 0)
}

fn main() -> io::Result<()> {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|it| it.parse().ok())
        .collect();
    if let [from, to] = numbers[..] {
        println!("{}", (from..to).filter(|&number| is_prime(number)).count());
        return Ok(()); // This process is a worker.
    }

    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64);
    let children: Vec<_> = (0..workers)
        .map(|worker| {
            let (from, to) = (worker * LIMIT / workers, (worker + 1) * LIMIT / workers);
            Command::new(std::env::current_exe()?)
                .args([from.to_string(), to.to_string()])
                .stdout(Stdio::piped())
                .spawn()
        })
        .collect::<io::Result<_>>()?;
    let mut count = 0;
    for child in children {
        let id = child.id();
        let output = child.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        match text.trim().parse::<u64>() {
            Ok(part) if output.status.success() => count += part,
            _ => return Err(io::Error::other(format!("process {id}: {}", output.status))),
        }
    }
    println!("{count} primes below {LIMIT}, {:.0?}", start.elapsed());
    Ok(())
}
