//! Converts a picture to sRGB, by its profile if it has one.

use moxcms::{ColorProfile, DataColorSpace, Layout, ParsingOptions, TransformOptions};

use crate::picture::{Picture, Pixel};
use crate::png_chunks::LARGEST_PROFILE;

/// Converts a picture to sRGB. Grey stays grey, and inks (CMYK) become red, green and blue.
///
/// A profile that is broken, or is for other colours than the picture's, is ignored. A picture
/// without a profile is sRGB already. Inks without a profile are converted as for a usual printing
/// press.
pub fn to_srgb(picture: Picture, profile: Option<&[u8]>) -> Picture {
    let converted = profile.and_then(|profile| convert(&picture, profile));
    match (converted, picture.pixel) {
        (Some(converted), _) => converted,
        (None, Pixel::Cmyk) => mix(&picture),
        (None, _) => picture,
    }
}

/// The memory that [`to_srgb`] allocates for a profile of this size, in bytes. Measured: tables of one
/// byte per value become floating point, and are copied.
pub(crate) fn memory(profile: u64) -> u64 {
    6 * profile
}

fn convert(picture: &Picture, profile: &[u8]) -> Option<Picture> {
    let options = ParsingOptions {
        max_profile_size: LARGEST_PROFILE as usize + 1,
        max_allowed_clut_size: LARGEST_PROFILE as usize,
        ..ParsingOptions::default()
    };
    let profile = ColorProfile::new_from_slice_with_options(profile, options).ok()?;
    let (space, from, to, pixel) = match picture.pixel {
        Pixel::Gray => (DataColorSpace::Gray, Layout::Gray, Layout::Rgb, Pixel::Rgb),
        Pixel::Rgb => (DataColorSpace::Rgb, Layout::Rgb, Layout::Rgb, Pixel::Rgb),
        Pixel::Rgba => (DataColorSpace::Rgb, Layout::Rgba, Layout::Rgba, Pixel::Rgba),
        // Any profile with four values.
        Pixel::Cmyk => (DataColorSpace::Cmyk, Layout::Rgba, Layout::Rgb, Pixel::Rgb),
    };
    if profile.color_space != space {
        return None;
    }
    let srgb = ColorProfile::new_srgb();
    let transform = profile
        .create_transform_8bit(from, &srgb, to, TransformOptions::default())
        .ok()?;
    let size = picture.width as usize * picture.height as usize;
    let mut data = vec![0; size * pixel.bytes()];
    transform.transform(&picture.data, &mut data).ok()?;
    Some(Picture {
        pixel,
        data,
        ..*picture
    })
}

/// Nine steps of each ink, with black changing fastest, as red, green and blue. Measured from
/// libvips 8.14.1 with its own profile for inks without one (G. Gill's "Chemical proof", in the
/// public domain), by `tests/world/measure-cmyk`.
const INKS: &[u8; 3 * 9 * 9 * 9 * 9] = include_bytes!("inks.bin");

/// The position of an ink between two of the nine steps: the lower step, and the distance to the
/// next, from 0 to 255.
fn step(ink: u8) -> (usize, u32) {
    let eighths = 8 * u32::from(ink);
    // The maximum of an ink is the end of the last step.
    let lower = (eighths / 255).min(7);
    (lower as usize, eighths - 255 * lower)
}

fn mix(picture: &Picture) -> Picture {
    let mut data = Vec::with_capacity(picture.data.len() / 4 * 3);
    for &inks in picture.data.as_chunks::<4>().0 {
        let steps = inks.map(step);
        let mut sums = [0_u64; 3];
        // Interpolate between the sixteen corners of the cell.
        for corner in 0..16_usize {
            let (mut at, mut weight) = (0, 1_u64);
            for (ink, (lower, beyond)) in steps.into_iter().enumerate() {
                let upper = corner >> ink & 1;
                at = 9 * at + lower + upper;
                weight *= u64::from(if upper == 1 { beyond } else { 255 - beyond });
            }
            if weight > 0 {
                for (sum, &value) in sums.iter_mut().zip(&INKS[3 * at..3 * at + 3]) {
                    *sum += weight * u64::from(value);
                }
            }
        }
        let all = 255_u64.pow(4);
        data.extend(sums.map(|sum| ((sum + all / 2) / all) as u8));
    }
    Picture {
        pixel: Pixel::Rgb,
        data,
        ..*picture
    }
}

/// Blends a picture with alpha onto a background of one colour.
pub fn flatten(picture: Picture, ground: [u8; 3]) -> Picture {
    if picture.pixel != Pixel::Rgba {
        return picture;
    }
    let mut data = Vec::with_capacity(picture.data.len() / 4 * 3);
    for &[red, green, blue, alpha] in picture.data.as_chunks::<4>().0 {
        for (value, under) in [red, green, blue].into_iter().zip(ground) {
            let (over, under) = (u16::from(value) * u16::from(alpha), u16::from(under));
            data.push(((over + under * (255 - u16::from(alpha)) + 127) / 255) as u8);
        }
    }
    Picture {
        pixel: Pixel::Rgb,
        data,
        ..picture
    }
}

/// Converts grey to red, green and blue; other pictures are unchanged.
pub fn to_rgb(picture: Picture) -> Picture {
    if picture.pixel != Pixel::Gray {
        return picture;
    }
    Picture {
        pixel: Pixel::Rgb,
        data: picture.data.iter().flat_map(|&it| [it; 3]).collect(),
        ..picture
    }
}
