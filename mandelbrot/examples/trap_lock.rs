//! A trap: a lock for each pixel. The lock is taken a million times, and two threads compete for
//! it. The cure is one lock per row: compute first, without the lock, and then copy. Look for: the
//! two times.

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

const WIDTH: usize = 1000;
const HEIGHT: usize = 1000;

/// A pixel that takes little time.
fn pixel(column: usize, row: usize) -> u32 {
    (column * column + row * row) as u32 % 251
}

/// Two threads draw every second row each.
fn draw(row: impl Fn(&Mutex<Vec<u32>>, usize) + Sync) -> (u64, std::time::Duration) {
    let picture = Mutex::new(vec![0; WIDTH * HEIGHT]);
    let start = Instant::now();
    thread::scope(|scope| {
        for number in 0..2 {
            let (picture, row) = (&picture, &row);
            scope.spawn(move || (number..HEIGHT).step_by(2).for_each(|it| row(picture, it)));
        }
    });
    let time = start.elapsed();
    let picture = picture.into_inner().expect("no panic");
    (picture.iter().map(|&it| u64::from(it)).sum(), time)
}

fn main() {
    let (sum, time) = draw(|picture, row| {
        for column in 0..WIDTH {
            picture.lock().expect("no panic")[row * WIDTH + column] = pixel(column, row);
        }
    });
    println!("a lock for each pixel: {time:.0?} (sum {sum})");
    let (sum, time) = draw(|picture, row| {
        let pixels: Vec<u32> = (0..WIDTH).map(|column| pixel(column, row)).collect();
        picture.lock().expect("no panic")[row * WIDTH..][..WIDTH].copy_from_slice(&pixels);
    });
    println!("a lock for each row: {time:.0?} (sum {sum})");
}
