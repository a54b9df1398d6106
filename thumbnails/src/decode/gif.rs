//! GIF: its first frame.

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use crate::failure::Failure;
use crate::orient::Orientation;
use crate::picture::{Format, Pixel};
use crate::shrink::Shrink;

use super::{Decoded, Job, broken, factor, plain, shrunk, without_alpha};

/// The index that is used least.
const UNREAD: u8 = 255;

pub(super) fn decode(
    job: &mut Job<'_>,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let (limit, deadline) = (job.limits.time, job.reader.deadline);
    let in_gif = |error| match error {
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::TooSlow { limit }
        }
        DecodingError::Io(_) | DecodingError::UnexpectedEof => broken(Format::Gif, "cut short"),
        DecodingError::LzwError(_) => broken(Format::Gif, "corrupt compressed data"),
        error => broken(Format::Gif, plain(&error.to_string())),
    };
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    // The memory of a frame is reserved below.
    options.set_memory_limit(MemoryLimit::Unlimited);
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(job.reader.clone()).map_err(in_gif)?;
    let (width, height) = (decoder.width(), decoder.height());
    let frame = decoder.next_frame_info().map_err(in_gif)?;
    let frame = frame.ok_or_else(|| broken(Format::Gif, "no picture in it"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (across, down) = (usize::from(frame.width), usize::from(frame.height));
    let transparent = frame.transparent;
    // A frame larger than the picture enlarges the picture.
    let full_size = (
        u32::from(width).max((left + across) as u32),
        u32::from(height).max((top + down) as u32),
    );
    if across == 0 || down == 0 {
        return Err(broken(Format::Gif, "no pixels in it"));
    }
    let factor = factor(full_size, Orientation::default(), least);
    let (pixel, bytes) = (Pixel::Rgba, 4);
    let whole = full_size.0 as usize * full_size.1 as usize * bytes;
    let framed = across * down;
    let shrunk_bytes = Shrink::bytes(full_size, pixel, factor);
    let decoding = (whole + framed) as u64 + shrunk_bytes;
    let profile = decoder.icc_profile().map(<[u8]>::to_vec);
    let profile_bytes = profile.as_ref().map_or(0, Vec::len) as u64;
    job.reserve(full_size, decoding, shrunk_bytes, pixel, profile_bytes)?;

    // An index outside every palette marks pixels that were not read.
    let mut indices = vec![transparent.unwrap_or(UNREAD); framed];
    let damage = match decoder.read_into_buffer(&mut indices) {
        Ok(()) => None,
        // The part that was read is in the buffer.
        Err(error)
            if indices
                .iter()
                .any(|&it| it != transparent.unwrap_or(UNREAD)) =>
        {
            Some(in_gif(error))
        }
        Err(error) => return Err(in_gif(error)),
    };
    if std::time::Instant::now() > deadline {
        return Err(job.too_slow());
    }
    let palette = decoder.palette().unwrap_or_default();
    let colour = |index: u8| {
        let place = 3 * usize::from(index);
        match palette.get(place..place + 3) {
            _ if transparent == Some(index) => [0; 4],
            Some(&[red, green, blue]) => [red, green, blue, 255],
            // An index outside the palette is black, as in other programs.
            _ => [0, 0, 0, 255],
        }
    };
    // If the frame is smaller than the picture, the area around it is transparent if the frame has
    // a transparent index; otherwise it has the palette's first colour. No program uses the
    // background colour of the standard. Browsers make all of the area transparent. Pillow does the
    // same as this code, and so does libvips if the first colour is black.
    let around = match transparent {
        Some(_) => [0; 4],
        None => colour(0),
    };
    let mut data = around.repeat(whole / bytes);
    let stride = full_size.0 as usize * bytes;
    for (row, line) in indices.chunks_exact(across).enumerate() {
        let at = (top + row) * stride + left * bytes;
        let place = data[at..at + across * bytes].as_chunks_mut::<4>().0;
        for (pixel, &index) in place.iter_mut().zip(line) {
            *pixel = colour(index);
        }
    }
    let damage = damage.map(|failure| match failure {
        Failure::Broken { reason, .. } => reason,
        failure => failure.to_string(),
    });
    Ok(Decoded {
        picture: without_alpha(shrunk(full_size, pixel, &data, factor)),
        full_size,
        scale: 1.0 / f64::from(factor),
        orientation: Orientation::default(),
        profile,
        format: Format::Gif,
        damage,
    })
}
