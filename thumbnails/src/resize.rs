//! Resizing: the part of the picture, its new size, and the filters.

use fast_image_resize as fir;
use fir::images::{Image, ImageRef};
use fir::{PixelType, ResizeAlg, ResizeOptions, Resizer};

use serde::{Deserialize, Serialize};

use crate::picture::{Picture, Pixel};

/// How a picture is fitted into the requested box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fit {
    /// The whole picture, no larger than the box.
    #[default]
    Contain,
    /// Fills the box. The surplus is cut off equally on both sides.
    Cover,
    /// The whole picture, centred on a background that fills the box.
    Pad,
    /// Exactly the box's size, with distortion.
    Exact,
}

/// The resampling filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Filter {
    /// Sharpest.
    #[default]
    Lanczos3,
    /// Softer, with less ringing.
    CatmullRom,
    /// Softer still.
    Bilinear,
    /// The mean of the covered pixels; fastest.
    Box,
}

/// The part of a picture to resize, and the new size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The part that is kept, in the middle: its width and height in pixels of the source.
    pub part: (f64, f64),
    /// The new size in pixels.
    pub size: (u32, u32),
}

impl Plan {
    /// Plans for a picture of size `from` and a box. Only [`Fit::Exact`] enlarges without
    /// `enlarge`.
    ///
    /// ```
    /// use thumbnails::{Fit, resize::Plan};
    /// let plan = |fit| Plan::new((4000, 3000), (256, 256), fit, false);
    /// assert_eq!(plan(Fit::Contain).size, (256, 192));
    /// assert_eq!(plan(Fit::Cover).part, (3000.0, 3000.0));
    /// ```
    pub fn new(from: (u32, u32), to: (u32, u32), fit: Fit, enlarge: bool) -> Plan {
        let whole = (f64::from(from.0), f64::from(from.1));
        let (across, down) = (f64::from(to.0) / whole.0, f64::from(to.1) / whole.1);
        let scale = match fit {
            Fit::Exact => {
                return Plan {
                    part: whole,
                    size: to,
                };
            }
            Fit::Contain | Fit::Pad => across.min(down),
            Fit::Cover => across.max(down),
        };
        let scale = if enlarge { scale } else { scale.min(1.0) };
        // `as` saturates, and a very long picture keeps a width of one pixel.
        let scaled = |length: f64, most: u32| ((length * scale).round() as u32).clamp(1, most);
        let size = (scaled(whole.0, to.0), scaled(whole.1, to.1));
        let part = match fit {
            Fit::Cover => (
                (f64::from(size.0) / scale).min(whole.0),
                (f64::from(size.1) / scale).min(whole.1),
            ),
            _ => whole,
        };
        Plan { part, size }
    }
}

/// Cuts the middle `part` out of the `extent` of the picture, and resizes it to `size`. Both are in
/// pixels of this picture, from its upper left. A picture at reduced scale may end within its last
/// pixel: without `extent` it would be stretched a little.
///
/// # Errors
/// An error of `fast_image_resize`.
pub fn resize(
    picture: &Picture,
    extent: (f64, f64),
    part: (f64, f64),
    size: (u32, u32),
    filter: Filter,
) -> Result<Picture, String> {
    let pixel_type = match picture.pixel {
        Pixel::Gray => PixelType::U8,
        Pixel::Rgb => PixelType::U8x3,
        Pixel::Rgba | Pixel::Cmyk => PixelType::U8x4,
    };
    let (width, height) = (
        extent.0.min(picture.width.into()),
        extent.1.min(picture.height.into()),
    );
    let part = (part.0.min(width), part.1.min(height));
    if part == (f64::from(size.0), f64::from(size.1)) && size == (picture.width, picture.height) {
        return Ok(picture.clone());
    }
    let filter = match filter {
        Filter::Lanczos3 => fir::FilterType::Lanczos3,
        Filter::CatmullRom => fir::FilterType::CatmullRom,
        Filter::Bilinear => fir::FilterType::Bilinear,
        Filter::Box => fir::FilterType::Box,
    };
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(
            (width - part.0) / 2.0,
            (height - part.1) / 2.0,
            part.0,
            part.1,
        )
        // Otherwise the colour of invisible pixels would affect the visible ones.
        .use_alpha(picture.pixel == Pixel::Rgba);
    let source = ImageRef::new(picture.width, picture.height, &picture.data, pixel_type)
        .map_err(|error| error.to_string())?;
    let mut target = Image::new(size.0, size.1, pixel_type);
    Resizer::new()
        .resize(&source, &mut target, &options)
        .map_err(|error| error.to_string())?;
    Ok(Picture {
        width: size.0,
        height: size.1,
        pixel: picture.pixel,
        data: target.into_vec(),
    })
}

/// Puts a picture in the middle of a background of `size`.
pub fn pad(picture: Picture, size: (u32, u32), ground: &[u8]) -> Picture {
    let bytes = picture.pixel.bytes();
    let (width, height) = (size.0.max(picture.width), size.1.max(picture.height));
    let left = (width - picture.width) as usize / 2 * bytes;
    let top = (height - picture.height) as usize / 2;
    let mut data = ground[..bytes].repeat(width as usize * height as usize);
    let (stride, length) = (width as usize * bytes, picture.width as usize * bytes);
    for (row, line) in picture.data.chunks_exact(length).enumerate() {
        let at = (top + row) * stride + left;
        data[at..at + length].copy_from_slice(line);
    }
    Picture {
        width,
        height,
        data,
        ..picture
    }
}
