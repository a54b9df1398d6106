//! The JPEG decoder compared with others: with libjpeg-turbo at every sampling and scale, with
//! jpeg-decoder for random pictures.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;

use jpeg_encoder::SamplingFactor;
use proptest::prelude::*;
use support::insert_behind_start;
use support::jpegs::{decoded, difference, file, whole, world};
use support::scaling::{from_definition, planes};
use thumbnails::jpeg::Scale;
use thumbnails::jpeg::header::Header;

const SCALES: [Scale; 4] = [Scale::One, Scale::Two, Scale::Four, Scale::Eight];

#[test]
fn every_sampling_at_every_scale_is_as_libjpeg_has_it() {
    let mut count = 0;
    for entry in fs::read_dir(world()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "jpg") {
            continue;
        }
        count += 1;
        let bytes = fs::read(&path).unwrap();
        let header = Header::read(&bytes).unwrap();
        let picture = |scale: Scale| {
            let picture = image::open(path.with_extension(format!("{}.png", scale as u8))).unwrap();
            let size = (picture.width(), picture.height());
            assert_eq!(size, (scale.of(header.width), scale.of(header.height)));
            match header.channels() {
                1 => picture.into_luma8().into_raw(),
                _ => picture.into_rgb8().into_raw(),
            }
        };
        let full = picture(Scale::Eight);
        let name = path.file_stem().unwrap().to_string_lossy();
        let size = (header.width as usize, header.height as usize);
        let theirs = planes(&full, header.channels());
        for scale in SCALES {
            let what = format!("{name} at {}/8", scale as u8);
            let made = whole(&bytes, scale);
            if scale == Scale::Eight {
                assert!(made == full, "{what}");
                continue;
            }
            let ours = planes(&made, header.channels());
            let width = scale.of(header.width) as usize;
            let of = |plane: usize| {
                from_definition(&ours[plane], width, &theirs[plane], size, scale as usize)
            };
            let (mean, most) = of(header.channels());
            // If chroma is finer than luma, luma is enlarged.
            let most_luma = if name == "odd-chroma-finer" {
                (4.7, 12.0)
            } else {
                (0.6, 6.0)
            };
            assert!(
                mean <= most_luma.0 && most <= most_luma.1,
                "{what}: luma {mean:.2}, {most:.1}"
            );
            let colours: Vec<(f64, f64)> = (0..header.channels()).map(of).collect();
            let mean = colours.iter().map(|it| it.0).sum::<f64>() / colours.len() as f64;
            let most = colours.iter().map(|it| it.1).fold(0.0, f64::max);
            let (mean_of_djpeg, most_of_djpeg) = difference(&made, &picture(scale));
            let (mean, most) = match mean_of_djpeg < mean {
                true => (mean_of_djpeg, most_of_djpeg.into()),
                false => (mean, most),
            };
            let bound = bound(&name, scale);
            assert!(
                mean <= bound.0 && most <= bound.1,
                "{what}: {mean:.2} on average, {most:.1} at most"
            );
        }
    }
    assert_eq!(count, 20);
}

/// The allowed difference of colours from djpeg's or from the definition: mean and maximum.
///
/// Luma is compared with the definition, because djpeg does not follow it: its transforms to 4x4
/// and 2x2 (jidctred.c) average more frequencies. For chroma djpeg uses one scale for both
/// directions, so 4:2:2 at half size has chroma as coarse as 4:2:0, with a mean difference up to
/// 45; here each direction has its own scale. The definition is applied to djpeg's full picture,
/// whose chroma is already enlarged: in 4:1:1 each sample is repeated four times, but at half size
/// it is smoothed here.
fn bound(name: &str, scale: Scale) -> (f64, f64) {
    let coarse = ["411", "441"].contains(&name);
    match scale {
        // At the edge djpeg includes some of the pixels beyond it.
        _ if ["444", "rgb", "grey", "grey-sampled"].contains(&name) => (0.6, 6.0),
        Scale::Four if coarse => (9.4, 42.0),
        Scale::Four => (1.7, 10.0),
        Scale::Two => (3.6, 23.0),
        _ => (6.8, 28.0),
    }
}

