//! GIF: its first frame.

use gif::{ColorOutput, DecodeOptions, DecodingError, MemoryLimit};

use crate::failure::Failure;
use crate::orient::Orientation;
use crate::picture::{Format, Pixel};
use crate::shrink::Shrink;

use super::{Decoded, Job, broken, factor, shrunk, without_alpha};

pub(super) fn decode(
    job: &mut Job<'_>,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let (limit, deadline) = (job.limits.time, job.timed.deadline);
    let in_gif = |error| match error {
        DecodingError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            Failure::TooSlow { limit }
        }
        DecodingError::Io(_) => broken(Format::Gif, "cut short"),
        error => broken(Format::Gif, error),
    };
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::RGBA);
    // What a frame takes is reserved below.
    options.set_memory_limit(MemoryLimit::Unlimited);
    options.allow_unknown_blocks(true);
    let mut decoder = options.read_info(job.timed.clone()).map_err(in_gif)?;
    let (width, height) = (decoder.width(), decoder.height());
    let frame = decoder.next_frame_info().map_err(in_gif)?;
    let frame = frame.ok_or_else(|| broken(Format::Gif, "no picture in it"))?;
    let (left, top) = (usize::from(frame.left), usize::from(frame.top));
    let (across, down) = (usize::from(frame.width), usize::from(frame.height));
    // A frame that is larger than the picture makes the picture larger.
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
    let framed = across * down * bytes;
    let shrunk_bytes = Shrink::bytes(full_size, pixel, factor);
    let decoding = (whole + framed) as u64 + shrunk_bytes;
    job.reserve(full_size, decoding, shrunk_bytes, pixel)?;

    let mut data = vec![0; framed];
    let damage = match decoder.read_into_buffer(&mut data) {
        Ok(()) => None,
        // What was read stands in the buffer; the rest is transparent.
        Err(error) if data.as_chunks::<4>().0.iter().any(|it| it[3] != 0) => Some(in_gif(error)),
        Err(error) => return Err(in_gif(error)),
    };
    if std::time::Instant::now() > deadline {
        return Err(job.too_slow());
    }
    let profile = decoder.icc_profile().map(<[u8]>::to_vec);
    let data = if (across, down) == (full_size.0 as usize, full_size.1 as usize) {
        data
    } else {
        let mut ground = vec![0; whole];
        let stride = full_size.0 as usize * bytes;
        for (row, line) in data.chunks_exact(across * bytes).enumerate() {
            let at = (top + row) * stride + left * bytes;
            ground[at..at + line.len()].copy_from_slice(line);
        }
        ground
    };
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
