//! From a file's bytes to a picture no larger in memory than its thumbnail needs.
//!
//! The header is read first, and checked against the [`Limits`]; what it says of orientation and
//! colours goes along with the picture, to be applied when it is small.

use std::borrow::Cow;
use std::io::{BufReader, Cursor};
use std::time::Instant;

#[cfg(feature = "bmp")]
use image::codecs::bmp::BmpDecoder;
#[cfg(feature = "pnm")]
use image::codecs::pnm::PnmDecoder;
#[cfg(feature = "tiff")]
use image::codecs::tiff::TiffDecoder;
use image::codecs::{gif::GifDecoder, webp::WebPDecoder};
use image::{ColorType, DynamicImage, ImageDecoder, ImageError};

use crate::failure::Failure;
use crate::jpeg::{
    self, Scale,
    header::{Header, JpegError},
};
use crate::limits::{Limits, Timed};
use crate::orient::Orientation;
use crate::picture::{Format, Picture, Pixel};
use crate::shrink::Shrink;

/// A picture as stored, perhaps at reduced scale.
#[derive(Debug)]
pub struct Decoded {
    /// The pixels, in the file's own colours and its own way up.
    pub picture: Picture,
    /// How large the file's picture is, as stored.
    pub full_size: (u32, u32),
    /// How large `picture` is beside that: 1 or less.
    pub scale: f64,
    /// How to turn it.
    pub orientation: Orientation,
    /// What its colours mean, if that is said.
    pub profile: Option<Vec<u8>>,
    /// What the file is.
    pub format: Format,
}

/// Decodes a picture. `least` is told its upright size and says how large, upright, the thumbnail
/// needs it; what comes back is at least as large, or has all pixels there are.
///
/// # Errors
/// [`Failure`], except of writing.
///
/// # Panics
/// Not that we know of. But for a library that others wrote, and files that strangers did, put a
/// [`catch_unwind`](std::panic::catch_unwind) around it, as [`Task`](crate::Task) does.
pub fn decode(
    bytes: &[u8],
    limits: &Limits,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let timed = Timed {
        bytes: Cursor::new(bytes),
        deadline: Instant::now() + limits.time,
    };
    match Format::of(bytes) {
        Some(Format::Jpeg) => decode_jpeg(timed, limits, least),
        Some(Format::Png) => decode_png(timed, limits, least),
        Some(Format::Gif) => {
            let decoder = GifDecoder::new(timed).map_err(in_image(Format::Gif, limits))?;
            decode_image(decoder, Format::Gif, limits)
        }
        Some(Format::WebP) => {
            let decoder = WebPDecoder::new(timed).map_err(in_image(Format::WebP, limits))?;
            decode_image(decoder, Format::WebP, limits)
        }
        #[cfg(feature = "bmp")]
        Some(Format::Bmp) => {
            let decoder = BmpDecoder::new(timed).map_err(in_image(Format::Bmp, limits))?;
            decode_image(decoder, Format::Bmp, limits)
        }
        #[cfg(feature = "pnm")]
        Some(Format::Pnm) => {
            let decoder = PnmDecoder::new(timed).map_err(in_image(Format::Pnm, limits))?;
            decode_image(decoder, Format::Pnm, limits)
        }
        #[cfg(feature = "tiff")]
        Some(Format::Tiff) => {
            let decoder = TiffDecoder::new(timed).map_err(in_image(Format::Tiff, limits))?;
            decode_image(decoder, Format::Tiff, limits)
        }
        _ => Err(unknown(bytes)),
    }
}

/// The failure for a file that starts like no picture.
pub fn unknown(bytes: &[u8]) -> Failure {
    let start: Vec<_> = bytes.iter().take(4).map(|it| format!("{it:02x}")).collect();
    let start = match &start[..] {
        [] => "it is empty".to_owned(),
        start => format!("it starts with {}", start.join(" ")),
    };
    Failure::Unknown { start }
}

fn broken(format: Format, reason: impl ToString) -> Failure {
    let reason = reason.to_string();
    Failure::Broken { format, reason }
}

