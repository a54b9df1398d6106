//! A program that starts itself again to share its work. It does not use `fork`, which copies a
//! running program with threads and locks in any state.
//! Run it: `cargo run --release -p primes --example processes`

use std::env;
use std::io;
use std::process::{Command, Stdio};

use primes::{Constellation, interval};

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().collect();
    if let [_, start, stop] = &words[..] {
        // A worker: its range comes as arguments, and its answer goes to standard output.
        let range = start.parse().unwrap_or(0)..=stop.parse().unwrap_or(0);
        println!("{}", interval::count(range, Constellation::Single));
        return Ok(());
    }
    let half = 500_000_000_u64;
    let start = |range: [u64; 2]| {
        Command::new(env::current_exe()?)
            .args(range.map(|n| n.to_string()))
            .stdout(Stdio::piped())
            .spawn()
    };
    // Start both before waiting for either.
    let workers = [start([0, half])?, start([half + 1, 2 * half])?];
    let mut total = 0;
    for worker in workers {
        let output = worker.wait_with_output()?;
        let answer = String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse::<u64>();
        total += answer.map_err(|_| io::Error::other(format!("worker: {}", output.status)))?;
    }
    println!("{total} primes up to {}", 2 * half);
    Ok(())
}
