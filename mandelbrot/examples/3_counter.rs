//! An atomic counter hands out the rows one by one. A thread that has finished a row takes the
//! next, so all are busy until the end. The pixels are atomics, because the compiler can't know
//! that each row is taken once.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
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
    let next = AtomicUsize::new(0);
    let picture = [const { AtomicU8::new(b' ') }; WIDTH * HEIGHT];
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let row = next.fetch_add(1, Relaxed)
                    && row < HEIGHT
                {
                    for column in 0..WIDTH {
                        picture[row * WIDTH + column].store(shade(column, row), Relaxed);
                    }
                }
            });
        }
    });
    let picture = picture.map(AtomicU8::into_inner);
    for row in picture.chunks(WIDTH) {
        println!("{}", String::from_utf8_lossy(row));
    }
    println!("{:.0?}, {workers} threads", start.elapsed());
}
