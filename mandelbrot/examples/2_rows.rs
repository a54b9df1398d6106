//! Rows to threads: each thread gets an equal share of the rows, and writes to them. The compiler
//! sees that the shares do not overlap. Rows through the middle of the set take longer, so with
//! more than two threads some end early, and then their CPUs are idle.

use std::{thread, time::Instant};

const WIDTH: usize = 72;
const HEIGHT: usize = 24;

/// '#' for a pixel in the set: there z -> z² + c, starting at z = 0, stays within |z| <= 2 for 20,000
/// steps. '+' for a pixel that leaves late.
fn shade(column: usize, row: usize) -> u8 {
    let c_re = -2.2 + 3.2 * column as f64 / WIDTH as f64;
    let c_im = -1.2 + 2.4 * row as f64 / HEIGHT as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for step in 0..20_000 {
        if re * re + im * im > 4.0 {
            return if step < 8 { b' ' } else { b'+' };
        }
        (re, im) = (re * re - im * im + c_re, 2.0 * re * im + c_im);
    }
    b'#'
}

fn main() {
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, |cpus| cpus.get());
    let share = HEIGHT.div_ceil(workers);
    let mut picture = [b' '; WIDTH * HEIGHT];
    thread::scope(|scope| {
        for (worker, rows) in picture.chunks_mut(share * WIDTH).enumerate() {
            scope.spawn(move || {
                for (index, pixel) in rows.iter_mut().enumerate() {
                    *pixel = shade(index % WIDTH, worker * share + index / WIDTH);
                }
            });
        }
    });
    for row in picture.chunks(WIDTH) {
        println!("{}", String::from_utf8_lossy(row));
    }
    println!("{:.0?}, {workers} threads", start.elapsed());
}
