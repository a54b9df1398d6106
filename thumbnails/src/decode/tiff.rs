//! TIFF: its first picture.

use std::io::{self, Read, Seek, SeekFrom};

use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use crate::failure::Failure;
use crate::limits::Timed;
use crate::orient::Orientation;
use crate::picture::{Format, Pixel};
use crate::shrink::Shrink;

use super::{Decoded, Job, broken, factor, shrunk, without_alpha};

/// How a TIFF says what its samples mean (tag 262).
const PHOTOMETRIC: u16 = 262;
const GREY: u16 = 1;
const PALETTE: u16 = 3;

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
            what: format!("a TIFF with {error}"),
        },
        error => broken(Format::Tiff, error),
    };
    let mut reader = Patched {
        inner: job.timed.clone(),
        patch: None,
    };
    // The decoder knows no palettes: their indices are read as grey, and looked up here.
    let palette = reader.hide_palette();
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
    let kind = Kind::of(colour, map.is_some())?;
    let factor = factor(full_size, orientation, least);
    let pixels = u64::from(full_size.0) * u64::from(full_size.1);
    let shrunk_bytes = Shrink::bytes(full_size, kind.pixel, factor);
    // A strip is unpacked beside the whole, and may be all of it.
    let decoding = 2 * layout.complete_len as u64
        + pixels * kind.pixel.bytes() as u64
        + profile.as_ref().map_or(0, Vec::len) as u64
        + shrunk_bytes;
    job.reserve(full_size, decoding, shrunk_bytes, kind.pixel)?;

    let mut samples = DecodingResult::U8(Vec::new());
    let damage = match decoder.read_image_to_buffer(&mut samples) {
        Ok(_) => None,
        Err(error) => match in_tiff(error) {
            Failure::Broken { reason, .. } if has_any(&mut samples) => Some(reason),
            failure => return Err(failure),
        },
    };
    let bytes = to_bytes(
        samples,
        colour.bit_depth(),
        full_size.0 as usize,
        kind.samples,
    );
    let plane = pixels as usize;
    // One plane after the other, or one pixel after the other.
    let planes = layout.complete_len > layout.len;
    let each = bytes.len() / plane.max(1);
    if each < kind.samples {
        return Err(broken(Format::Tiff, "fewer samples than its header says"));
    }
    let at = |pixel: usize, sample: usize| match planes {
        true => bytes[sample * plane + pixel],
        false => bytes[pixel * each + sample],
    };
    let data = kind.pixels(plane, at, map.as_deref(), colour.bit_depth());
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

fn has_any(samples: &mut DecodingResult) -> bool {
    samples.as_buffer(0).as_bytes().iter().any(|&it| it != 0)
}

/// What a pixel's samples are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Samples {
    Palette,
    Grey,
    GreyAlpha,
    Rgb,
    Rgba,
    Ycc,
    Cmyk,
}

struct Kind {
    of: Samples,
    /// So many samples of each pixel are looked at.
    samples: usize,
    pixel: Pixel,
}

impl Kind {
    fn of(colour: ColorType, palette: bool) -> Result<Kind, Failure> {
        let (of, samples, pixel) = match colour {
            ColorType::Gray(_) if palette => (Samples::Palette, 1, Pixel::Rgb),
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
                Samples::Palette => {
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
                Samples::GreyAlpha => data.extend([value(0), value(0), value(0), value(1)]),
                _ => data.extend((0..self.samples).map(value)),
            }
        }
        data
    }
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
    /// Reads a palette's indices as grey, if the first picture has a palette.
    fn hide_palette(&mut self) -> bool {
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
            (short(entry + 8)? == PALETTE).then_some(entry as u64 + 8)
        };
        let grey = if big {
            GREY.to_be_bytes()
        } else {
            GREY.to_le_bytes()
        };
        self.patch = find().map(|at| (at, grey));
        self.patch.is_some()
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
