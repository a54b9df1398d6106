//! A parallel region, as in OpenMP and PyMP: the same block runs in each thread of a team. The
//! thread's number decides which rows it takes. Here it takes every second row, as with
//! `schedule(static, 1)` in OpenMP. (`region.range(HEIGHT)` in PyMP takes neighbouring rows.)

use std::sync::Mutex;
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
    let picture = Mutex::new(vec![0; WIDTH * HEIGHT]);
    parallel(2, |number, team| {
        for row in (number..HEIGHT).step_by(team) {
            let computed: Vec<u32> = (0..WIDTH).map(|column| escape(column, row)).collect();
            // OpenMP: #pragma omp critical
            picture.lock().expect("no panic")[row * WIDTH..][..WIDTH].copy_from_slice(&computed);
        }
    });
    draw(&picture.into_inner().expect("no panic"));
    println!("{:.0?}", start.elapsed());
}
