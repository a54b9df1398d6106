//! PNG, shrunk while its rows are decoded.

mod unpacked;

use std::borrow::Cow;

use crate::failure::Failure;
use crate::limits::DeadlineReader;
use crate::orient::Orientation;
use crate::picture::{Format, Picture, Pixel};
use crate::png_chunks::Chunks;
use crate::shrink::Shrink;

use super::{Decoded, Job, broken, factor, plain, shrunk, without_alpha};

pub(super) fn decode(
    mut job: Job<'_>,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let bytes = *job.reader.bytes.get_ref();
    let chunks = Chunks::of(bytes);
    let orientation = match (chunks.exif.as_deref(), chunks.xmp_orientation) {
        (Some(exif), None) => Orientation::from_exif(exif),
        (Some(exif), Some(xmp)) => Orientation::from_exif_or(exif, xmp),
        (None, xmp) => Orientation::from_tag(xmp.unwrap_or(1)),
    };
    let opened = Opened::new(&job, job.reader.clone(), Trust::Checked);
    // Only a checksum in the header's chunks is wrong: the sizes may still be right.
    let (opened, mut damage) = match opened {
        Ok(opened) => (opened, None),
        Err(failure @ Failure::Broken { .. }) => {
            let opened = Opened::new(&job, job.reader.clone(), Trust::Blind);
            (opened.map_err(|_| failure.clone())?, Some(failure))
        }
        Err(failure) => return Err(failure),
    };
    let full_size = opened.full_size;
    job.limits.check(full_size.0, full_size.1, 0)?;
    let factor = factor(full_size, orientation, least);
    let profile = chunks.profile_size().unwrap_or(0);
    let shrunk = Shrink::bytes(full_size, opened.pixel, factor);
    // A damaged PNG is read twice, and the better result is used.
    let decoding = opened.memory() + shrunk;
    let pixel = opened.pixel;
    job.reserve(full_size, decoding, shrunk, pixel, profile)?;

    let (row, raw) = opened.raw();
    let (picture, error) = opened.read(&job, factor, u32::MAX)?;
    let picture = match error {
        None => picture,
        Some(failure) => {
            let unpacking = decoding + unpacked::memory(raw);
            let unpacked = match job.reserve(full_size, unpacking, shrunk, pixel, profile) {
                Ok(()) => unpacked::unpack(bytes, raw as usize, job.reader.deadline),
                // Too large for that method: read it normally.
                Err(Failure::OverLimit { .. }) => None,
                Err(failure) => return Err(failure),
            };
            let (again, rows) = match &unpacked {
                Some(unpacked) => (&unpacked.png[..], (unpacked.bytes as u64 / row) as u32),
                None => (bytes, u32::MAX),
            };
            let reader = DeadlineReader {
                bytes: std::io::Cursor::new(again),
                ..job.reader
            };
            // Ignore checksums: data after a wrong one may still be right.
            let (again, _) = Opened::new(&job, reader, Trust::Blind)?.read(&job, factor, rows)?;
            let (best, reason) = (again.or(picture), damage.take().unwrap_or(failure));
            damage = Some(reason);
            best
        }
    };
    let Some(picture) = picture else {
        return Err(damage.unwrap_or_else(|| broken(Format::Png, "no picture in it")));
    };
    Ok(Decoded {
        picture: without_alpha(picture),
        full_size,
        scale: 1.0 / f64::from(factor),
        orientation,
        profile: chunks.profile(),
        format: Format::Png,
        damage: damage.map(|failure| match failure {
            Failure::Broken { reason, .. } => reason,
            failure => failure.to_string(),
        }),
    })
}

/// Whether checksums are verified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    Checked,
    Blind,
}

/// For each pass of an interlaced picture: its first column and the column step, and the same for
/// rows (PNG specification, 8.2).
const PASSES: [[u32; 4]; 7] = [
    [0, 8, 0, 8],
    [4, 8, 0, 8],
    [0, 4, 4, 8],
    [2, 4, 0, 4],
    [0, 2, 2, 4],
    [1, 2, 0, 2],
    [0, 1, 1, 2],
];

/// A PNG after reading its header.
struct Opened<'a> {
    reader: png::Reader<DeadlineReader<'a>>,
    full_size: (u32, u32),
    colour: png::ColorType,
    pixel: Pixel,
    interlaced: bool,
}

fn in_png(job: &Job<'_>, error: png::DecodingError) -> Failure {
    match error {
        png::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            job.too_slow()
        }
        png::DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            broken(Format::Png, "cut short")
        }
        png::DecodingError::LimitsExceeded => {
            broken(Format::Png, "a chunk is larger than the limit of memory")
        }
        error => {
            let text = error.to_string();
            let text = match text.as_str() {
                text if text.starts_with("CRC error") => "a wrong checksum",
                text if text.contains("deflate") => "corrupt compressed data",
                text if text.starts_with("Chunk length wrong") => "a chunk with a wrong length",
                text if text.starts_with("Unrecognized critical") => "a chunk of unknown kind",
                // The others name the chunk by its `Debug` text.
                text if text.contains("ChunkType") => "a chunk in the wrong place",
                text => plain(text),
            };
            broken(Format::Png, text)
        }
    }
}