fn decode_jpeg(
    timed: Timed<'_>,
    limits: &Limits,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let in_jpeg = |error| match error {
        JpegError::TooSlow => Failure::TooSlow { limit: limits.time },
        error => broken(Format::Jpeg, error),
    };
    let (bytes, deadline) = (*timed.bytes.get_ref(), timed.deadline);
    let header = Header::read(bytes).map_err(in_jpeg)?;
    let full_size = (header.width, header.height);
    let orientation = header.exif.map(Orientation::from_exif).unwrap_or_default();
    limits.check(header.width, header.height, 0)?;
    let scale = Scale::for_at_least(
        full_size,
        orientation.size(least(orientation.size(full_size))),
    );
    let (width, height) = (scale.of(header.width), scale.of(header.height));
    let values = u64::from(width) * u64::from(height) * header.channels as u64;

    let picture = if header.is_plain() {
        limits.check(header.width, header.height, values)?;
        Picture {
            width,
            height,
            pixel: if header.channels == 1 {
                Pixel::Gray
            } else {
                Pixel::Rgb
            },
            data: jpeg::decode(bytes, &header, scale, Some(deadline)).map_err(in_jpeg)?,
        }
    } else {
        // Planes and picture; if progressive, two bytes for each frequency of the full size too.
        let full = u64::from(header.width) * u64::from(header.height) * header.channels as u64;
        let frequencies = if header.progressive { 2 * full } else { 0 };
        limits.check(header.width, header.height, 2 * values + frequencies)?;
        if jpeg::header::has_too_many_scans(bytes) {
            return Err(broken(Format::Jpeg, "more passes than any encoder writes"));
        }
        let mut picture = decode_any_jpeg(timed, limits, (width, height))?;
        // Adobe stores paper and not ink, and says that it was Adobe; the decoder takes all files
        // for Adobe's.
        if picture.pixel == Pixel::Cmyk && !header.is_adobe() {
            picture.data.iter_mut().for_each(|ink| *ink = 255 - *ink);
        }
        picture
    };
    Ok(Decoded {
        picture,
        full_size,
        scale: f64::from(scale as u8) / 8.0,
        orientation,
        profile: header.icc,
        format: Format::Jpeg,
    })
}

/// The JPEGs that [`jpeg::decode`] doesn't read: progressive, of four inks, of twelve bits...
fn decode_any_jpeg(
    timed: Timed<'_>,
    limits: &Limits,
    (width, height): (u32, u32),
) -> Result<Picture, Failure> {
    let in_decoder = |error| match error {
        jpeg_decoder::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::TooSlow { limit: limits.time }
        }
        error => broken(Format::Jpeg, error),
    };
    // A small buffer: the clock is looked at whenever it is filled.
    let mut decoder = jpeg_decoder::Decoder::new(BufReader::with_capacity(1024, timed));
    decoder.set_max_decoding_buffer_size(usize::try_from(limits.memory).unwrap_or(usize::MAX));
    // The header has said that both fit 16 bits.
    let (width, height) = decoder
        .scale(width as u16, height as u16)
        .map_err(in_decoder)?;
    let data = decoder.decode().map_err(in_decoder)?;
    let info = decoder
        .info()
        .ok_or_else(|| broken(Format::Jpeg, "no picture in it"))?;
    let (pixel, data) = match info.pixel_format {
        jpeg_decoder::PixelFormat::L8 => (Pixel::Gray, data),
        // Sixteen bits, in the machine's order: the upper eight are kept.
        jpeg_decoder::PixelFormat::L16 => (
            Pixel::Gray,
            data.as_chunks::<2>()
                .0
                .iter()
                .map(|&it| (u16::from_ne_bytes(it) >> 8) as u8)
                .collect(),
        ),
        jpeg_decoder::PixelFormat::RGB24 => (Pixel::Rgb, data),
        jpeg_decoder::PixelFormat::CMYK32 => (Pixel::Cmyk, data),
    };
    whole(Format::Jpeg, (width.into(), height.into()), pixel, data)
}

