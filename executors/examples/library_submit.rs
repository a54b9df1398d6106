//! The smallest complete program: submit jobs, do something else, read the results.
//!
//! cargo run --release -p executors --example submit

use executors::{Error, ThreadPool};

fn main() -> Result<(), Error> {
    let pool = ThreadPool::new(2)?;
    let text = "many hands make light work";
    let futures = text
        .split(' ')
        .map(|word| pool.spawn(move || word.chars().rev().collect::<String>()))
        .collect::<Result<Vec<_>, _>>()?;
    println!("{} words handed in", futures.len());
    for future in futures {
        println!("{}", future.result()?);
    }
    Ok(())
}