#[test]
fn without_tables_the_standards_are_used() {
    let bytes = file("420");
    let mut bare = bytes[..2].to_vec();
    let mut rest = &bytes[2..];
    while rest[1] != 0xda {
        let length = 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        if rest[1] != 0xc4 {
            bare.extend(&rest[..length]);
        }
        rest = &rest[length..];
    }
    bare.extend(rest);
    assert!(bare.len() < bytes.len() - 400);
    assert_eq!(whole(&bare, Scale::Eight), whole(&bytes, Scale::Eight));
}

#[test]
fn jfif_is_believed_before_adobe() {
    let bytes = file("420");
    assert!(bytes[6..].starts_with(b"JFIF"));
    let both = insert_behind_start(&bytes, 0xee, b"Adobe\0\x64\0\0\0\0\0");
    assert_eq!(whole(&both, Scale::Eight), whole(&bytes, Scale::Eight));
}

#[test]
fn without_any_marker_the_components_names_say_what_they_are() {
    let bytes = file("444");
    // Without JFIF's segment, and with these names in the frame and in the scan.
    let named = |names: &[u8; 3]| {
        let mut bytes = [&bytes[..2], &bytes[20..]].concat();
        let frame = bytes.windows(2).position(|it| it == [0xff, 0xc0]).unwrap();
        let scan = bytes.windows(2).position(|it| it == [0xff, 0xda]).unwrap();
        for (number, &name) in names.iter().enumerate() {
            bytes[frame + 10 + 3 * number] = name;
            bytes[scan + 5 + 2 * number] = name;
        }
        bytes
    };
    // As libjpeg has it (`default_decompress_parms`).
    for names in [b"rgb", b"YCC", b"\0\x01\x02"] {
        assert_eq!(
            whole(&named(names), Scale::Eight),
            whole(&bytes, Scale::Eight)
        );
    }
    let rgb = insert_behind_start(&named(b"YCC"), 0xee, b"Adobe\0\x64\0\0\0\0\0");
    assert_eq!(
        whole(&named(b"RGB"), Scale::Eight),
        whole(&rgb, Scale::Eight)
    );
    assert_ne!(whole(&rgb, Scale::Eight), whole(&bytes, Scale::Eight));
}

