//! The same by threads: a counter hands out the pictures. If a picture can't be read, that is an
//! error for this picture only, and the others are made.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
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
    let folder = tempfile::tempdir()?;
    let pictures = pictures(folder.path())?;
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, |cpus| cpus.get());
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(picture) = pictures.get(next.fetch_add(1, Relaxed)) {
            if let Err(error) = thumbnail(picture) {
                println!("{}: {error}", picture.display());
            }
        }
    };
    thread::scope(|scope| (0..workers).for_each(|_| drop(scope.spawn(work))));
    println!("{} thumbnails, {:.0?}", pictures.len(), start.elapsed());
    Ok(())
}
