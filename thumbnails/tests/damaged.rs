//! Damaged pictures. Truncated ones are compared with Pillow's result: `world/make-damaged`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use image::ImageFormat;
use support::made::box_of;
use support::{corners, encoded, jpeg, read, waves, with_chunk};
use thumbnails::colour;
use thumbnails::task::thumbnail;
use thumbnails::{Failure, Format, Settings};

fn path(name: &str) -> PathBuf {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world");
    world.join("damaged").join(name)
}

/// The decoded rows, and the expected ones.
fn rows(name: &str) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let decoded = read(&fs::read(path(name)).unwrap()).unwrap();
    assert!(decoded.damage.is_some(), "{name}");
    let shown = colour::to_rgb(colour::flatten(decoded.picture, [255; 3])).data;
    let there = image::open(path(&format!("{name}.there.png"))).unwrap();
    let (there, width) = (there.to_rgb8(), there.width() as usize);
    let rows = |data: &[u8]| data.chunks(3 * width).map(<[u8]>::to_vec).collect();
    (rows(&shown), rows(&there))
}

#[test]
fn of_a_png_that_is_cut_short_all_rows_that_can_be_unpacked_are_shown() {
    for name in ["rgb.png", "grey.png", "palette.png"] {
        let (shown, there) = rows(name);
        // A missing row has one colour. Pillow also shows the beginning of a row.
        let varied = |row: &Vec<u8>| row.as_chunks::<3>().0.iter().any(|it| it != &row[..3]);
        let last = there.iter().rposition(varied).unwrap();
        assert!((20..69).contains(&last), "{name}: {last}");
        assert_eq!(shown[..last], there[..last], "{name}");
        let rest = shown[last + 1..].iter().flatten();
        assert!(
            rest.clone().count() > 0 && rest.clone().all(|&it| it == 0),
            "{name}"
        );
    }
}

#[test]
fn of_a_webp_that_is_cut_short_its_beginning_is_shown() {
    for name in ["plain.webp", "lossy.webp"] {
        let (shown, whole) = rows(name);
        let near = |(a, b): &(&Vec<u8>, &Vec<u8>)| {
            a.iter().zip(b.iter()).all(|(a, b)| a.abs_diff(*b) <= 8)
        };
        let same = shown.iter().zip(&whole).take_while(near).count();
        assert!((20..69).contains(&same), "{name}: {same} rows");
    }
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
        let decoded = read(file).unwrap();
        assert_eq!(decoded.damage.as_deref(), Some(damage));
    }
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
    assert_eq!(read(&file).unwrap().damage, None);
}

#[test]
fn of_a_png_with_corrupt_data_the_rows_before_are_shown() {
    let picture = waves(160, 120).to_rgb8();
    let mut file = encoded(&picture.clone().into(), ImageFormat::Png);
    let middle = file.len() / 2;
    file[middle..middle + 40].fill(0xff);
    let decoded = read(&file).unwrap();
    assert!(decoded.damage.is_some());
    let pairs = decoded.picture.data.iter().zip(picture.as_raw());
    let rows = pairs.take_while(|(a, b)| a == b).count() / (3 * 160);
    assert!((20..100).contains(&rows), "{rows} rows");
}

/// The messages name what is wrong, without the `Debug` text of a library.
#[test]
fn what_is_wrong_with_a_png_is_said_in_plain_words() {
    let file = encoded(&corners(64, 32), ImageFormat::Png);
    let palette = with_chunk(&file, b"PLTE", &[0; 3], false);
    let mut short = file.clone();
    short[11] = 12;
    for (file, reason) in [
        (
            with_chunk(&file, b"ABCD", b"", false),
            "a chunk of unknown kind",
        ),
        (
            with_chunk(&file, b"IHDR", &[0; 13], false),
            "a chunk in the wrong place",
        ),
        (
            with_chunk(&palette, b"PLTE", &[0; 3], false),
            "a chunk in the wrong place",
        ),
        (short, "a chunk with a wrong length"),
    ] {
        let failure = thumbnail(&file, &box_of(16, 16), &[]).unwrap_err();
        let broken = Failure::Broken {
            format: Format::Png,
            reason: reason.to_owned(),
        };
        assert_eq!(failure, broken);
    }
}
