//! BMP, TIFF and GIF compared with other programs, which are listed in `world/make-bmps`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::read;
use thumbnails::decode::Decoded;
use thumbnails::{Failure, Pixel};

fn world() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world")
}

/// The pixels as red, green, blue and alpha.
fn rgba(decoded: &Decoded) -> Vec<u8> {
    let picture = &decoded.picture;
    let pixels = picture.data.chunks_exact(picture.pixel.bytes());
    pixels
        .flat_map(|it| match (picture.pixel, it) {
            (Pixel::Gray, &[grey]) => [grey, grey, grey, 255],
            (_, &[red, green, blue]) => [red, green, blue, 255],
            (_, it) => *it.first_chunk().unwrap(),
        })
        .collect()
}

fn whole(bytes: &[u8]) -> Vec<u8> {
    let decoded = read(bytes).unwrap();
    assert_eq!(decoded.damage, None);
    rgba(&decoded)
}

fn file(name: &str) -> Vec<u8> {
    fs::read(world().join(name)).unwrap()
}

/// The pixels that another program has decoded.
fn expected(name: &str) -> Vec<u8> {
    let path = world().join(name).with_extension("png");
    image::open(path).unwrap().into_rgba8().into_raw()
}

#[test]
fn every_kind_of_bmp_is_as_pillow_has_it() {
    let mut count = 0;
    for entry in fs::read_dir(world().join("bmp")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "bmp") {
            let (ours, theirs) = (
                whole(&fs::read(&path).unwrap()),
                expected(path.to_str().unwrap()),
            );
            assert_eq!(ours.len(), theirs.len(), "{}", path.display());
            let most = { ours.iter().zip(&theirs) }
                .map(|(a, b)| a.abs_diff(*b))
                .max();
            // Five bits become eight by rounding here, and by repeating the upper bits there.
            assert!(most <= Some(1), "{}: {most:?}", path.display());
            count += 1;
        }
    }
    assert_eq!(count, 9);
}

/// A BMP with other bytes for its second header, which has 40.
fn with_header(bmp: &[u8], header: &[u8]) -> Vec<u8> {
    let mut bytes = [&bmp[..14], header, &bmp[54..]].concat();
    let data = u32::from_le_bytes(*bmp[10..].first_chunk().unwrap());
    let data = data + header.len() as u32 - 40;
    bytes[10..14].copy_from_slice(&data.to_le_bytes());
    bytes[14..18].copy_from_slice(&(header.len() as u32).to_le_bytes());
    bytes
}

#[test]
fn headers_of_os2_and_wrong_numbers_of_planes_are_no_trouble() {
    let bmp = file("bmp/8.bmp");
    let longer = [&bmp[14..54], &[0; 24]].concat();
    assert_eq!(whole(&with_header(&bmp, &longer)), expected("bmp/8"));
    // All omitted fields are zero: the palette then has all its colours.
    let mut full = bmp.clone();
    full[46..50].fill(0);
    let colours = (u32::from_le_bytes(*bmp[10..].first_chunk().unwrap()) as usize - 54) / 4;
    let missing = vec![0; 4 * (256 - colours)];
    let at = 54 + 4 * colours;
    full.splice(at..at, missing);
    full[10..14].copy_from_slice(&(54_u32 + 4 * 256).to_le_bytes());
    let shorter = with_header(&full, &full[14..30]);
    assert_eq!(whole(&shorter), expected("bmp/8"));
    let mut planes = bmp;
    planes[26] = 7;
    assert_eq!(whole(&planes), expected("bmp/8"));
}

#[test]
fn run_lengths_may_begin_at_the_top() {
    let mut bmp = file("bmp/8-run-lengths.bmp");
    let height = i32::from_le_bytes(*bmp[22..].first_chunk().unwrap());
    bmp[22..26].copy_from_slice(&(-height).to_le_bytes());
    let width = u32::from_le_bytes(*bmp[18..].first_chunk().unwrap()) as usize;
    let upside_down: Vec<u8> = expected("bmp/8-run-lengths")
        .chunks_exact(4 * width)
        .rev()
        .flatten()
        .copied()
        .collect();
    assert_eq!(whole(&bmp), upside_down);
}

