//! rayon: compare with step 1. `par_iter_mut` replaces `iter_mut`, and `for_each` replaces `for`.

use rayon::prelude::*;
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
    let mut picture = vec![0; WIDTH * HEIGHT];
    picture
        .par_iter_mut()
        .enumerate()
        .for_each(|(pixel, steps)| {
            *steps = escape(pixel % WIDTH, pixel / WIDTH);
        });
    draw(&picture);
    println!("{:.0?}", start.elapsed());
}
