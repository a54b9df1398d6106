//! A custom kernel, here a closure, in any of the models. It draws the tricorn: the square of z's
//! complex conjugate.
//!
//! cargo run --release -p mandelbrot --example own_kernel

use std::num::NonZeroUsize;

use mandelbrot::{Plan, Tile, View, threads};
use num_complex::Complex;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tricorn = |plan: &Plan, tile: Tile, out: &mut [u32]| {
        for (index, count) in out.iter_mut().enumerate() {
            let c = plan.point(tile.x + index % tile.width, tile.y + index / tile.width);
            let mut z = Complex::new(0.0, 0.0);
            while *count < plan.limit() && z.norm_sqr() < 4.0 {
                z = z.conj() * z.conj() + c;
                *count += 1;
            }
        }
    };
    let view = View::square(Complex::new(-0.25, 0.0), 0.9, 60, 36);
    let plan = Plan::new(view, 60, 36)?.with_limit(100)?;
    let counts = threads::run(
        &plan,
        tricorn,
        NonZeroUsize::new(2).unwrap_or(NonZeroUsize::MIN),
    )?;
    for row in counts.values().chunks(plan.width()) {
        let line: String = row
            .iter()
            .map(|&n| if n == 100 { '#' } else { '.' })
            .collect();
        println!("{line}");
    }
    Ok(())
}
