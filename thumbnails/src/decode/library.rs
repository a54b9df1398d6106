//! Formats that the crate `image` decodes: WebP, PNM. They are decoded completely and then shrunk.

use std::io::Cursor;

#[cfg(feature = "pnm")]
use image::codecs::pnm::PnmDecoder;
use image::codecs::webp::WebPDecoder;
use image::{ColorType, ImageDecoder, ImageError};

use crate::failure::Failure;
use crate::limits::DeadlineReader;
use crate::orient::Orientation;
use crate::picture::{Format, Pixel};
use crate::shrink::Shrink;

use super::{Decoded, Job, broken, factor, plain, shrunk, unknown, without_alpha};

pub(super) fn decode(
    job: &mut Job<'_>,
    format: Format,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let reader = job.reader.clone();
    let failed = |error| in_image(format, job, error);
    match format {
        Format::WebP => {
            if let Some(length) = whole_length(reader.bytes.get_ref()) {
                return cut_short(job, length, least);
            }
            let decoder = WebPDecoder::new(reader).map_err(failed)?;
            whole(job, format, decoder, 0, least)
        }
        #[cfg(feature = "pnm")]
        Format::Pnm => {
            let decoder = PnmDecoder::new(reader).map_err(failed)?;
            whole(job, format, decoder, 0, least)
        }
        _ => Err(unknown(reader.bytes.get_ref())),
    }
}

/// `held` bytes are already allocated.
fn whole(
    job: &mut Job<'_>,
    format: Format,
    mut decoder: impl ImageDecoder,
    held: u64,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let full_size = decoder.dimensions();
    if full_size.0 == 0 || full_size.1 == 0 {
        return Err(broken(format, "no pixels in it"));
    }
    job.limits.check(full_size.0, full_size.1, 0)?;
    let mut its_limits = image::Limits::default();
    its_limits.max_image_width = Some(job.limits.side);
    its_limits.max_image_height = Some(job.limits.side);
    its_limits.max_alloc = Some(job.limits.memory);
    let failed = |error| in_image(format, job, error);
    decoder.set_limits(its_limits).map_err(failed)?;
    let profile = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    // Pillow and libvips write EXIF as in a JPEG.
    let exif = exif
        .as_deref()
        .map(|exif| exif.strip_prefix(b"Exif\0\0").unwrap_or(exif));
    let orientation = exif.map(Orientation::from_exif).unwrap_or_default();
    let colour = decoder.color_type();
    let pixel = match (colour.has_color(), colour.has_alpha()) {
        (_, true) => Pixel::Rgba,
        (true, false) => Pixel::Rgb,
        (false, false) => Pixel::Gray,
    };
    let factor = factor(full_size, orientation, least);
    let pixels = u64::from(full_size.0) * u64::from(full_size.1);
    let total = decoder.total_bytes();
    // WebP is assembled from planes, or from a frame, of the same size.
    let working = if format == Format::WebP {
        4 * pixels
    } else {
        0
    };
    let widened = if colour_is_plain(colour) {
        0
    } else {
        pixels * pixel.bytes() as u64
    };
    let shrunk_bytes = Shrink::bytes(full_size, pixel, factor);
    let decoding = held + total + working + widened + shrunk_bytes;
    let profile_bytes = profile.as_ref().map_or(0, Vec::len) as u64;
    job.reserve(full_size, decoding, shrunk_bytes, pixel, profile_bytes)?;

    let length = usize::try_from(total).map_err(|_| broken(format, "too large"))?;
    let mut data = vec![0; length];
    let damage = match decoder.read_image(&mut data) {
        Ok(()) => None,
        Err(error) => match in_image(format, job, error) {
            // The part that was read is in the buffer.
            Failure::Broken { reason, .. } if data.iter().any(|&it| it != 0) => Some(reason),
            failure => return Err(failure),
        },
    };
    let data = to_bytes(colour, data);
    Ok(Decoded {
        picture: without_alpha(shrunk(full_size, pixel, &data, factor)),
        full_size,
        scale: 1.0 / f64::from(factor),
        orientation,
        profile,
        format,
        damage,
    })
}

/// The full length of a WebP, if it is truncated.
fn whole_length(file: &[u8]) -> Option<u64> {
    let body = u32::from_le_bytes(*file.get(4..)?.first_chunk()?);
    let length = u64::from(body) + 8;
    // Some writers omit the last byte, which is only padding.
    (length > file.len() as u64 + 1).then_some(length)
}

/// A truncated WebP, with zeros in place of the missing bytes: its decoder returns nothing if the
/// file ends early. After the cut, the zeros are decoded.
fn cut_short(
    job: &mut Job<'_>,
    length: u64,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let broken = || broken(Format::WebP, "cut short");
    match job.reserve((1, 1), length, 0, Pixel::Gray, 0) {
        Err(Failure::OverLimit { .. }) => return Err(broken()),
        reserved => reserved?,
    }
    let mut file = job.reader.bytes.get_ref().to_vec();
    file.resize(length as usize, 0);
    // Clear the flags of EXIF and XMP, which are stored after the picture: the decoder would expect
    // them.
    if file[12..].starts_with(b"VP8X") {
        file[20] &= !0x0c;
    }
    let reader = DeadlineReader {
        bytes: Cursor::new(&file[..]),
        ..job.reader
    };
    let decoder = WebPDecoder::new(reader).map_err(|_| broken())?;
    let decoded = whole(job, Format::WebP, decoder, length, least);
    let decoded = decoded.map_err(|failure| match failure {
        Failure::Broken { .. } => broken(),
        failure => failure,
    })?;
    Ok(Decoded {
        damage: Some("cut short".to_owned()),
        ..decoded
    })
}

fn colour_is_plain(colour: ColorType) -> bool {
    matches!(colour, ColorType::L8 | ColorType::Rgb8 | ColorType::Rgba8)
}

/// Converts sixteen bits and floating point to eight, and grey with alpha to red, green, blue and
/// alpha.
fn to_bytes(colour: ColorType, data: Vec<u8>) -> Vec<u8> {
    let upper = |data: &[u8]| -> Vec<u8> {
        let pairs = data.as_chunks::<2>().0.iter();
        pairs
            .map(|&it| (u16::from_ne_bytes(it) >> 8) as u8)
            .collect()
    };
    let spread = |data: &[u8]| -> Vec<u8> {
        let pairs = data.as_chunks::<2>().0.iter();
        pairs
            .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
            .collect()
    };
    match colour {
        ColorType::La8 => spread(&data),
        ColorType::L16 | ColorType::Rgb16 | ColorType::Rgba16 => upper(&data),
        ColorType::La16 => spread(&upper(&data)),
        ColorType::Rgb32F | ColorType::Rgba32F => {
            let fours = data.as_chunks::<4>().0.iter();
            fours
                .map(|&it| (f32::from_ne_bytes(it) * 255.0 + 0.5) as u8)
                .collect()
        }
        _ => data,
    }
}

fn in_image(format: Format, job: &Job<'_>, error: ImageError) -> Failure {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            job.too_slow()
        }
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            broken(format, "cut short")
        }
        ImageError::Limits(error) => broken(
            format,
            format_args!(
                "{error} (of {} bytes: --max-memory allows more)",
                job.limits.memory
            ),
        ),
        error => broken(format, plain(&error.to_string())),
    }
}
