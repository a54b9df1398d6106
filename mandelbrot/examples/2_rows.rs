//! Rows to threads: each thread gets an equal share of the rows, and writes to them. The compiler
//! sees that the shares do not overlap. Rows through the middle of the set take longer, so with
//! more than two threads some end early, and then their CPUs are idle.

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
    let mut picture = vec![0; WIDTH * HEIGHT];
    let share = HEIGHT.div_ceil(workers);
    thread::scope(|scope| {
        for (worker, rows) in picture.chunks_mut(share * WIDTH).enumerate() {
            scope.spawn(move || {
                for (pixel, steps) in rows.iter_mut().enumerate() {
                    *steps = escape(pixel % WIDTH, worker * share + pixel / WIDTH);
                }
            });
        }
    });
    draw(&picture);
    println!("{:.0?}, {workers} threads", start.elapsed());
}
