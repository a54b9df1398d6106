//! Truncated pictures, compared with Pillow's result: `world/make-damaged`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::read;
use thumbnails::colour;

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