fn decode_png(
    timed: Timed<'_>,
    limits: &Limits,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let in_png = |error| match error {
        png::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::TooSlow { limit: limits.time }
        }
        error => broken(Format::Png, error),
    };
    let most = usize::try_from(limits.memory).unwrap_or(usize::MAX);
    let mut decoder = png::Decoder::new_with_limits(timed, png::Limits { bytes: most });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(in_png)?;
    let info = reader.info();
    let full_size = info.size();
    let interlaced = info.interlaced;
    let exif = info.exif_metadata.as_deref();
    let orientation = exif.map(Orientation::from_exif).unwrap_or_default();
    let profile = info.icc_profile.as_deref().map(<[u8]>::to_vec);
    let (colour, _) = reader.output_color_type();
    let pixel = match colour {
        png::ColorType::Grayscale => Pixel::Gray,
        png::ColorType::Rgb => Pixel::Rgb,
        _ => Pixel::Rgba,
    };
    limits.check(full_size.0, full_size.1, 0)?;

    let least = orientation.size(least(orientation.size(full_size)));
    // Only rows that come from top to bottom can be shrunk as they come, and where not all is
    // opaque a plain mean would give what can't be seen a say in the colour.
    let factor = if interlaced || pixel == Pixel::Rgba {
        1
    } else {
        Shrink::factor(full_size, least)
    };
    let row_bytes = full_size.0 as usize * pixel.bytes();
    let bytes = row_bytes as u64 * u64::from(full_size.1) / u64::from(factor).pow(2);
    let extra = if interlaced { bytes } else { 0 };
    limits.check(full_size.0, full_size.1, bytes + extra)?;
    let picture = if interlaced {
        let size = reader
            .output_buffer_size()
            .ok_or_else(|| broken(Format::Png, "too large"))?;
        let mut data = vec![0; size];
        reader.next_frame(&mut data).map_err(in_png)?;
        let data = with_alpha(colour, Cow::Owned(data)).into_owned();
        whole(Format::Png, full_size, pixel, data)?
    } else {
        let mut shrink = Shrink::new(full_size, pixel, factor);
        let mut rows = 0;
        while let Some(row) = reader.next_row().map_err(in_png)? {
            shrink.row(&with_alpha(colour, Cow::Borrowed(row.data())));
            rows += 1;
        }
        if rows != full_size.1 {
            return Err(broken(Format::Png, "cut short"));
        }
        shrink.finish()
    };
    Ok(Decoded {
        picture,
        full_size,
        scale: 1.0 / f64::from(factor),
        orientation,
        profile,
        format: Format::Png,
    })
}

/// Grey with alpha as red, green, blue with alpha; all else as it is.
fn with_alpha(colour: png::ColorType, data: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if colour != png::ColorType::GrayscaleAlpha {
        return data;
    }
    let pairs = data.as_chunks::<2>().0.iter();
    Cow::Owned(
        pairs
            .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
            .collect(),
    )
}

/// What `image` decodes: always at full size, to be shrunk by the resizing.
fn decode_image(
    mut decoder: impl ImageDecoder,
    format: Format,
    limits: &Limits,
) -> Result<Decoded, Failure> {
    let failed = in_image(format, limits);
    let full_size = decoder.dimensions();
    // `DynamicImage::from_decoder` checks no limit by itself. A frame is put together from as much
    // again, and the colours may be widened.
    limits.check(
        full_size.0,
        full_size.1,
        decoder.total_bytes().saturating_mul(2),
    )?;
    let mut its_limits = image::Limits::default();
    its_limits.max_image_width = Some(limits.side);
    its_limits.max_image_height = Some(limits.side);
    its_limits.max_alloc = Some(limits.memory);
    decoder.set_limits(its_limits).map_err(&failed)?;
    let profile = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = exif.as_deref().map(Orientation::from_exif);
    let picture = DynamicImage::from_decoder(decoder).map_err(&failed)?;
    let (pixel, data) = match picture.color() {
        ColorType::L8 | ColorType::L16 => (Pixel::Gray, picture.into_luma8().into_raw()),
        colour if colour.has_alpha() => {
            let data = picture.into_rgba8().into_raw();
            // Most GIFs have alpha and use none: a JPEG needs no ground then, a PNG no fourth byte.
            if data.as_chunks::<4>().0.iter().all(|pixel| pixel[3] == 255) {
                let opaque = data.as_chunks::<4>().0.iter();
                let data = opaque.flat_map(|&[r, g, b, _]| [r, g, b]).collect();
                (Pixel::Rgb, data)
            } else {
                (Pixel::Rgba, data)
            }
        }
        _ => (Pixel::Rgb, picture.into_rgb8().into_raw()),
    };
    Ok(Decoded {
        picture: whole(format, full_size, pixel, data)?,
        full_size,
        scale: 1.0,
        orientation: orientation.unwrap_or_default(),
        profile,
        format,
    })
}

fn in_image(format: Format, limits: &Limits) -> impl Fn(ImageError) -> Failure {
    let (time, memory) = (limits.time, limits.memory);
    move |error| match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::TooSlow { limit: time }
        }
        ImageError::Limits(error) => broken(
            format,
            format_args!("{error} (of {memory} bytes: --max-memory allows more)"),
        ),
        error => broken(format, error),
    }
}

/// A picture whose bytes have been counted: a decoder's word is not taken for it.
fn whole(
    format: Format,
    (width, height): (u32, u32),
    pixel: Pixel,
    data: Vec<u8>,
) -> Result<Picture, Failure> {
    let expected = u64::from(width) * u64::from(height) * pixel.bytes() as u64;
    if data.len() as u64 != expected {
        return Err(broken(format, "fewer pixels than its header says"));
    }
    Ok(Picture {
        width,
        height,
        pixel,
        data,
    })
}
