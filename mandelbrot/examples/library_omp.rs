//! The first two programs of OpenMP: a team says hello, and then adds up a series for pi.
//!
//! cargo run --release -p mandelbrot --example omp
//! OMP_NUM_THREADS=3 cargo run --release -p mandelbrot --example omp

use mandelbrot::omp;

fn main() {
    const STEPS: usize = 10_000_000;
    let sums = omp::parallel(0, |p| {
        p.critical(|| {
            println!(
                "hello from thread {} of {}",
                p.thread_num(),
                p.num_threads()
            )
        });
        p.barrier();
        let mut sum = 0.0;
        for step in p.range(0..STEPS) {
            let x = (step as f64 + 0.5) / STEPS as f64;
            sum += 4.0 / (1.0 + x * x);
        }
        p.reduce(sum, |a, b| a + b) / STEPS as f64
    });
    println!(
        "pi is about {:.12}, as all {} threads know",
        sums[0],
        sums.len()
    );
}
