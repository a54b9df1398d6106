//! The thumbnails of pictures of all kinds: orientation, scale, size, format.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use support::made::{box_of, png_of};
use support::{corners, encoded, jpeg, waves, with_chunk, with_exif};
use thumbnails::task::thumbnail;
use thumbnails::{Filter, Fit, Format, Settings};

#[test]
fn all_eight_orientations_come_out_upright() {
    // The corners of an upright picture of 64x32: red, green, blue and white.
    let upright = corners(64, 32);
    let transpose = |picture: &DynamicImage| picture.rotate90().fliph();
    let stored: [DynamicImage; 8] = [
        upright.clone(),
        upright.fliph(),
        upright.rotate180(),
        upright.flipv(),
        transpose(&upright),
        upright.rotate270(),
        transpose(&upright.rotate180()),
        upright.rotate90(),
    ];
    for (tag, stored) in (1_u16..).zip(&stored) {
        let file = with_exif(&jpeg(stored, 95), tag);
        let made = png_of(&file, box_of(32, 32)).to_rgb8();
        assert_eq!(made.dimensions(), (32, 16), "orientation {tag}");
        let is = |x, y, colour: [u8; 3]| {
            let there: [u8; 3] = made.get_pixel(x, y).0;
            let near = there.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 40);
            assert!(
                near,
                "orientation {tag}: {there:?} where {colour:?} is to be"
            );
        };
        is(4, 4, [255, 0, 0]);
        is(27, 4, [0, 255, 0]);
        is(4, 11, [0, 0, 255]);
        is(27, 11, [255, 255, 255]);
    }
}

#[test]
fn every_scale_of_a_jpeg_is_the_same_picture() {
    let picture = waves(403, 299);
    for quality in [50, 95] {
        let file = jpeg(&picture, quality);
        for side in [25, 48, 90, 180, 360] {
            let settings = box_of(side, side);
            let made = png_of(&file, settings.clone()).to_rgb8();
            let full = encoded(&image::load_from_memory(&file).unwrap(), ImageFormat::Png);
            let reference = png_of(&full, settings).to_rgb8();
            let distance: u64 = made
                .iter()
                .zip(reference.iter())
                .map(|(a, b)| u64::from(a.abs_diff(*b)))
                .sum();
            let mean = distance as f64 / made.len() as f64;
            assert!(
                mean < 2.0,
                "{side} pixels of quality {quality}: off by {mean}"
            );
        }
    }
}

#[test]
fn a_progressive_jpeg_is_the_same_picture() {
    let picture = waves(200, 150);
    let baseline = png_of(&jpeg(&picture, 90), box_of(50, 50)).to_rgb8();
    let file = support::progressive(&picture);
    let made = png_of(&file, box_of(50, 50)).to_rgb8();
    assert_eq!(made.dimensions(), baseline.dimensions());
    for (a, b) in made.iter().zip(baseline.iter()) {
        assert!(a.abs_diff(*b) < 24, "{a} and {b}");
    }
}

#[test]
fn sixteen_bits_grey_and_palettes_are_read() {
    let deep = image::ImageBuffer::from_pixel(40, 30, image::Luma([0x8000_u16]));
    let file = encoded(&DynamicImage::ImageLuma16(deep), ImageFormat::Png);
    let made = png_of(&file, box_of(20, 20)).to_luma8();
    assert_eq!(
        (made.dimensions(), made.get_pixel(5, 5).0),
        ((20, 15), [0x80])
    );
    let deep = image::ImageBuffer::from_pixel(40, 30, image::LumaA([0x4000_u16, 0xffff]));
    let file = encoded(&DynamicImage::ImageLumaA16(deep), ImageFormat::Png);
    assert_eq!(
        png_of(&file, box_of(20, 20)).to_rgb8().get_pixel(5, 5).0,
        [0x40; 3]
    );
}

#[test]
fn of_an_animated_gif_the_first_frame_is_taken() {
    let mut file = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut file);
        for colour in [[255, 0, 0, 255], [0, 0, 255, 255]] {
            let frame = image::Frame::new(RgbaImage::from_pixel(20, 20, Rgba(colour)));
            encoder.encode_frame(frame).unwrap();
        }
    }
    let made = png_of(&file, box_of(10, 10)).to_rgb8();
    assert_eq!(made.get_pixel(5, 5).0, [255, 0, 0]);
}

