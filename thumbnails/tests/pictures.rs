//! The results for pictures of all kinds, intact and broken.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use support::{corners, encoded, insert_behind_start, jpeg, waves, with_chunk, with_exif};
use thumbnails::task::thumbnail;
use thumbnails::{Failure, Filter, Fit, Format, Settings};

fn png_of(bytes: &[u8], settings: Settings) -> DynamicImage {
    let settings = Settings {
        format: Some(Format::Png),
        ..settings
    };
    let made = thumbnail(bytes, &settings, &[]).unwrap();
    let picture = image::load_from_memory(&made.bytes).unwrap();
    assert_eq!(made.size, (picture.width(), picture.height()));
    picture
}

fn box_of(width: u32, height: u32) -> Settings {
    Settings {
        size: (width, height),
        ..Settings::default()
    }
}

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
fn inks_become_red_green_and_blue() {
    let file = support::cmyk([0, 255, 255, 0]);
    let made = png_of(&file, box_of(16, 16)).to_rgb8();
    let [red, green, blue] = made.get_pixel(8, 8).0;
    // As in libvips 8.14 without a profile: a printing press's red, not a screen's.
    for (there, expected) in [(red, 236), (green, 33), (blue, 40_u8)] {
        assert!(there.abs_diff(expected) < 12, "{red} {green} {blue}");
    }
}

#[test]
fn an_adobe_marker_says_how_inks_are_stored() {
    let stored = [10, 200, 30, 40];
    // The inks as Pillow 13 reads them, with libjpeg-turbo: any transform but 0 is luma and chroma.
    let converted = [255, 201, 116, 40];
    for (transform, expected) in [
        (None, stored),
        (Some(0), stored),
        (Some(1), converted),
        (Some(2), converted),
        (Some(7), converted),
    ] {
        let mut file = support::cmyk(stored);
        let marker = file.windows(5).position(|it| it == b"Adobe").unwrap();
        match transform {
            Some(transform) => file[marker + 11] = transform,
            // The segment with its marker and length.
            None => drop(file.drain(marker - 4..marker + 12)),
        }
        let picture = support::read(&file).unwrap().picture;
        assert_eq!(picture.pixel, thumbnails::Pixel::Cmyk);
        for (there, expected) in picture.data.iter().zip(expected.repeat(32 * 32)) {
            assert!(
                there.abs_diff(expected) <= 2,
                "{transform:?}: {:?}",
                &picture.data[..4]
            );
        }
    }
}

#[test]
fn inks_with_a_profile_are_converted_by_it() {
    let world = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/world/inks");
    let file = std::fs::read(format!("{world}/profile.jpg")).unwrap();
    let made = png_of(&file, box_of(64, 64)).to_rgb8();
    let expected = image::open(format!("{world}/profile.png"))
        .unwrap()
        .to_rgb8();
    // The middles of sixteen patches. littleCMS and moxcms round otherwise.
    for (x, y) in (0..16).map(|patch| (patch % 4 * 16 + 8, patch / 4 * 16 + 8)) {
        let (there, expected) = (made.get_pixel(x, y), expected.get_pixel(x, y));
        let mut pairs = there.0.iter().zip(expected.0);
        assert!(
            pairs.all(|(a, b)| a.abs_diff(b) <= 8),
            "{there:?} {expected:?}"
        );
    }
}

#[test]
fn a_profile_changes_the_colours_and_is_not_kept() {
    // The green of Display P3 is outside sRGB; its middle grey is the same.
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let mut picture = RgbImage::from_pixel(64, 64, Rgb([200, 80, 80]));
    picture.put_pixel(0, 0, Rgb([200, 80, 80]));
    let plain = jpeg(&DynamicImage::ImageRgb8(picture), 95);
    let mut segment = b"ICC_PROFILE\0\x01\x01".to_vec();
    segment.extend(profile);
    let tagged = insert_behind_start(&plain, 0xe2, &segment);
    let plain = png_of(&plain, box_of(16, 16)).to_rgb8().get_pixel(8, 8).0;
    let tagged = png_of(&tagged, box_of(16, 16)).to_rgb8().get_pixel(8, 8).0;
    assert!(
        plain[0].abs_diff(200) < 4 && plain[1].abs_diff(80) < 4,
        "{plain:?}"
    );
    assert!(
        tagged[0] > plain[0] + 8,
        "{tagged:?} is redder than {plain:?} in sRGB"
    );
    let made = thumbnail(&support::grey_with_text(), &Settings::default(), &[]).unwrap();
    assert!(!made.bytes.windows(6).any(|part| part == b"secret"));
}

