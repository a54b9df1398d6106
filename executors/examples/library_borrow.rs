//! `scope`: jobs that sort parts of a vector in place. They borrow the vector.
//!
//! cargo run --release -p executors --example borrow

use executors::{Error, ThreadPool};

fn main() -> Result<(), Error> {
    let pool = ThreadPool::new(2)?;
    let mut numbers: Vec<u32> = (0..1_000_000u32)
        .map(|n| n.wrapping_mul(2654435761))
        .collect();
    pool.scope(|scope| -> Result<(), Error> {
        let futures = numbers
            .chunks_mut(250_000)
            .map(|part| scope.spawn(|| part.sort_unstable()))
            .collect::<Result<Vec<_>, _>>()?;
        futures.into_iter().try_for_each(|future| future.result())
    })??;
    assert!(numbers.chunks(250_000).all(<[u32]>::is_sorted));
    println!("four sorted runs of 250,000 numbers");
    Ok(())
}