/// As in Pillow and ImageMagick: pixels that runs omit have the palette's first colour.
#[test]
fn what_run_lengths_leave_out_is_the_first_colour() {
    let mut bmp = file("bmp/8-run-lengths.bmp");
    let data = u32::from_le_bytes(*bmp[10..].first_chunk().unwrap()) as usize;
    bmp.truncate(data);
    // An end code at once.
    bmp.extend([0, 1]);
    let first = [bmp[56], bmp[55], bmp[54], 255];
    assert!(whole(&bmp).chunks_exact(4).all(|it| it == first));
}

#[test]
fn a_bmp_that_is_cut_short_keeps_its_lower_rows() {
    let bmp = file("bmp/24.bmp");
    let decoded = read(&bmp[..bmp.len() / 2]).unwrap();
    assert_eq!(decoded.damage.as_deref(), Some("cut short"));
    let (ours, theirs) = (rgba(&decoded), expected("bmp/24"));
    let last = ours.len() - 4 * 37;
    assert_eq!(ours[last..], theirs[last..]);
    assert!(read(&bmp[..54]).is_err());
}

#[test]
fn a_tiff_with_its_bits_in_reversed_order_is_as_libtiff_has_it() {
    let tiff = file("tiff/reversed-bits.tif");
    assert_eq!(whole(&tiff), expected("tiff/reversed-bits"));
}

#[test]
fn palettes_and_lab_colours_of_a_tiff_are_as_pillow_has_them() {
    for (name, most) in [("palette", 0.0), ("lab", 1.0)] {
        let (ours, theirs) = (
            whole(&file(&format!("tiff/{name}.tif"))),
            expected(&format!("tiff/{name}")),
        );
        assert_eq!(ours.len(), theirs.len(), "{name}");
        let sum: u32 = ours
            .iter()
            .zip(&theirs)
            .map(|(a, b)| u32::from(a.abs_diff(*b)))
            .sum();
        let mean = f64::from(sum) / ours.len() as f64;
        assert!(mean <= most, "{name}: {mean}");
    }
}

#[test]
fn a_tiff_is_turned_upright() {
    let decoded = read(&file("tiff/upright.tif")).unwrap();
    let picture = decoded.orientation.apply(decoded.picture);
    assert_eq!((picture.width, picture.height), (26, 37));
    let theirs = image::open(world().join("tiff/upright.png"))
        .unwrap()
        .into_rgb8();
    assert_eq!(picture.data, theirs.into_raw());
}

#[test]
fn a_tiff_that_is_cut_short_keeps_its_upper_rows() {
    let bytes = file("tiff/upright.tif");
    let (all, cut) = (read(&bytes).unwrap(), read(&bytes[..2200]).unwrap());
    assert_eq!(cut.damage.as_deref(), Some("cut short"));
    let there = 15 * 3 * 37;
    assert_eq!(cut.picture.data[..there], all.picture.data[..there]);
}

/// The standard (TIFF 6.0, section 18): associated alpha is multiplied in.
#[test]
fn alpha_that_was_multiplied_in_is_divided_out() {
    let data = [64, 128, 10, 255, 0, 0, 200, 200];
    let values = whole(&tiff(&entries(8, 2, 8, &[(338, 1)]), &data, Some(0)));
    let values: Vec<[u8; 2]> = values.chunks_exact(4).map(|it| [it[0], it[3]]).collect();
    assert!((127..=128).contains(&values[0][0]), "{values:?}");
    assert_eq!(values[0][1], 128);
    assert_eq!(values[1..], [[10, 255], [0, 0], [255, 200]]);
}

/// A TIFF with these entries (tag, value). `data` begins at byte 8, and the directory follows, with
/// `next` as the offset of the next one.
fn tiff(entries: &[(u16, u32)], data: &[u8], next: Option<u32>) -> Vec<u8> {
    let at = (8 + data.len()).next_multiple_of(2) as u32;
    let mut bytes = [b"II*\0".as_slice(), &at.to_le_bytes(), data].concat();
    bytes.resize(at as usize, 0);
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        let kind = if *value < 65_536 { 3_u16 } else { 4 };
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend([1_u32.to_le_bytes(), value.to_le_bytes()].concat());
    }
    bytes.extend(next.unwrap_or(at).to_le_bytes());
    bytes
}

/// The entries for width, height, bits, compression, meaning, offset, samples, rows and bytes of a
/// strip.
fn entries(bits: u32, samples: u32, length: usize, more: &[(u16, u32)]) -> Vec<(u16, u32)> {
    let usual = [
        (256, 2),
        (257, 2),
        (258, bits),
        (259, 1),
        (262, 1),
        (273, 8),
    ];
    let rest = [(277, samples), (278, 2), (279, length as u32)];
    [&usual[..], &rest, more].concat()
}

