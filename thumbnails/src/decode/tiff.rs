//! TIFF: its first picture.

use std::io::{self, Read, Seek, SeekFrom};

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError, TiffUnsupportedError};

use crate::failure::Failure;
use crate::limits::Timed;
use crate::orient::Orientation;
use crate::picture::{Format, Pixel};
use crate::shrink::Shrink;

use super::{Decoded, Job, broken, factor, plain, shrunk, without_alpha};

/// How a TIFF says what its samples mean (tag 262).
const PHOTOMETRIC: u16 = 262;
const GREY: u16 = 1;
const PALETTE: u16 = 3;
const RGB: u16 = 2;
/// L*a*b*, a* and b* with a sign; and with their middle at 128.
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
    let mut reader = Patched {
        inner: job.timed.clone(),
        patch: None,
    };
    // The decoder knows no palettes: their indices are read as grey, and looked up here. Nor does it
    // decode L*a*b*: that is read as red, green and blue.
    let photometric = reader.hide();
    let palette = photometric == Some(PALETTE);
    let most = usize::try_from(job.limits.memory).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most;
    limits.intermediate_buffer_size = most;
    limits.ifd_value_size = 16 << 20;
    let mut decoder = Decoder::new(reader).map_err(in_tiff)?.with_limits(limits);
    let full_size = decoder.dimensions().map_err(in_tiff)?;
    if full_size.0 == 0 || full_size.1 == 0 {
        return Err(broken(Format::Tiff, "no pixels in it"));
    }
    job.limits.check(full_size.0, full_size.1, 0)?;
    let colour = decoder.colortype().map_err(in_tiff)?;
    let number =
        |tag, decoder: &mut Decoder<_>| decoder.find_tag_unsigned::<u16>(tag).ok().flatten();
    let orientation = number(Tag::Orientation, &mut decoder).map(Orientation::from_tag);
    let orientation = orientation.unwrap_or_default();
    let profile = decoder.get_tag_u8_vec(Tag::IccProfile).ok();
    let map = if palette {
        let map = decoder.get_tag_u16_vec(Tag::ColorMap).map_err(in_tiff)?;
        Some(map)
    } else {
        None
    };
    let layout = decoder.image_buffer_layout().map_err(in_tiff)?;
    let kind = Kind::of(colour, photometric)?;
    let factor = factor(full_size, orientation, least);
    let pixels = u64::from(full_size.0) * u64::from(full_size.1);
    let shrunk_bytes = Shrink::bytes(full_size, kind.pixel, factor);
    // A strip is unpacked beside the whole, and may be all of it.
    let decoding = 2 * layout.complete_len as u64
        + pixels * kind.pixel.bytes() as u64
        + profile.as_ref().map_or(0, Vec::len) as u64
        + shrunk_bytes;
    job.reserve(full_size, decoding, shrunk_bytes, kind.pixel)?;

    let reversed = number(Tag::FillOrder, &mut decoder) == Some(2);
    if reversed && number(Tag::Compression, &mut decoder).is_some_and(|it| it != 1) {
        let what = "a compressed TIFF with its bits in reversed order".to_owned();
        return Err(Failure::Unsupported { what });
    }
    let associated = decoder.get_tag_u16_vec(Tag::ExtraSamples);
    let associated = associated.is_ok_and(|it| it.first() == Some(&1));
    let plane = pixels as usize;
    let planes = layout.complete_len > layout.len;
    let tiled = matches!(decoder.get_chunk_type(), tiff::decoder::ChunkType::Tile);
    let (bytes, damage) = if planes && tiled {
        let bytes = tiles(&mut decoder, full_size, layout.planes, colour.bit_depth());
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
        if reversed {
            let mut samples = samples.as_buffer(0);
            samples
                .as_bytes_mut()
                .iter_mut()
                .for_each(|it| *it = it.reverse_bits());
        }
        let (depth, width) = (colour.bit_depth(), full_size.0 as usize);
        (to_bytes(samples, depth, width, kind.samples), damage)
    };
    // One plane after the other, or one pixel after the other.
    let each = bytes.len() / plane.max(1);
    if each < kind.samples {
        return Err(broken(Format::Tiff, "fewer samples than its header says"));
    }
    let at = |pixel: usize, sample: usize| {
        let value = match planes {
            true => bytes[sample * plane + pixel],
            false => bytes[pixel * each + sample],
        };
        // A sign becomes an offset.
        if photometric == Some(LAB) && sample > 0 {
            value ^ 0x80
        } else {
            value
        }
    };
    let mut data = kind.pixels(plane, at, map.as_deref(), colour.bit_depth());
    if associated && kind.pixel == Pixel::Rgba {
        divide_by_alpha(&mut data);
    }
    Ok(Decoded {
        picture: without_alpha(shrunk(full_size, kind.pixel, &data, factor)),
        full_size,
        scale: 1.0 / f64::from(factor),
        orientation,
        profile,
        format: Format::Tiff,
        damage,
    })
}

/// The tiles of each plane, put together to planes of bytes.
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

