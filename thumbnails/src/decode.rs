//! From a file's bytes to a picture no larger in memory than its thumbnail needs.
//!
//! The header is read first, and checked against the [`Limits`]; what it says of orientation and
//! colours goes along with the picture, to be applied when it is small. A damaged file gives what
//! is there.

mod bmp;
mod gif;
mod jpeg;
mod library;
mod png;
mod tiff;

use std::io::Cursor;
use std::time::Instant;

use crate::failure::Failure;
use crate::limits::{Limits, Timed};
use crate::orient::Orientation;
use crate::picture::{Format, Picture, Pixel};
use crate::shrink::Shrink;

/// A picture as stored, perhaps at reduced scale.
#[derive(Debug)]
pub struct Decoded {
    /// The pixels, in the file's own colours and its own way up.
    pub picture: Picture,
    /// How large the file's picture is, as stored.
    pub full_size: (u32, u32),
    /// How large `picture` is beside that: 1 or less.
    pub scale: f64,
    /// How to turn it.
    pub orientation: Orientation,
    /// What its colours mean, if that is said.
    pub profile: Option<Vec<u8>>,
    /// What the file is.
    pub format: Format,
    /// What is wrong with the file, if not all of the picture could be decoded.
    pub damage: Option<String>,
}

/// Decodes a picture. `least` is told its upright size and says how large, upright, the thumbnail
/// needs it; what comes back is at least as large, or has all pixels there are. `reserve` is asked
/// once the header is read, before anything large is allocated.
///
/// # Errors
/// [`Failure`], except of writing; what `reserve` says.
///
/// # Panics
/// Not that we know of. But for a library that others wrote, and files that strangers did, put a
/// [`catch_unwind`](std::panic::catch_unwind) around it, as [`Task`](crate::Task) does.
pub fn decode(
    bytes: &[u8],
    limits: &Limits,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
    reserve: Reserve<'_>,
) -> Result<Decoded, Failure> {
    let timed = Timed {
        bytes: Cursor::new(bytes),
        deadline: Instant::now() + limits.time,
    };
    let mut job = Job {
        timed,
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

/// Is told how many bytes decoding and resizing a picture will take at most, and refuses them or not.
pub type Reserve<'a> = &'a mut dyn FnMut(u64) -> Result<(), Failure>;

/// A file to be decoded, and what that may cost.
struct Job<'a> {
    timed: Timed<'a>,
    limits: &'a Limits,
    reserve: Reserve<'a>,
}

impl Job<'_> {
    /// To be called before anything is allocated. `decoding` are the bytes that are held until the
    /// picture is whole, which itself has `picture` bytes.
    fn reserve(
        &mut self,
        size: (u32, u32),
        decoding: u64,
        picture: u64,
        pixel: Pixel,
    ) -> Result<(), Failure> {
        // Resizing puts a picture in between that is smaller in one direction, and before that one
        // with the alpha multiplied in.
        let resizing = if pixel == Pixel::Rgba {
            2 * picture
        } else {
            picture
        };
        let bytes = picture + decoding.max(resizing) + SMALL_THINGS;
        self.limits.check(size.0, size.1, bytes)?;
        (self.reserve)(bytes)
    }

    fn too_slow(&self) -> Failure {
        Failure::TooSlow {
            limit: self.limits.time,
        }
    }
}

/// Tables, a transform of colours, the thumbnail and its file.
const SMALL_THINGS: u64 = 2 << 20;

/// The failure for a file that starts like no picture.
pub fn unknown(bytes: &[u8]) -> Failure {
    let start: Vec<_> = bytes.iter().take(4).map(|it| format!("{it:02x}")).collect();
    let start = match &start[..] {
        [] => "it is empty".to_owned(),
        start => format!("it starts with {}", start.join(" ")),
    };
    Failure::Unknown { start }
}

/// A library's text without what is only for those who wrote it: values in their own notation.
fn plain(text: &str) -> &str {
    let end = text.find(['{', '[', '"', '`']).unwrap_or(text.len());
    let text = text[..end].trim_end_matches([' ', ':', '(', ',']);
    if text.is_empty() {
        "what its format does not allow"
    } else {
        text
    }
}

fn broken(format: Format, reason: impl ToString) -> Failure {
    let reason = reason.to_string();
    Failure::Broken { format, reason }
}

/// The whole number by which a picture that is stored row by row is shrunk: `least` is upright.
fn factor(
    full_size: (u32, u32),
    orientation: Orientation,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> u32 {
    let least = orientation.size(least(orientation.size(full_size)));
    Shrink::factor(full_size, least)
}

/// A picture that was decoded whole, shrunk to what its thumbnail needs.
fn shrunk(full_size: (u32, u32), pixel: Pixel, data: &[u8], factor: u32) -> Picture {
    let mut shrink = Shrink::new(full_size, pixel, factor);
    for row in data.chunks_exact((full_size.0 as usize * pixel.bytes()).max(1)) {
        shrink.row(row);
    }
    shrink.finish()
}

/// Most pictures with alpha use none: a JPEG needs no ground then, a PNG no fourth byte.
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
