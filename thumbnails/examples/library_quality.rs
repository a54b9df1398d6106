//! Measures the quality of thumbnails: their structural similarity with a full decode and Lanczos
//! resizing.
//!
//! ```sh
//! cargo run --release -p thumbnails --example quality -- PICTURES…
//! ```

use std::error::Error;
use std::path::PathBuf;

use image::{DynamicImage, ImageFormat, load_from_memory};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use thumbnails::{Format, Picture, Pixel, Settings, resize, task::thumbnail};

#[path = "../tests/support/ssim.rs"]
mod ssim;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let as_png = Settings {
        format: Some(Format::Png),
        ..Settings::default()
    };
    for (what, settings) in [
        ("before JPEG compression", as_png),
        ("as written, quality 80", Settings::default()),
    ] {
        let compare = |path: PathBuf| -> Result<f64, Box<dyn Error + Send + Sync>> {
            let file = std::fs::read(path)?;
            let made = load_from_memory(&thumbnail(&file, &settings, &[])?.bytes)?;
            Ok(ssim::ssim(&made, &reference(&file)?))
        };
        let all = paths.clone().into_par_iter().map(compare);
        let all = all
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.to_string())?;
        let worst = all.iter().copied().fold(1.0, f64::min);
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        println!(
            "{what}: {mean:.4} on average, {worst:.4} at worst, of {}",
            all.len()
        );
    }
    Ok(())
}

/// The reference: by another decoder, at full size, without compression.
fn reference(file: &[u8]) -> Result<DynamicImage, Box<dyn Error + Send + Sync>> {
    let full = load_from_memory(file)?.into_rgb8();
    let size = (f64::from(full.width()), f64::from(full.height()));
    let plan = Settings::default().plan(full.dimensions());
    let picture = Picture {
        width: full.width(),
        height: full.height(),
        pixel: Pixel::Rgb,
        data: full.into_raw(),
    };
    let small = resize::resize(
        &picture,
        size,
        size,
        plan.size,
        thumbnails::Filter::Lanczos3,
    )?;
    let png = thumbnails::encode::encode(&small, Format::Png, 0, &[])?;
    Ok(image::load_from_memory_with_format(&png, ImageFormat::Png)?)
}
