//! Generated pictures for tests and demonstrations: they look a little like photographs, have a
//! similar file size, and are the same on every machine.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::encode::encode;
use crate::picture::{Format, Picture, Pixel};

/// A picture to generate.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The path of the file.
    pub path: PathBuf,
    /// The size in pixels.
    pub size: (u32, u32),
    /// The format.
    pub format: Format,
    /// The seed, which selects the picture.
    pub seed: u32,
}

/// The pictures of the demonstration for a folder: mostly JPEGs of 3000x2000 pixels, with all sides
/// divided by `divisor`.
pub fn demonstration(folder: &Path, divisor: u32) -> Vec<Sample> {
    let mut samples = Vec::new();
    let mut add = |count: u32, folder: PathBuf, size: (u32, u32), format: Format| {
        let size = (size.0 / divisor, size.1 / divisor);
        for _ in 0..count {
            let seed = samples.len() as u32 + 1;
            samples.push(Sample {
                path: folder.join(format!("{seed:02}.{}", format.extension())),
                // Every third picture is in portrait format.
                size: if seed % 3 == 0 {
                    (size.1, size.0)
                } else {
                    size
                },
                format,
                seed,
            });
        }
    };
    add(16, folder.join("photographs"), (3000, 2000), Format::Jpeg);
    add(4, folder.join("drawings"), (1600, 1200), Format::Png);
    add(2, folder.join("web"), (800, 600), Format::WebP);
    add(2, folder.join("web"), (320, 240), Format::Gif);
    samples
}

/// The pictures for comparing programs, for a folder: 200 JPEGs of 6 to 12 megapixels, 20 PNGs and
/// 10 WebPs of 3 megapixels; about 0.4 GB.
pub fn comparison(folder: &Path) -> Vec<Sample> {
    let kinds = [
        (50, (3000, 2000), Format::Jpeg),
        (50, (3264, 2448), Format::Jpeg),
        (50, (4000, 2500), Format::Jpeg),
        (50, (4000, 3000), Format::Jpeg),
        (20, (2000, 1500), Format::Png),
        (10, (2000, 1500), Format::WebP),
    ];
    let all = kinds
        .into_iter()
        .flat_map(|(count, size, format)| std::iter::repeat_n((size, format), count));
    (1..)
        .zip(all)
        .map(|(seed, (size, format))| Sample {
            path: folder.join(format!("{seed:03}.{}", format.extension())),
            size,
            format,
            seed,
        })
        .collect()
}

/// Pictures as on web sites, for a folder: 300 of 200 to 1,600 pixels.
pub fn web(folder: &Path) -> Vec<Sample> {
    let kinds = [
        (200, Format::Jpeg),
        (40, Format::Png),
        (40, Format::WebP),
        (20, Format::Gif),
    ];
    let all = kinds
        .into_iter()
        .flat_map(|(count, format)| (0..count).map(move |number| (number * 1400 / count, format)));
    (1..)
        .zip(all)
        .map(|(seed, (more, format))| Sample {
            path: folder.join(format!("{seed:03}.{}", format.extension())),
            size: (200 + more, 150 + more * 3 / 4),
            format,
            seed,
        })
        .collect()
}

impl Sample {
    /// Generates the picture and writes it. Its folder must exist.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn write(&self) -> io::Result<()> {
        let bytes = encode(&self.picture(), self.format, 90, &[]).map_err(io::Error::other)?;
        common::files::write_atomically(&self.path, bytes)
    }

    /// The picture: hills in haze, a sky with a sun, and sensor noise.
    pub fn picture(&self) -> Picture {
        let (width, height) = self.size;
        let mut data = Vec::with_capacity(width as usize * height as usize * 3);
        let hue = f32::from((self.seed * 37 % 100) as u8) / 100.0;
        let ridges: Vec<Vec<f32>> = (0..4).map(|layer| self.ridge(layer)).collect();
        let sun = (
            width as f32 * (0.15 + 0.7 * hue),
            height as f32 * 0.25,
            width.min(height) as f32 * 0.07,
        );
        let mut noise = self.seed.wrapping_mul(0x9e37_79b9) | 1;
        for y in 0..height {
            let down = y as f32 / height as f32;
            for x in 0..width {
                let away = (x as f32 - sun.0).hypot(y as f32 - sun.1);
                let hill = ridges
                    .iter()
                    .rposition(|ridge| y as f32 > ridge[x as usize]);
                let [red, green, blue] = match hill {
                    Some(layer) => {
                        let haze = 1.0 - (layer as f32 + 1.0) / 4.0;
                        let light = 1.0 - 0.5 * (down - 0.4);
                        [
                            (60.0 + 120.0 * haze + 40.0 * hue) * light,
                            (80.0 + 90.0 * haze) * light,
                            (70.0 + 110.0 * haze - 40.0 * hue) * light,
                        ]
                    }
                    None if away < sun.2 => [255.0, 240.0, 190.0],
                    None => {
                        let glow = 60.0 / (1.0 + away / sun.2);
                        [
                            120.0 + 120.0 * down + glow + 60.0 * hue,
                            150.0 + 70.0 * down + glow,
                            220.0 - 60.0 * hue + glow * 0.4,
                        ]
                    }
                };
                // Marsaglia's xorshift.
                noise ^= noise << 13;
                noise ^= noise >> 17;
                noise ^= noise << 5;
                let grain = if self.format == Format::Jpeg {
                    (noise >> 24) as f32 / 16.0 - 8.0
                } else {
                    0.0
                };
                data.extend([red, green, blue].map(|value| (value + grain) as u8));
            }
        }
        Picture {
            width,
            height,
            pixel: Pixel::Rgb,
            data,
        }
    }

    /// The height of a row of hills, for each column.
    fn ridge(&self, layer: u32) -> Vec<f32> {
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        let phase = (self.seed * 13 + layer * 7) as f32;
        (0..self.size.0)
            .map(|x| {
                let x = x as f32 / width * 6.0 + phase;
                let waves = x.sin() + 0.5 * (2.3 * x).sin() + 0.2 * (7.1 * x).sin();
                height * (0.45 + 0.13 * layer as f32 + 0.05 * waves)
            })
            .collect()
    }
}

/// Creates the folders of samples.
///
/// # Errors
/// If a folder can't be created.
pub fn create_folders(samples: &[Sample]) -> io::Result<()> {
    samples
        .iter()
        .filter_map(|sample| sample.path.parent())
        .try_for_each(fs::create_dir_all)
}
