//! A parallel region, as in OpenMP and PyMP: the same block runs in each thread of a team. The
//! thread's number decides which rows it takes. Here it takes every second row, as with
//! `schedule(static, 1)` in OpenMP. (`region.range(HEIGHT)` in PyMP takes neighbouring rows.)

use std::sync::Mutex;
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

/// Runs the block in each thread of a team, with the thread's number and the team's size.
fn parallel(team: usize, block: impl Fn(usize, usize) + Sync) {
    thread::scope(|scope| {
        for number in 1..team {
            let block = &block;
            scope.spawn(move || block(number, team));
        }
        block(0, team); // The thread that started the region is part of the team.
    });
}

fn main() {
    let start = Instant::now();
    let picture = Mutex::new([b' '; WIDTH * HEIGHT]);
    parallel(2, |number, team| {
        for row in (number..HEIGHT).step_by(team) {
            let computed: [u8; WIDTH] = std::array::from_fn(|column| shade(column, row));
            // OpenMP: #pragma omp critical
            picture.lock().expect("no panic")[row * WIDTH..][..WIDTH].copy_from_slice(&computed);
        }
    });
    let picture = picture.into_inner().expect("no panic");
    for row in picture.chunks(WIDTH) {
        println!("{}", String::from_utf8_lossy(row));
    }
    println!("{:.0?}", start.elapsed());
}