impl<'a> Opened<'a> {
    fn new(job: &Job<'_>, file: DeadlineReader<'a>, trust: Trust) -> Result<Opened<'a>, Failure> {
        let most = usize::try_from(job.limits.memory).unwrap_or(usize::MAX);
        let mut decoder = png::Decoder::new_with_limits(file, png::Limits { bytes: most });
        // `Chunks` reads these texts with a limit, and finds those after the picture.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        decoder.ignore_checksums(trust == Trust::Blind);
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let reader = decoder.read_info().map_err(|error| in_png(job, error))?;
        let (colour, _) = reader.output_color_type();
        Ok(Opened {
            full_size: reader.info().size(),
            interlaced: reader.info().interlaced,
            pixel: match colour {
                png::ColorType::Grayscale => Pixel::Gray,
                png::ColorType::Rgb => Pixel::Rgb,
                _ => Pixel::Rgba,
            },
            colour,
            reader,
        })
    }

    /// The memory for reading it, besides the picture.
    fn memory(&self) -> u64 {
        let row = self
            .reader
            .output_line_size(self.full_size.0)
            .unwrap_or(usize::MAX / 8) as u64;
        let height = u64::from(self.full_size.1);
        let whole = if self.interlaced { row * height } else { 0 };
        // The decoder has two rows, and 64 KiB; a row is widened to four bytes per pixel.
        whole + 4 * row + (128 << 10)
    }

    /// The bytes of a stored row with its filter byte, and of all rows. For an interlaced picture
    /// the row is one of the first pass.
    fn raw(&self) -> (u64, u64) {
        let (width, height) = self.full_size;
        let row = |width: u32| self.reader.info().raw_row_length_from_width(width) as u64;
        if !self.interlaced {
            return (row(width), row(width) * u64::from(height));
        }
        let passes = PASSES.into_iter().map(|[left, across, top, down]| {
            let width = width.saturating_sub(left).div_ceil(across);
            let height = height.saturating_sub(top).div_ceil(down);
            // A pass without columns has no rows.
            if width == 0 {
                0
            } else {
                row(width) * u64::from(height)
            }
        });
        (row(width.div_ceil(8)), passes.sum())
    }

    /// Reads at most this number of rows. Returns the picture, if a part of it could be read, and
    /// the error.
    fn read(
        mut self,
        job: &Job<'_>,
        factor: u32,
        most: u32,
    ) -> Result<(Option<Picture>, Option<Failure>), Failure> {
        if most == 0 {
            return Ok((None, None));
        }
        if self.interlaced {
            return self.read_interlaced(job, factor);
        }
        let mut shrink = Shrink::new(self.full_size, self.pixel, factor);
        let mut rows = 0;
        let error = loop {
            if rows == most {
                break None;
            }
            match self.reader.next_row() {
                Ok(Some(row)) => {
                    shrink.row(&with_alpha(self.colour, Cow::Borrowed(row.data())));
                    rows += 1;
                }
                Ok(None) if rows < self.full_size.1 => {
                    break Some(broken(Format::Png, "cut short"));
                }
                Ok(None) => break None,
                // All rows were read, and only the end is missing.
                Err(png::DecodingError::IoError(error))
                    if rows == self.full_size.1
                        && error.kind() == std::io::ErrorKind::UnexpectedEof =>
                {
                    break None;
                }
                Err(error) => break Some(in_png(job, error)),
            }
        };
        match error {
            Some(failure @ Failure::TooSlow { .. }) => Err(failure),
            error => Ok(((rows > 0).then(|| shrink.finish()), error)),
        }
    }

    fn read_interlaced(
        mut self,
        job: &Job<'_>,
        factor: u32,
    ) -> Result<(Option<Picture>, Option<Failure>), Failure> {
        let size = self.reader.output_buffer_size();
        let mut data = vec![0; size.ok_or_else(|| broken(Format::Png, "too large"))?];
        let error = match self.reader.next_frame(&mut data) {
            Ok(_) => None,
            Err(error) => Some(in_png(job, error)),
        };
        if let Some(failure @ Failure::TooSlow { .. }) = error {
            return Err(failure);
        }
        if error.is_some() && data.iter().all(|&it| it == 0) {
            return Ok((None, error));
        }
        let data = with_alpha(self.colour, Cow::Owned(data));
        let picture = shrunk(self.full_size, self.pixel, &data, factor);
        Ok((Some(picture), error))
    }
}

/// Converts grey with alpha to red, green, blue and alpha; other pictures are unchanged.
fn with_alpha(colour: png::ColorType, data: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if colour != png::ColorType::GrayscaleAlpha {
        return data;
    }
    let pairs = data.as_chunks::<2>().0.iter();
    Cow::Owned(
        pairs
            .flat_map(|&[grey, alpha]| [grey, grey, grey, alpha])
            .collect(),
    )
}
