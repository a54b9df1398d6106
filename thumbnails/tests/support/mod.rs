//! Pictures for tests, intact and broken.

#![allow(dead_code, reason = "every test file uses some of it")]

pub mod folders;
pub mod jpegs;
pub mod made;
pub mod scaling;
pub mod ssim;

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use thumbnails::decode::{Decoded, decode};
use thumbnails::{Failure, Limits};

/// The picture at its own size.
pub fn read(bytes: &[u8]) -> Result<Decoded, Failure> {
    decode(bytes, &Limits::default(), |size| size, &mut |_| Ok(()))
}

/// Red, green, blue and white quarters.
pub fn corners(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb(match (2 * x < width, 2 * y < height) {
            (true, true) => [255, 0, 0],
            (false, true) => [0, 255, 0],
            (true, false) => [0, 0, 255],
            (false, false) => [255; 3],
        })
    })
    .into()
}

/// A smooth picture with some detail.
pub fn waves(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32, y as f32);
        let wave = |a: f32, b: f32| (127.5 + 120.0 * (a * x + b * y).sin()) as u8;
        Rgb([wave(0.05, 0.02), wave(-0.03, 0.07), wave(0.11, -0.09)])
    })
    .into()
}

pub fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A baseline JPEG from another encoder.
pub fn jpeg(picture: &DynamicImage, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    picture.to_rgb8().write_with_encoder(encoder).unwrap();
    bytes
}

pub fn progressive(picture: &DynamicImage) -> Vec<u8> {
    let picture = picture.to_rgb8();
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder
        .encode(&picture, width, height, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

/// A JPEG with one colour, with inks as Adobe's programs store them; 255 is the maximum of an ink.
pub fn cmyk(inks: [u8; 4]) -> Vec<u8> {
    let pixels: Vec<u8> = inks.repeat(32 * 32);
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, 95)
        .encode(&pixels, 32, 32, jpeg_encoder::ColorType::Cmyk)
        .unwrap();
    bytes
}

/// Inserts a segment at the start of a JPEG.
pub fn insert_behind_start(jpeg: &[u8], marker: u8, segment: &[u8]) -> Vec<u8> {
    let length = u16::try_from(segment.len() + 2).unwrap().to_be_bytes();
    let start = [&jpeg[..2], &[0xff, marker], &length].concat();
    [&start, segment, &jpeg[2..]].concat()
}

/// A JPEG with an orientation.
pub fn with_exif(jpeg: &[u8], orientation: u16) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    exif.extend(orientation.to_be_bytes());
    exif.extend([0; 6]);
    insert_behind_start(jpeg, 0xe1, &exif)
}

/// A JPEG with a comment that must not appear in the thumbnail.
pub fn grey_with_text() -> Vec<u8> {
    insert_behind_start(&jpeg(&waves(30, 30), 80), 0xfe, b"secret")
}

/// Small intact files of each format, to be damaged.
pub fn whole() -> Vec<Vec<u8>> {
    let picture = waves(50, 40);
    let mut files = vec![
        jpeg(&picture, 80),
        progressive(&picture),
        cmyk([10, 20, 30, 40]),
        with_exif(&jpeg(&picture, 60), 6),
    ];
    for format in [ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
        files.push(encoded(&picture, format));
    }
    files
}

/// Files that claim to be enormous, of each format.
pub fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let small = waves(16, 16);
    let mut bombs = Vec::new();

    for (name, mut file) in [
        ("JPEG", jpeg(&small, 80)),
        ("progressive JPEG", progressive(&small)),
    ] {
        let frame = file
            .windows(2)
            .position(|pair| matches!(pair, [0xff, 0xc0..=0xc2]))
            .unwrap();
        file[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
        bombs.push((name, file));
    }

    let mut file = encoded(&small, ImageFormat::Png);
    file[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0xff, 0xff]);
    let check = crc(&file[12..29]).to_be_bytes();
    file[29..33].copy_from_slice(&check);
    bombs.push(("PNG", file));

    let mut file = encoded(&small, ImageFormat::Gif);
    file[6..10].copy_from_slice(&[0xff; 4]);
    bombs.push(("GIF", file));

    // Lossless: fourteen bits each of width - 1 and height - 1, after a signature byte.
    let mut file = encoded(&small, ImageFormat::WebP);
    let data = file.windows(4).position(|it| it == b"VP8L").unwrap() + 9;
    let size = 11_999_u32 | 11_999 << 14;
    file[data..data + 4].copy_from_slice(&size.to_le_bytes());
    bombs.push(("WebP", file));
    bombs
}

/// PNG's CRC-32, bit by bit.
pub fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    })
}

/// Inserts a chunk into a PNG before its end, or before its picture.
pub fn with_chunk(png: &[u8], kind: &[u8; 4], data: &[u8], at_end: bool) -> Vec<u8> {
    let at = if at_end { png.len() - 12 } else { 33 };
    let typed = [kind, data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let check = crc(&typed).to_be_bytes();
    [&png[..at], &length, &typed, &check, &png[at..]].concat()
}
