//! A job that crashes ends only its worker process.
//!
//! cargo run --release -p executors --example crash

use executors::{Error, Executor, Job, ProcessPool, job};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Divide(u32);

impl Job for Divide {
    type Output = u32;

    fn run(self) -> u32 {
        if self.0 == 0 {
            std::process::abort(); // as a segmentation fault in a C library would
        }
        100 / self.0
    }
}

fn main() -> Result<(), Error> {
    executors::hook(&[job::<Divide>()]);

    let pool = ProcessPool::new(2)?;
    for (n, result) in (0..5).zip(pool.map((0..5).map(Divide))) {
        match result {
            Ok(quotient) => println!("100 / {n} = {quotient}"),
            Err(error) => println!("100 / {n}: {error}"),
        }
    }
    Ok(())
}
