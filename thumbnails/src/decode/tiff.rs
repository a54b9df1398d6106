//! TIFF: its first picture.

mod directory;
mod patched;
mod samples;

use std::io;

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{TiffError, TiffUnsupportedError};

use crate::colour;
use crate::failure::Failure;
use crate::orient::Orientation;
use crate::picture::{Format, Pixel};
use crate::shrink::Shrink;

use directory::Directory;
use patched::Patched;
use samples::{Kind, divide_by_alpha, inks_with_alpha, to_bytes};

use super::{Decoded, Job, broken, factor, jpeg, plain, shrunk, without_alpha};

/// The meaning of the samples (tag 262).
const PHOTOMETRIC: u16 = 262;
/// The compression (tag 259), and the method for JPEG that was given up in 1995.
const COMPRESSION: u16 = 259;
const OLD_JPEG: u32 = 6;
const LZW: u32 = 5;
/// The offsets of the strips (tag 273).
const STRIPS: u16 = 273;
/// The decoder's memory for a value of a tag: an enum, and then a number. It is allocated by the count in
/// the directory, before the values are read.
const VALUE: u64 = 32 + 8;
/// The meaning of extra samples (tag 338): alpha with premultiplied colours, or without.
const ASSOCIATED: u16 = 1;
const APART: u16 = 2;
const ORIENTATION: u16 = 274;
const PROFILE: u16 = 34_675;
const GREY: u16 = 1;
const PALETTE: u16 = 3;
const RGB: u16 = 2;
/// L*a*b* with signed a* and b*, and with their centre at 128.
const LAB: u16 = 8;
const ICC_LAB: u16 = 9;

