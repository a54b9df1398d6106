//! A picture in memory, as the kernels pass it on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The meaning of a pixel's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixel {
    /// One byte: grey.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue and alpha (not premultiplied).
    Rgba,
    /// Four inks: cyan, magenta, yellow and black; 255 is the maximum of an ink.
    Cmyk,
}

impl Pixel {
    /// The bytes per pixel.
    pub fn bytes(self) -> usize {
        match self {
            Pixel::Gray => 1,
            Pixel::Rgb => 3,
            Pixel::Rgba | Pixel::Cmyk => 4,
        }
    }
}

/// Rows of pixels from the top, without gaps.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The type of the pixels in `data`.
    pub pixel: Pixel,
    /// `width * height * pixel.bytes()` bytes.
    pub data: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} {:?}", self.width, self.height, self.pixel)
    }
}

/// A format of picture files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// JFIF, EXIF, and bare JPEG.
    Jpeg,
    /// PNG; of an animated one, the still picture.
    Png,
    /// GIF: its first frame.
    Gif,
    /// WebP, lossy or not; of an animated one, its first frame.
    WebP,
    /// Windows's bitmap.
    Bmp,
    /// PBM, PGM, PPM; with the feature `pnm`.
    Pnm,
    /// TIFF: its first picture.
    Tiff,
}

impl Format {
    /// The number of a file's first bytes that determine its format.
    pub const MAGIC: usize = 12;

    /// The format of a file with these first bytes. File names are ignored, because they may be
    /// wrong.
    ///
    /// ```
    /// use thumbnails::Format;
    /// assert_eq!(Format::of(b"GIF89a\x01\0\x01\0\0\0"), Some(Format::Gif));
    /// assert_eq!(Format::of(b"%PDF-1.7"), None);
    /// ```
    pub fn of(start: &[u8]) -> Option<Format> {
        match start {
            [0xff, 0xd8, 0xff, ..] => Some(Format::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Format::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Some(Format::WebP),
            // If a format has only two letters, the following bytes must match too.
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Format::Bmp),
            [b'P', b'1'..=b'6', b' ' | b'\t' | b'\r' | b'\n', ..] if cfg!(feature = "pnm") => {
                Some(Format::Pnm)
            }
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Format::Tiff),
            _ => None,
        }
    }

    /// The format of a thumbnail with its picture's own format: PNG for formats that are only read.
    pub fn written(self) -> Format {
        match self {
            Format::Bmp | Format::Pnm | Format::Tiff => Format::Png,
            written => written,
        }
    }

    /// The usual extension of such a file.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Jpeg => "jpg",
            Format::Png => "png",
            Format::Gif => "gif",
            Format::WebP => "webp",
            Format::Bmp => "bmp",
            Format::Pnm => "pnm",
            Format::Tiff => "tiff",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::Gif => "GIF",
            Format::WebP => "WebP",
            Format::Bmp => "BMP",
            Format::Pnm => "PNM",
            Format::Tiff => "TIFF",
        })
    }
}
