//! The set in letters, with a plan, a kernel and a model.
//!
//! cargo run --release -p mandelbrot --example ascii

use std::num::NonZeroUsize;

use mandelbrot::{Plan, View, kernels, par_iter};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let plan = Plan::new(View::WORKSHOP, 78, 30)?.with_limit(200)?;
    let workers = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let counts = par_iter::run(&plan, kernels::fast::fill, workers)?;
    for row in counts.values().chunks(plan.width()) {
        let line: String = row
            .iter()
            .map(|&count| match count {
                200 => '#',
                20.. => '+',
                8.. => ':',
                _ => ' ',
            })
            .collect();
        println!("{line}");
    }
    Ok(())
}