pub(super) fn decode(
    job: &mut Job<'_>,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let limit = job.limits.time;
    let in_tiff = |error| match error {
        TiffError::IoError(error) if error.kind() == io::ErrorKind::TimedOut => {
            Failure::TooSlow { limit }
        }
        TiffError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            broken(Format::Tiff, "cut short")
        }
        TiffError::UnsupportedError(error) => Failure::Unsupported {
            what: unsupported(&error).to_owned(),
        },
        error => broken(Format::Tiff, plain(&error.to_string())),
    };
    let bytes = *job.reader.bytes.get_ref();
    let directory = Directory::first(bytes);
    if let Some(directory) = &directory
        && directory.value(COMPRESSION) == Some(OLD_JPEG)
    {
        return old_jpeg(job, directory, least);
    }
    if directory.as_ref().is_some_and(|it| is_old_lzw(it, bytes)) {
        let what = "a TIFF with LZW compression of before 1988".to_owned();
        return Err(Failure::Unsupported { what });
    }
    let values = VALUE * directory.as_ref().map_or(0, Directory::values_to_read);
    job.limits.check(1, 1, values)?;
    // The decoder does not support palettes: it reads the indices as grey, and they are looked up
    // here. It does not support L*a*b* either: that is read as red, green and blue.
    let photometric = directory.as_ref().and_then(|it| it.value(PHOTOMETRIC));
    let photometric = photometric.map(|it| it as u16);
    let reader = Patched::new(job.reader.clone(), directory.as_ref());
    let palette = photometric == Some(PALETTE);
    let most = usize::try_from(job.limits.memory).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most;
    limits.intermediate_buffer_size = most;
    let mut decoder = Decoder::new(reader).map_err(in_tiff)?.with_limits(limits);
    let full_size = decoder.dimensions().map_err(in_tiff)?;
    if full_size.0 == 0 || full_size.1 == 0 {
        return Err(broken(Format::Tiff, "no pixels in it"));
    }
    job.limits.check(full_size.0, full_size.1, 0)?;
    let colour_type = decoder.colortype().map_err(in_tiff)?;
    let number =
        |tag, decoder: &mut Decoder<_>| decoder.find_tag_unsigned::<u16>(tag).ok().flatten();
    let orientation = number(Tag::Orientation, &mut decoder).map(Orientation::from_tag);
    let orientation = orientation.unwrap_or_default();
    let profile = directory.as_ref().and_then(|it| it.bytes(PROFILE));
    let profile_bytes = profile.map_or(0, <[u8]>::len) as u64;
    let map = if palette {
        let map = decoder.get_tag_u16_vec(Tag::ColorMap).map_err(in_tiff)?;
        Some(map)
    } else {
        None
    };
    let layout = decoder.image_buffer_layout().map_err(in_tiff)?;
    let extra = decoder.get_tag_u16_vec(Tag::ExtraSamples).ok();
    let extra = extra.and_then(|it| it.first().copied());
    let kind = Kind::of(colour_type, photometric, extra)?;
    let factor = factor(full_size, orientation, least);
    let pixels = u64::from(full_size.0) * u64::from(full_size.1);
    let shrunk_bytes = Shrink::bytes(full_size, kind.pixel, factor);
    // A strip is unpacked beside the picture, and may be as large as the picture.
    let converting = match kind.converting() {
        0 => 0,
        each => each * pixels + colour::memory(profile_bytes),
    };
    let stored = layout.complete_len as u64;
    // Samples of fewer bits are widened to bytes.
    let widened = match colour_type.bit_depth() {
        depth @ 1..8 => 8 * stored / u64::from(depth),
        _ => 0,
    };
    let decoding = 2 * stored
        + widened
        + pixels * kind.pixel.bytes() as u64
        + converting
        + values
        + shrunk_bytes;
    job.reserve(full_size, decoding, shrunk_bytes, kind.pixel, profile_bytes)?;

    let associated = extra == Some(ASSOCIATED);
    let plane = pixels as usize;
    let planes = layout.complete_len > layout.len;
    let tiled = matches!(decoder.get_chunk_type(), tiff::decoder::ChunkType::Tile);
    let (bytes, damage) = if planes && tiled {
        let bytes = tiles(
            &mut decoder,
            full_size,
            layout.planes,
            colour_type.bit_depth(),
        );
        (bytes.map_err(in_tiff)?, None)
    } else {
        let mut samples = DecodingResult::U8(Vec::new());
        let damage = match decoder.read_image_to_buffer(&mut samples) {
            Ok(_) => None,
            Err(error) => match in_tiff(error) {
                Failure::Broken { reason, .. } if has_any(&mut samples) => Some(reason),
                failure => return Err(failure),
            },
        };
        let (depth, width) = (colour_type.bit_depth(), full_size.0 as usize);
        (to_bytes(samples, depth, width, kind.samples), damage)
    };
    // Planar, or interleaved.
    let each = bytes.len() / plane.max(1);
    if each < kind.samples {
        return Err(broken(Format::Tiff, "fewer samples than its header says"));
    }
    let at = |pixel: usize, sample: usize| {
        let value = match planes {
            true => bytes[sample * plane + pixel],
            false => bytes[pixel * each + sample],
        };
        // Convert a signed value to one with an offset.
        if photometric == Some(LAB) && sample > 0 {
            value ^ 0x80
        } else {
            value
        }
    };
    let mut data = kind.pixels(plane, at, map.as_deref(), colour_type.bit_depth());
    let converted = kind.converting() > 0;
    if converted {
        data = inks_with_alpha(&data, full_size, profile);
    } else if associated && kind.pixel == Pixel::Rgba {
        divide_by_alpha(&mut data);
    }
    Ok(Decoded {
        picture: without_alpha(shrunk(full_size, kind.pixel, &data, factor)),
        full_size,
        scale: 1.0 / f64::from(factor),
        orientation,
        profile: profile.filter(|_| !converted).map(<[u8]>::to_vec),
        format: Format::Tiff,
        damage,
    })
}

