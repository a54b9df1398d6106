//! The limits of a picture: no file exceeds them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use image::ImageFormat;
use proptest::prelude::*;
use support::made::box_of;
use support::{corners, encoded, jpeg, with_chunk};
use thumbnails::task::thumbnail;
use thumbnails::{Failure, Limits, Settings};

#[test]
fn a_profile_that_unpacks_to_a_gigabyte_is_not_unpacked() {
    use std::io::Write;
    // A profile begins with its size.
    let with_profile = |size: u32| {
        let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&size.to_be_bytes()).unwrap();
        for _ in 0..64 {
            packed.write_all(&[0; 1 << 20]).unwrap();
        }
        let chunk = [b"bomb\0\0".as_slice(), &packed.finish().unwrap()].concat();
        let png = encoded(&corners(64, 32), ImageFormat::Png);
        with_chunk(&png, b"iCCP", &chunk, false)
    };
    let limits = |memory| Settings {
        limits: Limits {
            memory,
            ..Limits::default()
        },
        ..box_of(16, 16)
    };
    // The memory is computed before decoding, and limited.
    let large = with_profile(15 << 20);
    assert!(matches!(
        thumbnail(&large, &limits(64 << 20), &[]),
        Err(Failure::OverLimit { .. })
    ));
    assert!(thumbnail(&large, &limits(128 << 20), &[]).is_ok());
    // A profile over its own limit is ignored.
    let bomb = with_profile(1 << 30);
    assert!(thumbnail(&bomb, &limits(4 << 20), &[]).is_ok());
}

#[test]
fn bombs_are_refused_by_their_header() {
    for (format, bomb) in support::bombs() {
        let result = thumbnail(&bomb, &Settings::default(), &[]);
        match result {
            Err(Failure::OverLimit { .. }) => {}
            other => panic!("{format}: {other:?} {:02x?}", &bomb[..40]),
        }
    }
}

#[test]
fn limits_are_exact() {
    let file = encoded(&corners(64, 32), ImageFormat::Png);
    let with = |limits| {
        let settings = Settings {
            limits,
            ..box_of(16, 16)
        };
        thumbnail(&file, &settings, &[]).map(|_| ())
    };
    let usual = Limits::default;
    let pixels = |pixels| with(Limits { pixels, ..usual() });
    assert_eq!(pixels(64 * 32), Ok(()));
    assert!(matches!(
        pixels(64 * 32 - 1),
        Err(Failure::OverLimit { .. })
    ));
    let side = |side| with(Limits { side, ..usual() });
    assert_eq!(side(64), Ok(()));
    assert!(matches!(side(63), Err(Failure::OverLimit { .. })));
    let memory = |memory| with(Limits { memory, ..usual() });
    assert!(matches!(
        memory(16),
        Err(Failure::OverLimit { .. } | Failure::Broken { .. })
    ));
}

#[test]
fn time_is_limited_in_every_format() {
    let picture = support::waves(120, 90);
    let limits = Limits {
        time: std::time::Duration::ZERO,
        ..Limits::default()
    };
    let settings = Settings {
        limits,
        ..Settings::default()
    };
    let mut files = vec![jpeg(&picture, 90), support::progressive(&picture)];
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        files.push(encoded(&picture, format));
    }
    for file in files {
        let result = thumbnail(&file, &settings, &[]);
        assert!(matches!(result, Err(Failure::TooSlow { .. })), "{result:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn a_thousand_mutated_files_give_a_thumbnail_or_a_reason(
        which in 0..7_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        thread_local!(static WHOLE: Vec<Vec<u8>> = support::whole());
        let mut file = WHOLE.with(|files| files[which].clone());
        for (place, byte) in changes {
            let place = place.index(file.len());
            file[place] = byte;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        let limits = Limits { pixels: 4_000_000, ..Limits::default() };
        let settings = Settings { limits, ..box_of(16, 16) };
        let folder = std::path::Path::new("nowhere");
        let task = thumbnails::Task::new(folder, folder, settings);
        // As in a task: a decoder's panic may be the reason, but not a panic of this room's code.
        if let Err(Failure::Crashed(what)) = task.make(&file) {
            let ours = ["jpeg.rs", "huffman.rs", "idct.rs", "header.rs", "task.rs", "resize.rs"];
            prop_assert!(!ours.iter().any(|file| what.contains(file)), "{}", what);
        }
    }
}
