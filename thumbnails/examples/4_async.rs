//! The same by async tasks. Decoding computes, so it runs on threads for blocking work. A semaphore
//! limits how many pictures are in memory; without it, tokio would start up to 512 threads.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, spawn_blocking};

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
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let folder = tempfile::tempdir()?;
    let pictures = pictures(folder.path())?;
    let start = Instant::now();
    runtime.block_on(async {
        let room = Arc::new(Semaphore::new(2));
        let mut tasks: Vec<JoinHandle<Outcome<()>>> = Vec::new();
        for picture in pictures.clone() {
            let place = Arc::clone(&room).acquire_owned().await?;
            tasks.push(spawn_blocking(move || {
                let _place = place; // Released when this picture is done.
                thumbnail(&picture)
            }));
        }
        for task in tasks {
            task.await??;
        }
        Outcome::Ok(())
    })?;
    println!("{} thumbnails, {:.0?}", pictures.len(), start.elapsed());
    Ok(())
}