#[test]
fn alpha_is_kept_or_laid_on_a_ground() {
    // Invisible blue on the left, and visible red on the right.
    let picture = RgbaImage::from_fn(64, 64, |x, _| {
        if x < 32 {
            Rgba([0, 0, 255, 0])
        } else {
            Rgba([255, 0, 0, 255])
        }
    });
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let file = encoded(&DynamicImage::ImageRgba8(picture.clone()), format);
        let kept = png_of(&file, box_of(16, 16)).to_rgba8();
        assert_eq!(kept.get_pixel(1, 8).0[3], 0);
        assert_eq!(kept.get_pixel(14, 8).0, [255, 0, 0, 255]);
        // No blue appears in the visible part.
        assert!(kept.pixels().all(|it| it.0[3] == 0 || it.0[2] < 8));
        let settings = Settings {
            background: Some([0, 255, 0]),
            ..box_of(16, 16)
        };
        let laid = png_of(&file, settings).to_rgba8();
        assert_eq!(laid.get_pixel(1, 8).0, [0, 255, 0, 255]);
        let made = thumbnail(&file, &box_of(16, 16), &[]).unwrap();
        // zune-jpeg, which `image` uses, decodes a picture with one unit of 4:2:0 wrongly.
        let white = jpeg_decoder::Decoder::new(&made.bytes[..])
            .decode()
            .unwrap();
        let there = &white[3 * (8 * 16 + 1)..][..3];
        assert!(there.iter().all(|it| *it > 200), "{format:?}: {there:?}");
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
fn what_is_wrong_with_a_gif_is_said_in_plain_words() {
    let whole = encoded(&waves(60, 60), ImageFormat::Gif);
    let cut = &whole[..whole.len() / 2];
    let mut corrupt = whole.clone();
    let middle = whole.len() / 2;
    corrupt[middle..middle + 40].fill(0xff);
    for (file, damage) in [
        (cut, "cut short"),
        (&corrupt[..], "corrupt compressed data"),
    ] {
        let decoded = support::read(file).unwrap();
        assert_eq!(decoded.damage.as_deref(), Some(damage));
    }
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

#[test]
fn what_is_cut_short_is_said_to_be_damaged_wherever_it_ends_and_strictly_an_error() {
    let picture = waves(160, 120);
    let strictly = Settings {
        strict: true,
        ..box_of(16, 16)
    };
    let mut files = vec![jpeg(&picture, 90)];
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::Bmp] {
        files.push(encoded(&picture, format));
    }
    for file in files {
        let mut made = 0;
        for length in (12..file.len() * 99 / 100).step_by(file.len() / 61) {
            match thumbnail(&file[..length], &box_of(16, 16), &[]) {
                Ok(thumbnail) => {
                    made += 1;
                    assert!(
                        thumbnail.damage.is_some(),
                        "{length} of {} bytes",
                        file.len()
                    );
                    assert_eq!(thumbnail.size, (16, 12));
                }
                Err(failure) => assert!(matches!(failure, Failure::Broken { .. }), "{failure}"),
            }
            let result = thumbnail(&file[..length], &strictly, &[]);
            assert!(matches!(result, Err(Failure::Broken { .. })), "{result:?}");
        }
        assert!(made > 40, "{made}");
    }
}

#[test]
fn a_png_without_its_end_or_with_wrong_checksums_is_still_read() {
    let file = encoded(&corners(64, 32), ImageFormat::Png);
    let end = file.len() - 12;
    assert_eq!(&file[end + 4..end + 8], b"IEND");
    let made = thumbnail(&file[..end], &box_of(16, 16), &[]).unwrap();
    assert_eq!(made.damage, None);
    let mut wrong = file.clone();
    wrong[end - 1] ^= 1;
    let made = thumbnail(&wrong, &box_of(16, 16), &[]).unwrap();
    assert!(made.damage.is_some());
    let picture = image::load_from_memory(&made.bytes).unwrap().to_rgb8();
    assert!(
        picture.get_pixel(2, 2).0[0] > 200,
        "{:?}",
        picture.get_pixel(2, 2)
    );
    // The checksum of the header, behind its 13 bytes.
    let mut wrong = file.clone();
    wrong[8 + 8 + 13] ^= 1;
    let made = thumbnail(&wrong, &box_of(16, 16), &[]).unwrap();
    assert_eq!(made.damage.as_deref(), Some("a wrong checksum"));
}

#[test]
fn a_webp_without_the_byte_that_makes_its_length_even_is_whole() {
    let odd = |file: &Vec<u8>| u32::from_le_bytes(*file[16..].first_chunk().unwrap()) % 2 == 1;
    let mut files = (20..60).map(|width| encoded(&waves(width, 20), ImageFormat::WebP));
    let mut file = files.find(odd).unwrap();
    assert_eq!(file.pop(), Some(0));
    assert_eq!(support::read(&file).unwrap().damage, None);
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