/// Colours that have been multiplied by how opaque they are, as they were before.
fn divide_by_alpha(data: &mut [u8]) {
    for [colours @ .., alpha] in data.as_chunks_mut::<4>().0 {
        let alpha = u32::from(*alpha).max(1);
        for value in colours {
            *value = ((u32::from(*value) * 255 + alpha / 2) / alpha).min(255) as u8;
        }
    }
}

/// What the decoder does not know. Its own texts are for those who wrote it.
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

/// What a pixel's samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    Palette,
    PaletteAlpha,
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    Ycc,
    Cmyk,
    /// L*a*b* with the middle of a* and b* at 128.
    Lab,
}

struct Kind {
    of: Samples,
    /// So many samples of each pixel are looked at.
    samples: usize,
    pixel: Pixel,
}

impl Kind {
    fn of(colour: ColorType, photometric: Option<u16>) -> Result<Kind, Failure> {
        let palette = photometric == Some(PALETTE);
        let (of, samples, pixel) = match colour {
            ColorType::Gray(_) if palette => (Samples::Palette, 1, Pixel::Rgb),
            ColorType::Multiband { .. } if palette => (Samples::PaletteAlpha, 2, Pixel::Rgba),
            ColorType::RGB(8) if matches!(photometric, Some(LAB | ICC_LAB)) => {
                (Samples::Lab, 3, Pixel::Rgb)
            }
            ColorType::Gray(_) => (Samples::Grey, 1, Pixel::Gray),
            ColorType::GrayA(_) | ColorType::Multiband { num_samples: 2, .. } => {
                (Samples::GreyAlpha, 2, Pixel::Rgba)
            }
            ColorType::Multiband { .. } => (Samples::Grey, 1, Pixel::Gray),
            ColorType::RGB(_) => (Samples::Rgb, 3, Pixel::Rgb),
            ColorType::RGBA(_) => (Samples::Rgba, 4, Pixel::Rgba),
            ColorType::YCbCr(_) => (Samples::Ycc, 3, Pixel::Rgb),
            ColorType::CMYK(_) | ColorType::CMYKA(_) => (Samples::Cmyk, 4, Pixel::Cmyk),
            other => {
                let what = match other {
                    ColorType::Lab(_) => "a TIFF of L*a*b* colours",
                    ColorType::Palette(_) => "a TIFF with a palette of this kind",
                    _ => "a TIFF of this kind of colours",
                };
                let what = what.to_owned();
                return Err(Failure::Unsupported { what });
            }
        };
        Ok(Kind { of, samples, pixel })
    }

    fn pixels(
        &self,
        count: usize,
        at: impl Fn(usize, usize) -> u8,
        map: Option<&[u16]>,
        depth: u8,
    ) -> Vec<u8> {
        let mut data = Vec::with_capacity(count * self.pixel.bytes());
        for pixel in 0..count {
            let value = |sample| at(pixel, sample);
            match self.of {
                Samples::Palette | Samples::PaletteAlpha => {
                    let map = map.unwrap_or_default();
                    // Narrow indices were widened to eight bits, like grey.
                    let index = match depth {
                        1 | 2 | 4 => usize::from(value(0)) / (255 / ((1 << depth) - 1)),
                        _ => usize::from(value(0)),
                    };
                    let third = map.len() / 3;
                    data.extend([0, 1, 2].map(|colour| {
                        let value = map.get(colour * third + index.min(third)).copied();
                        (value.unwrap_or(0) >> 8) as u8
                    }));
                    if self.of == Samples::PaletteAlpha {
                        data.push(value(1));
                    }
                }
                Samples::Ycc => {
                    let [y, cb, cr] = [value(0), value(1), value(2)].map(f32::from);
                    let (cb, cr) = (cb - 128.0, cr - 128.0);
                    let rgb = [
                        y + 1.402 * cr,
                        y - 0.344_136 * cb - 0.714_136 * cr,
                        y + 1.772 * cb,
                    ];
                    data.extend(rgb.map(|it| (it + 0.5) as u8));
                }
                Samples::Lab => data.extend(srgb_of([value(0), value(1), value(2)])),
                Samples::GreyAlpha => data.extend([value(0), value(0), value(0), value(1)]),
                _ => data.extend((0..self.samples).map(value)),
            }
        }
        data
    }
}

/// L*a*b* (white of D50) as sRGB: by XYZ, Bradford's adaptation and the curve of IEC 61966-2-1.
fn srgb_of([l, a, b]: [u8; 3]) -> [u8; 3] {
    let fy = (f32::from(l) / 2.55 + 16.0) / 116.0;
    let fx = fy + (f32::from(a) - 128.0) / 500.0;
    let fz = fy - (f32::from(b) - 128.0) / 200.0;
    let back = |f: f32| match f > 6.0 / 29.0 {
        true => f * f * f,
        false => (f - 4.0 / 29.0) * 108.0 / 841.0,
    };
    let (x, y, z) = (0.964_22 * back(fx), back(fy), 0.825_21 * back(fz));
    let linear = [
        3.133_856 * x - 1.616_867 * y - 0.490_615 * z,
        -0.978_768 * x + 1.916_142 * y + 0.033_454 * z,
        0.071_945 * x - 0.228_991 * y + 1.405_243 * z,
    ];
    linear.map(|it: f32| match it > 0.003_130_8 {
        true => unit(1.055 * it.powf(1.0 / 2.4) - 0.055),
        false => unit(12.92 * it),
    })
}

