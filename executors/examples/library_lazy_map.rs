//! `map` over an endless iterator: it submits only a few jobs ahead of the results, in constant
//! memory.
//!
//! cargo run --release -p executors --example lazy_map

use executors::{Error, ThreadPool};

/// The number of steps until the Collatz sequence of `n` reaches 1.
fn steps(mut n: u64) -> u32 {
    let mut steps = 0;
    while n != 1 {
        n = if n.is_multiple_of(2) {
            n / 2
        } else {
            3 * n + 1
        };
        steps += 1;
    }
    steps
}

fn main() -> Result<(), Error> {
    let pool = ThreadPool::builder().thread_name("collatz").build()?;
    let results = pool.map_fn(1.., |n| (n, steps(n))).chunk(1000).buffer(8000);
    for result in results {
        let (n, steps) = result?;
        if steps > 400 {
            println!("{n} is the first to take more than 400 steps: {steps}");
            break;
        }
    }
    Ok(())
}