#[test]
fn boxes_are_filled_as_asked() {
    let file = encoded(&corners(64, 32), ImageFormat::Png);
    let size = |fit, enlarge, (width, height)| {
        let settings = Settings {
            fit,
            enlarge,
            filter: Filter::Bilinear,
            ..box_of(width, height)
        };
        let made = png_of(&file, settings);
        (made.width(), made.height())
    };
    assert_eq!(size(Fit::Contain, false, (16, 16)), (16, 8));
    assert_eq!(size(Fit::Contain, false, (200, 200)), (64, 32));
    assert_eq!(size(Fit::Contain, true, (200, 200)), (200, 100));
    assert_eq!(size(Fit::Cover, false, (16, 16)), (16, 16));
    assert_eq!(size(Fit::Cover, false, (48, 48)), (48, 32));
    assert_eq!(size(Fit::Pad, false, (16, 16)), (16, 16));
    assert_eq!(size(Fit::Exact, false, (10, 30)), (10, 30));
}

/// An EXIF block with an orientation, from its byte order mark on.
fn exif(orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    exif
}

#[test]
fn orientations_are_found_wherever_png_and_webp_have_them() {
    let picture = corners(64, 32);
    let png = encoded(&picture, ImageFormat::Png);
    let digits: String = { b"Exif\0\0".iter() }
        .chain(&exif(6))
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let raw = format!(
        "Raw profile type exif\0\nexif\n      {}\n{digits}\n",
        digits.len() / 2
    );
    let webp = |prefix: &[u8]| {
        let plain = encoded(&picture, ImageFormat::WebP);
        let block = [prefix, &exif(6)].concat();
        // The extended header, with the flag for EXIF, and the size minus one (WebP Container
        // Specification).
        let mut body = b"WEBPVP8X\x0a\0\0\0\x08\0\0\0\x3f\0\0\x1f\0\0".to_vec();
        body.extend(&plain[12..]);
        body.extend(b"EXIF");
        body.extend(u32::try_from(block.len()).unwrap().to_le_bytes());
        body.extend(&block);
        body.resize(body.len().next_multiple_of(2), 0);
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [b"RIFF".as_slice(), &length, &body].concat()
    };
    for (what, file) in [
        ("eXIf first", with_chunk(&png, b"eXIf", &exif(6), false)),
        ("eXIf last", with_chunk(&png, b"eXIf", &exif(6), true)),
        (
            "eXIf as in a JPEG",
            with_chunk(&png, b"eXIf", &[b"Exif\0\0", &exif(6)[..]].concat(), false),
        ),
        (
            "XMP",
            with_chunk(
                &png,
                b"iTXt",
                b"XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation=\"6\"/>",
                false,
            ),
        ),
        (
            "ImageMagick's text",
            with_chunk(&png, b"tEXt", raw.as_bytes(), true),
        ),
        ("WebP", webp(b"")),
        ("WebP as Pillow writes it", webp(b"Exif\0\0")),
    ] {
        let made = png_of(&file, box_of(32, 32)).to_rgb8();
        assert_eq!(made.dimensions(), (16, 32), "{what}");
        // After a clockwise turn, the lower left corner is at the top.
        assert_eq!(made.get_pixel(3, 3).0, [0, 0, 255], "{what}");
    }
}

#[test]
fn thumbnails_look_like_a_full_decode_and_lanczos() {
    let size = (3000, 2000);
    for (format, seed) in [(Format::Jpeg, 1), (Format::Png, 2), (Format::WebP, 3)] {
        let path = std::path::PathBuf::new();
        let sample = thumbnails::samples::Sample {
            path,
            size,
            format,
            seed,
        };
        let file = thumbnails::encode::encode(&sample.picture(), format, 90, &[]).unwrap();
        let full = image::load_from_memory(&file).unwrap();
        let full = encoded(&full.into_rgba8().into(), ImageFormat::Png);
        // With alpha it is decoded completely.
        let reference = png_of(&full, box_of(256, 256));
        let written = thumbnail(&file, &Settings::default(), &[]).unwrap();
        let written = image::load_from_memory(&written.bytes).unwrap();
        let before = support::ssim::ssim(&png_of(&file, box_of(256, 256)), &reference);
        let after = support::ssim::ssim(&written, &reference);
        assert!(before > 0.99 && after > 0.98, "{format}: {before} {after}");
    }
}

#[test]
fn formats_that_are_only_read_are_written_as_png() {
    let mut formats = vec![ImageFormat::Bmp, ImageFormat::Tiff];
    if cfg!(feature = "pnm") {
        formats.push(ImageFormat::Pnm);
    }
    for format in formats {
        let file = encoded(&corners(64, 32), format);
        let same = Settings {
            format: None,
            ..box_of(32, 32)
        };
        let made = thumbnail(&file, &same, &[]).unwrap();
        assert_eq!(
            (made.size, Format::of(&made.bytes)),
            ((32, 16), Some(Format::Png))
        );
        let picture = image::load_from_memory(&made.bytes).unwrap().to_rgb8();
        assert_eq!(picture.get_pixel(2, 2).0, [255, 0, 0], "{format:?}");
    }
}
