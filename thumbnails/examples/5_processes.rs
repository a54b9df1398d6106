//! The same by processes: this program starts itself again for every second picture. A picture that
//! crashes its decoder ends only its process, and the parent sees the exit status.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Reads a picture, and writes a smaller one beside it.
fn thumbnail(picture: &Path) -> Outcome<()> {
    let small = image::open(picture)?.thumbnail(128, 128);
    Ok(small.save(picture.with_extension("thumbnail.png"))?)
}

/// Creates a folder with eight pictures.
fn pictures(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let colour = |x: u32, y: u32| image::Rgb([x as u8, y as u8, (x / 4 + y / 4) as u8]);
    let picture = image::RgbImage::from_fn(1200, 900, colour);
    let path = |number| folder.join(format!("{number}.png"));
    let paths: Vec<PathBuf> = (1..=8).map(path).collect();
    paths.iter().try_for_each(|path| picture.save(path))?;
    Ok(paths)
}

fn main() -> Outcome<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if !arguments.is_empty() {
        return arguments.iter().try_for_each(|picture| thumbnail(picture)); // This process is a worker.
    }
    let folder = tempfile::tempdir()?;
    let pictures = pictures(folder.path())?;
    let start = Instant::now();
    let worker = |number: usize| {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(pictures.iter().skip(number).step_by(2))
            .spawn()
    };
    for mut child in [worker(0)?, worker(1)?] {
        println!("process {}: {}", child.id(), child.wait()?);
    }
    println!("{} thumbnails, {:.0?}", pictures.len(), start.elapsed());
    Ok(())
}
