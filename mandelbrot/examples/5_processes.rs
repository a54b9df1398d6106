//! Processes and shared memory: this program starts itself again for the lower half of the rows. A
//! process can't see another's memory, so both map the same file into their memory and write their
//! rows there. (The picture is that of the steps before. This step only counts, to stay short.)
#![expect(
    unsafe_code,
    reason = "the system can't promise that nobody else changes the file"
)]

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Command;
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

fn compute(first_row: usize, path: &Path) -> io::Result<()> {
    let shared = File::options().read(true).write(true).open(path)?;
    // SAFETY: only these two processes know the file, and they write to different rows.
    let mut memory = unsafe { memmap2::MmapMut::map_mut(&shared) }?;
    for pixel in first_row * WIDTH..(first_row + HEIGHT / 2) * WIDTH {
        let steps = escape(pixel % WIDTH, pixel / WIDTH);
        memory[pixel * 4..][..4].copy_from_slice(&steps.to_ne_bytes());
    }
    Ok(())
}

fn main() -> io::Result<()> {
    if let Some(path) = std::env::args().nth(1) {
        return compute(HEIGHT / 2, Path::new(&path)); // This is the second process.
    }
    let start = Instant::now();
    let path = std::env::temp_dir().join(format!("mandelbrot-5-{}", std::process::id()));
    File::create_new(&path)?.set_len(4 * (WIDTH * HEIGHT) as u64)?;
    let mut second = Command::new(std::env::current_exe()?).arg(&path).spawn()?;
    compute(0, &path)?;
    let status = second.wait()?;
    let bytes = fs::read(&path)?;
    fs::remove_file(&path)?;
    let numbers = bytes.as_chunks().0.iter().map(|it| u32::from_ne_bytes(*it));
    let inside = numbers.filter(|&steps| steps == LIMIT).count();
    println!(
        "{inside} pixels are in the set, {:.0?} ({status})",
        start.elapsed()
    );
    Ok(())
}