/// As in libvips: a negative value is black, and 127 is half of the range.
#[test]
fn samples_with_a_sign_take_up_the_lower_half() {
    let data = [0, 100, 127, 0x80];
    let bytes = tiff(&entries(8, 1, 4, &[(339, 2)]), &data, Some(0));
    let values: Vec<u8> = whole(&bytes).chunks_exact(4).map(|it| it[0]).collect();
    assert_eq!(values, [0, 100, 127, 0]);
}

/// As in Pillow: a sample is alpha only if the file says so.
#[test]
fn a_second_sample_that_is_not_said_to_be_alpha_is_none() {
    let data = [10, 0, 20, 0, 30, 0, 40, 0];
    for (kind, alpha) in [(0, 255), (2, 0)] {
        let bytes = tiff(&entries(8, 2, 8, &[(338, kind)]), &data, Some(0));
        let values = whole(&bytes);
        assert_eq!(values[3], alpha, "{kind}");
    }
}

#[test]
fn directories_in_a_ring_do_not_matter_to_the_first_picture() {
    let bytes = tiff(&entries(8, 1, 4, &[]), &[1, 2, 3, 4], None);
    let values: Vec<u8> = whole(&bytes).chunks_exact(4).map(|it| it[0]).collect();
    assert_eq!(values, [1, 2, 3, 4]);
}

#[test]
fn a_whole_jpeg_in_the_old_compression_is_decoded() {
    let jpeg = file("jpeg/420.jpg");
    let (width, height) = image::image_dimensions(world().join("jpeg/420.8.png")).unwrap();
    let old = [
        (256, width),
        (257, height),
        (259, 6),
        (262, 6),
        (273, 8),
        (513, 8),
    ];
    let decoded = read(&tiff(&old, &jpeg, Some(0))).unwrap();
    assert_eq!(decoded.picture.data, read(&jpeg).unwrap().picture.data);
    // Tables and scans in different places are not combined, and the error says so.
    let pieces = tiff(&old[..4], &jpeg, Some(0));
    let failure = read(&pieces).unwrap_err();
    assert!(matches!(failure, Failure::Unsupported { .. }), "{failure}");
}

/// As in Pillow: the area has the palette's first colour, or is transparent if the frame has a
/// transparent index.
#[test]
fn around_a_frame_that_is_smaller_than_its_picture_is_the_first_colour() {
    for (transparent, around) in [(None, [10, 20, 30, 255]), (Some(0), [0; 4])] {
        let mut bytes = Vec::new();
        let mut encoder = gif::Encoder::new(&mut bytes, 2, 1, &[]).unwrap();
        let frame = gif::Frame {
            width: 1,
            height: 1,
            left: 1,
            transparent,
            palette: Some(vec![10, 20, 30, 200, 100, 50]),
            buffer: vec![1].into(),
            ..gif::Frame::default()
        };
        encoder.write_frame(&frame).unwrap();
        drop(encoder);
        assert_eq!(whole(&bytes), [around, [200, 100, 50, 255]].concat());
    }
}

#[test]
fn inks_with_alpha_are_as_libvips_has_them() {
    let (ours, theirs) = (
        whole(&file("tiff/inks-alpha.tif")),
        expected("tiff/inks-alpha.tif"),
    );
    // Between the measured inks, at the limit of a screen's colours, the difference is up to 21.
    let differences = ours.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b));
    let sum: u32 = differences.map(u32::from).sum();
    assert!(sum < ours.len() as u32, "{sum} of {}", ours.len());
    // libvips rounds alpha differently by one.
    let alphas = ours.iter().zip(&theirs).skip(3).step_by(4);
    assert!(alphas.clone().all(|(a, b)| a.abs_diff(*b) <= 1));
    assert!(alphas.clone().any(|(a, _)| *a < 60));
}

#[test]
fn lzw_of_before_1988_is_named_and_no_noise() {
    let mut bytes = file("tiff/inks-alpha.tif");
    // The first code clears the table: 256, in nine bits from the highest.
    assert_eq!(bytes[8], 0x80);
    bytes[8..10].copy_from_slice(&[0, 1]);
    let error = read(&bytes).unwrap_err().to_string();
    assert_eq!(
        error,
        "a TIFF with LZW compression of before 1988 is not supported"
    );
}
