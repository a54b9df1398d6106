//! Computes the Mandelbrot set and prints only a sum, as `mandelbrot.cpp` does.

use std::io::Write;

use common::cli::Outcome;
use mandelbrot::{Plan, View, threads};

use super::args::{DrawArgs, Kernel};

/// Computes the workshop's view by threads, as many times as given, and prints the sum of all counts.
pub(crate) fn run(args: &DrawArgs) -> anyhow::Result<Outcome> {
    let mut sum = 0;
    for _ in 0..args.pictures {
        let plan =
            Plan::new(View::WORKSHOP, args.width, args.height)?.with_limit(args.iterations)?;
        let fill = match args.kernel {
            Kernel::Exact => mandelbrot::kernels::exact::fill,
            Kernel::Fast => mandelbrot::kernels::fast::fill,
        };
        let counts = threads::run(&plan, fill, args.workers)?;
        sum = counts.values().iter().copied().map(u64::from).sum();
    }
    let mut out = common::cli::stdout();
    writeln!(out, "{sum}")?;
    out.flush()?;
    Ok(Outcome::Done)
}
