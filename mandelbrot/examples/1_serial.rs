//! The Mandelbrot set as a loop over pixels, on one thread. Each pixel is computed alone and needs
//! no other pixel.

use std::time::Instant;

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
    let mut picture = [b' '; WIDTH * HEIGHT];
    for (index, pixel) in picture.iter_mut().enumerate() {
        *pixel = shade(index % WIDTH, index / WIDTH);
    }
    for row in picture.chunks(WIDTH) {
        println!("{}", String::from_utf8_lossy(row));
    }
    println!("{:.0?}", start.elapsed());
}
