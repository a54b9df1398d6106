//! The colours of thumbnails: inks, profiles, alpha.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use support::made::{box_of, png_of};
use support::{encoded, insert_behind_start, jpeg};
use thumbnails::Settings;
use thumbnails::task::thumbnail;

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
