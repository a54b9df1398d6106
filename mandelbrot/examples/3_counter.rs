//! An atomic counter hands out the rows one by one. A thread that has finished a row takes the
//! next, so all are busy until the end. The pixels are atomics, because the compiler can't know
//! that each row is taken once.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

const WIDTH: usize = 72;
const HEIGHT: usize = 24;
const LIMIT: u32 = 20_000;

/// The number of steps until |z| > 2, at most LIMIT. Each step is z -> z² + c, starting at z = 0.
fn escape(column: usize, row: usize) -> u32 {
    let c_re = -2.2 + 3.2 * column as f64 / WIDTH as f64;
    let c_im = -1.2 + 2.4 * row as f64 / HEIGHT as f64;
    let (mut re, mut im) = (0.0, 0.0);
    for step in 0..LIMIT {
        if re * re + im * im > 4.0 {
            return step;
        }
        (re, im) = (re * re - im * im + c_re, 2.0 * re * im + c_im);
    }
    LIMIT
}

fn draw(picture: &[u32]) {
    for row in picture.chunks(WIDTH) {
        let shade = |&steps: &u32| match steps {
            LIMIT => '#',
            10.. => '+',
            5.. => '.',
            _ => ' ',
        };
        println!("{}", row.iter().map(shade).collect::<String>());
    }
}

fn main() {
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, |cpus| cpus.get());
    let picture: Vec<AtomicU32> = (0..WIDTH * HEIGHT).map(|_| AtomicU32::new(0)).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let row = next.fetch_add(1, Relaxed)
                    && row < HEIGHT
                {
                    for column in 0..WIDTH {
                        picture[row * WIDTH + column].store(escape(column, row), Relaxed);
                    }
                }
            });
        }
    });
    let picture: Vec<u32> = picture.into_iter().map(AtomicU32::into_inner).collect();
    draw(&picture);
    println!("{:.0?}, {workers} threads", start.elapsed());
}
