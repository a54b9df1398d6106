//! A trap: the first error ends the run. `?` and `try_for_each` return at once, so the pictures
//! after the broken one are not made. Look for: how many of five files? The cure: keep the errors,
//! and continue.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Outcome = Result<(), Box<dyn Error>>;

/// Reads a picture, and writes a smaller one beside it.
fn thumbnail(picture: &Path) -> Outcome {
    let small = image::open(picture)?.thumbnail(16, 16);
    Ok(small.save(picture.with_extension("thumbnail.png"))?)
}

/// Counts the thumbnails, and deletes them.
fn made(pictures: &[PathBuf]) -> usize {
    let thumbnails = pictures.iter().map(|it| it.with_extension("thumbnail.png"));
    thumbnails.filter(|it| fs::remove_file(it).is_ok()).count()
}

fn main() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = |number: u32| folder.path().join(format!("{number}.png"));
    let pictures: Vec<PathBuf> = (1..=5).map(path).collect();
    for picture in &pictures {
        image::RgbImage::new(64, 64).save(picture)?;
    }
    fs::write(&pictures[1], "no picture")?;

    let first_error = pictures.iter().try_for_each(|it| thumbnail(it)).is_err();
    println!(
        "stops at an error: {first_error}; {} of 5 made",
        made(&pictures)
    );

    let errors: Vec<_> = pictures
        .iter()
        .filter_map(|it| thumbnail(it).err())
        .collect();
    println!(
        "goes on: {} error(s); {} of 5 made",
        errors.len(),
        made(&pictures)
    );
    Ok(())
}
