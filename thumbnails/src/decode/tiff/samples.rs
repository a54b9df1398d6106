//! Converts the samples of a TIFF to red, green, blue, alpha, grey or inks with eight bits.

use tiff::ColorType;
use tiff::decoder::DecodingResult;

use crate::colour;
use crate::failure::Failure;
use crate::picture::{Picture, Pixel};

use super::{APART, ASSOCIATED, ICC_LAB, LAB, PALETTE};

/// The meaning of a pixel's samples.
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
    CmykAlpha,
    /// L*a*b* with the centre of a* and b* at 128.
    Lab,
}

pub(super) struct Kind {
    of: Samples,
    /// The number of samples per pixel that are used.
    pub(super) samples: usize,
    pub(super) pixel: Pixel,
}

impl Kind {
    pub(super) fn of(
        colour: ColorType,
        photometric: Option<u16>,
        extra: Option<u16>,
    ) -> Result<Kind, Failure> {
        let alpha = matches!(extra, Some(ASSOCIATED | APART));
        let palette = photometric == Some(PALETTE);
        let (of, samples, pixel) = match colour {
            ColorType::Gray(_) if palette => (Samples::Palette, 1, Pixel::Rgb),
            ColorType::Multiband { .. } if palette => (Samples::PaletteAlpha, 2, Pixel::Rgba),
            ColorType::RGB(8) if matches!(photometric, Some(LAB | ICC_LAB)) => {
                (Samples::Lab, 3, Pixel::Rgb)
            }
            ColorType::Gray(_) => (Samples::Grey, 1, Pixel::Gray),
            ColorType::GrayA(_) => (Samples::GreyAlpha, 2, Pixel::Rgba),
            ColorType::Multiband { num_samples: 2, .. } if alpha => {
                (Samples::GreyAlpha, 2, Pixel::Rgba)
            }
            ColorType::Multiband { .. } => (Samples::Grey, 1, Pixel::Gray),
            ColorType::RGB(_) => (Samples::Rgb, 3, Pixel::Rgb),
            ColorType::RGBA(_) => (Samples::Rgba, 4, Pixel::Rgba),
            ColorType::YCbCr(_) => (Samples::Ycc, 3, Pixel::Rgb),
            ColorType::CMYKA(_) if extra == Some(APART) => (Samples::CmykAlpha, 5, Pixel::Rgba),
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

    /// The bytes per pixel that [`inks_with_alpha`] needs besides its result; 0 if it is not used.
    pub(super) fn converting(&self) -> u64 {
        match self.of {
            Samples::CmykAlpha => 5 + 4 + 3,
            _ => 0,
        }
    }

    pub(super) fn pixels(
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
                    // Indices with fewer bits were widened to eight, like grey.
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

/// Converts L*a*b* (white point D50) to sRGB: by XYZ, Bradford's adaptation and the curve of IEC
/// 61966-2-1.
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

/// Converts samples to eight bits.
pub(super) fn to_bytes(samples: DecodingResult, depth: u8, width: usize, each: usize) -> Vec<u8> {
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
        // Negative values are black, and positive ones use the lower half of the range, as in
        // libvips and Pillow.
        DecodingResult::I8(all) => all.into_iter().map(|it| it.max(0) as u8).collect(),
        DecodingResult::I16(all) => all.into_iter().map(|it| (it.max(0) >> 8) as u8).collect(),
        DecodingResult::I32(all) => all.into_iter().map(|it| (it.max(0) >> 24) as u8).collect(),
        DecodingResult::I64(all) => all.into_iter().map(|it| (it.max(0) >> 56) as u8).collect(),
    }
}

fn unit(value: f32) -> u8 {
    // `as` saturates.
    (value * 255.0 + 0.5) as u8
}

/// Unpacks samples with fewer than eight bits to bytes from 0 to 255. Each row begins with a new
/// byte.
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

/// Converts four inks and alpha to red, green, blue and alpha. All other colours are converted
/// after resizing, but a picture with five samples can't be resized.
pub(super) fn inks_with_alpha(data: &[u8], size: (u32, u32), profile: Option<&[u8]>) -> Vec<u8> {
    let pixels = data.as_chunks::<5>().0;
    let inks = Picture {
        width: size.0,
        height: size.1,
        pixel: Pixel::Cmyk,
        data: pixels.iter().flat_map(|it| &it[..4]).copied().collect(),
    };
    let colours = colour::to_srgb(inks, profile).data;
    let with_alpha = colours.as_chunks::<3>().0.iter().zip(pixels);
    with_alpha
        .flat_map(|(&[red, green, blue], it)| [red, green, blue, it[4]])
        .collect()
}

/// Undoes the multiplication of colours by alpha.
pub(super) fn divide_by_alpha(data: &mut [u8]) {
    for [colours @ .., alpha] in data.as_chunks_mut::<4>().0 {
        let alpha = u32::from(*alpha).max(1);
        for value in colours {
            *value = ((u32::from(*value) * 255 + alpha / 2) / alpha).min(255) as u8;
        }
    }
}
