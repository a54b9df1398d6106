//! Written thumbnails, read by other decoders.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::ImageFormat;
use thumbnails::task::thumbnail;
use thumbnails::{Format, Settings};

/// The thumbnail of a picture with waves, as a file of this format.
fn written(format: Format, quality: u8) -> Vec<u8> {
    let picture = support::encoded(&support::waves(300, 200), ImageFormat::Png);
    let settings = Settings {
        size: (120, 120),
        format: Some(format),
        quality,
        ..Settings::default()
    };
    thumbnail(&picture, &settings, &[]).unwrap().bytes
}

fn mean_difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let sum: u64 = { a.iter().zip(b) }
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / a.len() as f64
}

fn rgb(bytes: &[u8]) -> Vec<u8> {
    image::load_from_memory(bytes)
        .unwrap()
        .into_rgb8()
        .into_raw()
}

#[test]
fn jpeg_and_webp_are_near_what_png_has_and_the_nearer_the_larger() {
    let exact = rgb(&written(Format::Png, 80));
    let lossy = if cfg!(feature = "webp") {
        &[Format::Jpeg, Format::WebP][..]
    } else {
        &[Format::Jpeg]
    };
    for &format in lossy {
        let (low, high) = (written(format, 30), written(format, 95));
        assert!(low.len() < high.len(), "{format}");
        let (far, near) = (
            mean_difference(&rgb(&low), &exact),
            mean_difference(&rgb(&high), &exact),
        );
        assert!(
            near < far && near < 3.0 && far < 12.0,
            "{format}: {near:.2}, {far:.2}"
        );
    }
}

#[cfg(feature = "webp")]
#[test]
fn webp_is_written_with_loss() {
    let webp = written(Format::WebP, 80);
    // The chunk of a lossy picture; a lossless one has `VP8L`.
    assert_eq!(&webp[12..16], b"VP8 ");
    assert!(webp.len() < written(Format::Png, 80).len() / 2);
}
