//! SIMD: one thread, eight pixels at once. Compare with step 1: each number is now an array of
//! eight. `-C target-cpu=native` lets the compiler use the widest registers of this CPU.

use std::time::Instant;

const WIDTH: usize = 72;
const HEIGHT: usize = 24;

/// A CPU's vector registers hold several numbers, and one instruction adds them all.
const LANES: usize = 8;

/// Like `shade` of step 1, for eight neighbours in a row. All lanes continue until the last pixel
/// is outside. A lane that is outside stops counting; its z does not matter any more.
fn shade(column: usize, row: usize) -> [u8; LANES] {
    let c_re: [f64; LANES] =
        std::array::from_fn(|lane| -2.2 + 3.2 * (column + lane) as f64 / WIDTH as f64);
    let c_im = -1.2 + 2.4 * row as f64 / HEIGHT as f64;
    let (mut re, mut im, mut steps) = ([0.0; LANES], [0.0; LANES], [0; LANES]);
    for _ in 0..20_000 {
        let mut inside = 0;
        // There is no branch in this loop, so the compiler can use vector instructions.
        for lane in 0..LANES {
            let (r, i) = (re[lane], im[lane]);
            let is_inside = u32::from(r * r + i * i <= 4.0);
            steps[lane] += is_inside;
            inside += is_inside;
            re[lane] = r * r - i * i + c_re[lane];
            im[lane] = 2.0 * r * i + c_im;
        }
        if inside == 0 {
            break;
        }
    }
    steps.map(|steps| match steps {
        20_000 => b'#',
        8.. => b'+',
        _ => b' ',
    })
}

fn main() {
    let start = Instant::now();
    let mut picture = [b' '; WIDTH * HEIGHT];
    for (number, pixels) in picture.chunks_exact_mut(LANES).enumerate() {
        let index = number * LANES;
        pixels.copy_from_slice(&shade(index % WIDTH, index / WIDTH));
    }
    for row in picture.chunks(WIDTH) {
        println!("{}", String::from_utf8_lossy(row));
    }
    println!("{:.0?}", start.elapsed());
}
