//! Decodes a file's bytes to a picture no larger in memory than its thumbnail needs.
//!
//! The header is read first, and checked against the [`Limits`]. Its orientation and colour profile
//! are passed on with the picture, and applied when it is small. Of a damaged file the readable
//! part is returned.

mod bmp;
mod gif;
mod jpeg;
mod library;
mod png;
mod tiff;

use std::io::Cursor;
use std::time::Instant;

use crate::colour;
use crate::failure::Failure;
use crate::limits::{DeadlineReader, Limits};
use crate::orient::Orientation;
use crate::picture::{Format, Picture, Pixel};
use crate::shrink::Shrink;

/// A decoded picture, possibly at reduced scale.
#[derive(Debug)]
pub struct Decoded {
    /// The pixels, in the file's colours and orientation.
    pub picture: Picture,
    /// The size of the picture in the file.
    pub full_size: (u32, u32),
    /// The scale of `picture`: 1 or less.
    pub scale: f64,
    /// The orientation to apply.
    pub orientation: Orientation,
    /// The colour profile, if there is one.
    pub profile: Option<Vec<u8>>,
    /// The format of the file.
    pub format: Format,
    /// The error in the file, if a part of the picture could not be decoded.
    pub damage: Option<String>,
}

/// Decodes a picture. `least` gets its upright size and returns the upright size that the thumbnail
/// needs. The result is at least that large, or has all pixels of the file. `reserve` is called
/// after the header is read, before anything large is allocated.
///
/// # Errors
/// [`Failure`], except for writing; the error of `reserve`.
///
/// # Panics
/// None is known. But it uses other libraries and reads files from strangers, so call it inside
/// [`catch_unwind`](std::panic::catch_unwind), as [`Task`](crate::Task) does.
pub fn decode(
    bytes: &[u8],
    limits: &Limits,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
    reserve: Reserve<'_>,
) -> Result<Decoded, Failure> {
    let reader = DeadlineReader {
        bytes: Cursor::new(bytes),
        deadline: Instant::now() + limits.time,
    };
    let mut job = Job {
        reader,
        limits,
        reserve,
    };
    match Format::of(bytes) {
        Some(Format::Jpeg) => jpeg::decode(&mut job, bytes, least),
        Some(Format::Png) => png::decode(job, least),
        Some(Format::Gif) => gif::decode(&mut job, least),
        Some(Format::Tiff) => tiff::decode(&mut job, least),
        Some(Format::Bmp) => bmp::decode(&mut job, least),
        Some(format @ (Format::WebP | Format::Pnm)) => library::decode(&mut job, format, least),
        None => Err(unknown(bytes)),
    }
}

/// Gets the maximum number of bytes for decoding and resizing a picture, and may refuse them.
pub type Reserve<'a> = &'a mut dyn FnMut(u64) -> Result<(), Failure>;

/// A file to decode, with its limits.
struct Job<'a> {
    reader: DeadlineReader<'a>,
    limits: &'a Limits,
    reserve: Reserve<'a>,
}

impl Job<'_> {
    /// Call it before anything is allocated. `decoding` is the number of bytes that are held until
    /// the picture is complete, `picture` the size of the picture, and `profile` that of its colour
    /// profile.
    fn reserve(
        &mut self,
        size: (u32, u32),
        decoding: u64,
        picture: u64,
        pixel: Pixel,
        profile: u64,
    ) -> Result<(), Failure> {
        // Resizing allocates an intermediate picture that is smaller in one direction, and before
        // that, with alpha, a premultiplied copy.
        let resizing = if pixel == Pixel::Rgba {
            2 * picture
        } else {
            picture
        };
        let most = decoding.max(resizing).max(colour::memory(profile));
        let bytes = picture + profile + most + SMALL_THINGS;
        self.limits.check(size.0, size.1, bytes)?;
        (self.reserve)(bytes)
    }

    fn too_slow(&self) -> Failure {
        Failure::TooSlow {
            limit: self.limits.time,
        }
    }
}

/// Tables, the thumbnail and its file.
const SMALL_THINGS: u64 = 2 << 20;

/// The failure for a file that does not begin like a picture.
pub fn unknown(bytes: &[u8]) -> Failure {
    let start: Vec<_> = bytes.iter().take(4).map(|it| format!("{it:02x}")).collect();
    let start = match &start[..] {
        [] => "it is empty".to_owned(),
        start => format!("it starts with {}", start.join(" ")),
    };
    Failure::Unknown { start }
}

/// A library's message without its details for developers.
fn plain(text: &str) -> &str {
    if text.contains("required tag") {
        return "a part of its header is missing";
    }
    let prefixes = ["Format error decoding WebP: ", "format error: "];
    let mut text = text;
    for prefix in prefixes {
        text = text.strip_prefix(prefix).unwrap_or(text);
    }
    let end = text.find(['{', '[', '"', '`']).unwrap_or(text.len());
    match text[..end].trim_end_matches([' ', ':', '(', ',', '.']) {
        "" | "tag" => "data that its format does not allow",
        "Decode Error" => "corrupt fax data",
        text => text,
    }
}

fn broken(format: Format, reason: impl ToString) -> Failure {
    let reason = reason.to_string();
    Failure::Broken { format, reason }
}

/// The integer factor by which a picture is shrunk while its rows are read. `least` is upright.
fn factor(
    full_size: (u32, u32),
    orientation: Orientation,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> u32 {
    let least = orientation.size(least(orientation.size(full_size)));
    Shrink::factor(full_size, least)
}

/// A completely decoded picture, shrunk to the size that its thumbnail needs.
fn shrunk(full_size: (u32, u32), pixel: Pixel, data: &[u8], factor: u32) -> Picture {
    let mut shrink = Shrink::new(full_size, pixel, factor);
    for row in data.chunks_exact((full_size.0 as usize * pixel.bytes()).max(1)) {
        shrink.row(row);
    }
    shrink.finish()
}

/// Drops alpha if it is not used, as in most pictures: then a JPEG needs no background, and a PNG
/// no fourth byte.
fn without_alpha(picture: Picture) -> Picture {
    let pixels = picture.data.as_chunks::<4>().0;
    if picture.pixel != Pixel::Rgba || pixels.iter().any(|pixel| pixel[3] != 255) {
        return picture;
    }
    let data = pixels.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
    Picture {
        pixel: Pixel::Rgb,
        data,
        ..picture
    }
}