/// Assembles the tiles of each plane to planes of bytes.
fn tiles(
    decoder: &mut Decoder<Patched<'_>>,
    size: (u32, u32),
    planes: usize,
    depth: u8,
) -> Result<Vec<u8>, TiffError> {
    let (width, height) = (size.0 as usize, size.1 as usize);
    let (wide, high) = decoder.chunk_dimensions();
    let across = size.0.div_ceil(wide.max(1));
    let of_plane = across * size.1.div_ceil(high.max(1));
    let mut bytes = vec![0; width * height * planes];
    for (number, plane) in bytes.chunks_exact_mut(width * height).enumerate() {
        for tile in 0..of_plane {
            let index = number as u32 * of_plane + tile;
            let (inner, _) = decoder.chunk_data_dimensions(index);
            let samples = decoder.read_chunk(index)?;
            let samples = to_bytes(samples, depth, inner as usize, 1);
            let (left, top) = (tile % across * wide, tile / across * high);
            for (row, line) in samples.chunks_exact(inner.max(1) as usize).enumerate() {
                let at = (top as usize + row) * width + left as usize;
                if let Some(place) = plane.get_mut(at..at + line.len()) {
                    place.copy_from_slice(line);
                }
            }
        }
    }
    Ok(bytes)
}

/// Decodes a picture that is stored as one complete JPEG. In the old compression it may also be in
/// pieces, in incompatible ways.
fn old_jpeg(
    job: &mut Job<'_>,
    directory: &Directory<'_>,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    /// The tags with the offset of the JPEG, and of the first strip.
    const PLACES: [u16; 2] = [513, STRIPS];
    let bytes = *job.reader.bytes.get_ref();
    let places = PLACES.into_iter().filter_map(|tag| directory.value(tag));
    let mut jpegs = places.filter_map(|at| bytes.get(at as usize..));
    let pieces = || Failure::Unsupported {
        what: "a TIFF with a JPEG in pieces".to_owned(),
    };
    let whole = jpegs.find(|it| it.starts_with(b"\xff\xd8"));
    let whole = whole.ok_or_else(pieces)?;
    let orientation = directory.value(ORIENTATION).map_or(1, |it| it as u16);
    let orientation = Orientation::from_tag(orientation);
    let least = |size| orientation.size(least(orientation.size(size)));
    let decoded = jpeg::decode(job, whole, least)?;
    // The first JPEG may contain only the tables.
    if decoded.damage.is_some() {
        return Err(pieces());
    }
    Ok(Decoded {
        orientation,
        format: Format::Tiff,
        ..decoded
    })
}

/// Whether LZW codes begin with their lowest bit, as in some files from before TIFF 5.0 (1988). The
/// first code clears the table, and is 256: libtiff uses the same test (`LZWPreDecode`).
fn is_old_lzw(directory: &Directory<'_>, bytes: &[u8]) -> bool {
    let first = directory.value(STRIPS).unwrap_or(0) as usize;
    let start = bytes.get(first..).and_then(|strip| strip.first_chunk());
    directory.value(COMPRESSION) == Some(LZW)
        && start.is_some_and(|&[first, second]| first == 0 && second & 1 == 1)
}

/// A message for a feature that the decoder does not support. The decoder's own messages are for
/// developers.
fn unsupported(error: &TiffUnsupportedError) -> &'static str {
    match error {
        TiffUnsupportedError::UnsupportedCompressionMethod(method) => match method.to_u16() {
            2 => "a TIFF with CCITT's Huffman compression",
            3 => "a TIFF with fax compression of group 3",
            34_925 => "a TIFF with LZMA compression",
            50_000 => "a TIFF with Zstandard compression",
            50_001 => "a TIFF with WebP compression",
            _ => "a TIFF with this kind of compression",
        },
        TiffUnsupportedError::UnknownCompressionMethod => "a TIFF with this kind of compression",
        TiffUnsupportedError::ChromaSubsampling => "a TIFF with chroma subsampling",
        TiffUnsupportedError::HorizontalPredictor(_)
        | TiffUnsupportedError::FloatingPointPredictor(_) => "a TIFF with this kind of prediction",
        TiffUnsupportedError::UnsupportedSampleDepth(_)
        | TiffUnsupportedError::UnsupportedBitsPerChannel(_)
        | TiffUnsupportedError::UnsupportedColorType(_)
        | TiffUnsupportedError::InconsistentBitsPerSample(_)
        | TiffUnsupportedError::UnsupportedSampleFormat(_) => "a TIFF with samples of this size",
        _ => "a TIFF of this kind of colours",
    }
}

fn has_any(samples: &mut DecodingResult) -> bool {
    samples.as_buffer(0).as_bytes().iter().any(|&it| it != 0)
}
