//! Processes and shared memory: this program starts itself again for the lower half of the rows. A
//! process can't see another's memory, so both map the same file into their memory and write their
//! rows there.
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

fn compute(first_row: usize, path: &Path) -> io::Result<()> {
    let shared = File::options().read(true).write(true).open(path)?;
    // SAFETY: only these two processes know the file, and they write to different rows.
    let mut memory = unsafe { memmap2::MmapMut::map_mut(&shared) }?;
    for index in first_row * WIDTH..(first_row + HEIGHT / 2) * WIDTH {
        memory[index] = shade(index % WIDTH, index / WIDTH);
    }
    Ok(())
}

fn main() -> io::Result<()> {
    if let Some(path) = std::env::args().nth(1) {
        return compute(HEIGHT / 2, Path::new(&path)); // This is the second process.
    }
    let start = Instant::now();
    let path = std::env::temp_dir().join(format!("mandelbrot-5-{}", std::process::id()));
    File::create_new(&path)?.set_len((WIDTH * HEIGHT) as u64)?;
    let mut second = Command::new(std::env::current_exe()?).arg(&path).spawn()?;
    compute(0, &path)?;
    let status = second.wait()?;
    let picture = fs::read(&path)?;
    fs::remove_file(&path)?;
    for row in picture.chunks(WIDTH) {
        println!("{}", String::from_utf8_lossy(row));
    }
    println!("{:.0?}, the second process: {status}", start.elapsed());
    Ok(())
}