/// Eight bits a sample.
fn to_bytes(samples: DecodingResult, depth: u8, width: usize, each: usize) -> Vec<u8> {
    match samples {
        DecodingResult::U8(packed) if depth < 8 => unpacked(&packed, depth, width * each),
        DecodingResult::U8(bytes) => bytes,
        DecodingResult::U16(all) if depth > 8 => all
            .into_iter()
            .map(|it| (it >> (depth - 8).min(8)) as u8)
            .collect(),
        DecodingResult::U16(all) => all.into_iter().map(|it| (it >> 8) as u8).collect(),
        DecodingResult::U32(all) => all.into_iter().map(|it| (it >> 24) as u8).collect(),
        DecodingResult::U64(all) => all.into_iter().map(|it| (it >> 56) as u8).collect(),
        DecodingResult::F16(all) => all.into_iter().map(|it| unit(it.to_f32())).collect(),
        DecodingResult::F32(all) => all.into_iter().map(unit).collect(),
        DecodingResult::F64(all) => all.into_iter().map(|it| unit(it as f32)).collect(),
        DecodingResult::I8(all) => all.into_iter().map(|it| it.max(0) as u8 * 2).collect(),
        DecodingResult::I16(all) => all.into_iter().map(|it| (it.max(0) >> 7) as u8).collect(),
        DecodingResult::I32(all) => all.into_iter().map(|it| (it.max(0) >> 23) as u8).collect(),
        DecodingResult::I64(all) => all.into_iter().map(|it| (it.max(0) >> 55) as u8).collect(),
    }
}

fn unit(value: f32) -> u8 {
    // `as` saturates.
    (value * 255.0 + 0.5) as u8
}

/// Samples of fewer than eight bits, each row of which starts with a byte, as whole bytes from 0 to
/// 255.
fn unpacked(packed: &[u8], depth: u8, row: usize) -> Vec<u8> {
    let (depth, row) = (usize::from(depth.max(1)), row.max(1));
    let stride = (row * depth).div_ceil(8);
    let most = (1_u32 << depth) - 1;
    let mut bytes = Vec::with_capacity(packed.len() / stride * row);
    for line in packed.chunks_exact(stride) {
        bytes.extend((0..row).map(|x| {
            let bit = x * depth;
            let pair = u32::from(line[bit / 8]) << 8
                | u32::from(line.get(bit / 8 + 1).copied().unwrap_or(0));
            let value = pair >> (16 - depth - bit % 8) & most;
            (value * 255 / most) as u8
        }));
    }
    bytes
}

/// A TIFF of which two bytes are read otherwise than they are.
struct Patched<'a> {
    inner: Timed<'a>,
    patch: Option<(u64, [u8; 2])>,
}

impl Patched<'_> {
    /// Hides what the decoder does not know of the first picture's colours; returns what they are.
    fn hide(&mut self) -> Option<u16> {
        let bytes = *self.inner.bytes.get_ref();
        let big = bytes.starts_with(b"MM");
        let short = |at: usize| {
            let pair = *bytes.get(at..)?.first_chunk::<2>()?;
            Some(if big {
                u16::from_be_bytes(pair)
            } else {
                u16::from_le_bytes(pair)
            })
        };
        let long = |at: usize| {
            let four = *bytes.get(at..)?.first_chunk::<4>()?;
            let value = if big {
                u32::from_be_bytes(four)
            } else {
                u32::from_le_bytes(four)
            };
            Some(value as usize)
        };
        let find = || {
            let directory = long(4)?;
            let count = usize::from(short(directory)?);
            let mut entries = (0..count).map(|number| directory + 2 + 12 * number);
            let entry = entries.find(|&at| short(at) == Some(PHOTOMETRIC))?;
            Some((short(entry + 8)?, entry as u64 + 8))
        };
        let (photometric, at) = find()?;
        let instead = match photometric {
            PALETTE => GREY,
            LAB | ICC_LAB => RGB,
            _ => return Some(photometric),
        };
        let bytes = if big {
            instead.to_be_bytes()
        } else {
            instead.to_le_bytes()
        };
        self.patch = Some((at, bytes));
        Some(photometric)
    }
}

impl Read for Patched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.inner.bytes.position();
        let read = self.inner.read(buffer)?;
        if let Some((at, patch)) = self.patch {
            for (place, byte) in (at..).zip(patch) {
                if (from..from + read as u64).contains(&place) {
                    buffer[(place - from) as usize] = byte;
                }
            }
        }
        Ok(read)
    }
}

impl Seek for Patched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