#[test]
fn what_is_not_decoded_is_named() {
    let bytes = file("444");
    let frame = bytes.windows(2).position(|it| it == [0xff, 0xc0]).unwrap();
    for (marker, precision, expected) in [
        (0xc0, 12, "a JPEG of 12 bits is not supported"),
        (0xc3, 8, "lossless JPEG is not supported"),
        (0xc5, 8, "hierarchical JPEG is not supported"),
        (0xc9, 8, "JPEG with arithmetic coding is not supported"),
        (0xca, 8, "JPEG with arithmetic coding is not supported"),
        (0xf7, 8, "JPEG-LS is not supported"),
    ] {
        let mut bytes = bytes.clone();
        (bytes[frame + 1], bytes[frame + 4]) = (marker, precision);
        let error = decoded(&bytes, Scale::One).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

/// A picture with one colour inside, and another colour beyond.
fn framed(inside: (u16, u16), sampling: SamplingFactor, progressive: bool) -> Vec<u8> {
    const WHOLE: u16 = 64;
    let pixels: Vec<u8> = (0..WHOLE * WHOLE)
        .flat_map(|at| match (at % WHOLE < inside.0, at / WHOLE < inside.1) {
            (true, true) => INSIDE,
            _ => [250, 20, 250],
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 100);
    encoder.set_sampling_factor(sampling);
    encoder.set_progressive(progressive);
    let colours = jpeg_encoder::ColorType::Rgb;
    encoder.encode(&pixels, WHOLE, WHOLE, colours).unwrap();
    // Change the header so that the picture ends there: everything after it is beyond the edge.
    let frame = { bytes.windows(2) }.position(|it| it[0] == 0xff && matches!(it[1], 0xc0 | 0xc2));
    let at = frame.unwrap() + 5;
    bytes[at..at + 2].copy_from_slice(&inside.1.to_be_bytes());
    bytes[at + 2..at + 4].copy_from_slice(&inside.0.to_be_bytes());
    bytes
}

const INSIDE: [u8; 3] = [90, 140, 60];

#[test]
fn what_lies_beyond_the_edge_does_not_show() {
    for sampling in [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_2,
        SamplingFactor::F_2_1,
    ] {
        // Even sizes: otherwise a sample of chroma would mix both.
        for inside in [(58, 64), (64, 58), (60, 62), (62, 58)] {
            for (scale, progressive) in [
                (Scale::One, false),
                (Scale::Two, false),
                (Scale::Four, false),
                (Scale::Eight, false),
                (Scale::Two, true),
                (Scale::Four, true),
            ] {
                let bytes = framed(inside, sampling, progressive);
                let pixels = whole(&bytes, scale);
                let most = { pixels.as_chunks::<3>().0.iter() }
                    .flat_map(|pixel| [0, 1, 2].map(|at| pixel[at].abs_diff(INSIDE[at])))
                    .max();
                let what = format!(
                    "{inside:?} at {}/8, {sampling:?}, {progressive}",
                    scale as u8
                );
                assert!(most.unwrap() <= 6, "{what}: {most:?}");
            }
        }
    }
}

/// Waves with some noise, from a seed.
fn picture(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut noise = seed | 1;
    let pixels = (0..u32::from(width) * u32::from(height)).map(|at| {
        let (x, y) = (at % u32::from(width), at / u32::from(width));
        // Marsaglia's xorshift.
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        let grain = (noise >> 27) as f32 - 16.0;
        let wave =
            |a: f32, b: f32| (127.0 + 100.0 * (a * x as f32 + b * y as f32).sin() + grain) as u8;
        let hue = (seed % 7) as f32 / 20.0;
        [
            wave(0.1 + hue, 0.05),
            wave(-0.07, 0.1 + hue),
            wave(0.04, -0.06),
        ]
    });
    pixels.flatten().collect()
}

fn luma(pixel: &[u8]) -> f64 {
    0.299 * f64::from(pixel[0]) + 0.587 * f64::from(pixel[1]) + 0.114 * f64::from(pixel[2])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_size_and_sampling_is_as_another_decoder_has_it(
        size in (1_u16..90, 1_u16..90),
        sampling in 0..8_usize,
        quality in 40..100_u8,
        progressive: bool,
        optimized: bool,
        restart in prop::option::of(1..9_u16),
        seed: u32,
    ) {
        let (width, height) = size;
        let pixels = picture(width, height, seed);
        let factors = [
            SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2,
            SamplingFactor::F_2_2, SamplingFactor::F_4_1, SamplingFactor::F_4_2,
            SamplingFactor::F_1_4, SamplingFactor::F_2_4,
        ];
        let mut bytes = Vec::new();
        let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
        encoder.set_sampling_factor(factors[sampling]);
        encoder.set_progressive(progressive);
        // With both options its tables lack codes, and it panics.
        encoder.set_optimized_huffman_tables(optimized && restart.is_none());
        if let Some(restart) = restart {
            encoder.set_restart_interval(restart);
        }
        encoder.encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).unwrap();

        let mut other = jpeg_decoder::Decoder::new(&bytes[..]);
        let expected = other.decode().unwrap();
        let full = whole(&bytes, Scale::Eight);
        let (mean, _) = difference(&full, &expected);
        // The enlargement of chroma is the decoder's choice.
        prop_assert!(mean < if sampling == 0 { 1.0 } else { 10.0 }, "off by {mean}");
        // A smaller picture is approximately the mean of the larger one. The edges are not
        // compared, because an encoder may fill them with any values.
        for scale in [Scale::One, Scale::Two, Scale::Four] {
            let step = 8 / scale as usize;
            let small = whole(&bytes, scale);
            let across = scale.of(width.into()) as usize;
            let inner = (usize::from(width) / 8 * 8, usize::from(height) / 8 * 8);
            let (mut sum, mut count) = (0.0, 0);
            for y in 0..inner.1 / step {
                for x in 0..inner.0 / step {
                    let square = (0..step * step).map(|at| {
                        let (x, y) = (x * step + at % step, y * step + at / step);
                        luma(&full[3 * (y * usize::from(width) + x)..])
                    });
                    let mean = square.sum::<f64>() / (step * step) as f64;
                    sum += (mean - luma(&small[3 * (y * across + x)..])).abs();
                    count += 1;
                }
            }
            let mean = sum / f64::from(count.max(1));
            prop_assert!(mean < 8.0, "at {}/8 off by {mean}", scale as u8);
        }
    }
}
