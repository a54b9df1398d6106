//! JPEG, at the scale that the thumbnail needs.

use crate::failure::Failure;
use crate::jpeg::{
    self, Scale,
    header::{Header, JpegError},
};
use crate::orient::Orientation;
use crate::picture::{Format, Picture, Pixel};

use super::{Decoded, Job, broken};

pub(super) fn decode(
    job: &mut Job<'_>,
    bytes: &[u8],
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let limit = job.limits.time;
    let in_jpeg = |error| match error {
        JpegError::TooSlow => Failure::TooSlow { limit },
        JpegError::Unsupported(what) => Failure::Unsupported {
            what: what.to_owned(),
        },
        error => broken(Format::Jpeg, error),
    };
    let header = Header::read(bytes).map_err(in_jpeg)?;
    let full_size = (header.width, header.height);
    let orientation = header.exif.map(Orientation::from_exif).unwrap_or_default();
    job.limits.check(header.width, header.height, 0)?;
    let scale = Scale::for_at_least(
        full_size,
        orientation.size(least(orientation.size(full_size))),
    );
    let profile = header.icc.as_ref().map_or(0, Vec::len) as u64;
    let pixel = match header.channels() {
        1 => Pixel::Gray,
        3 => Pixel::Rgb,
        _ => Pixel::Cmyk,
    };
    let (width, height) = (scale.of(header.width), scale.of(header.height));
    let picture = u64::from(width) * u64::from(height) * pixel.bytes() as u64;
    job.reserve(
        full_size,
        jpeg::memory(&header, scale),
        picture,
        pixel,
        profile,
    )?;

    let deadline = Some(job.reader.deadline);
    let jpeg::Pixels { mut data, damage } =
        jpeg::decode(bytes, &header, scale, deadline).map_err(in_jpeg)?;
    if pixel == Pixel::Cmyk {
        // The stored values are inverted. Adobe's programs began with this. libvips and Pillow
        // assume it for all files, because no program writes others.
        data.iter_mut().for_each(|ink| *ink = 255 - *ink);
    }
    Ok(Decoded {
        picture: Picture {
            width,
            height,
            pixel,
            data,
        },
        full_size,
        scale: f64::from(scale as u8) / 8.0,
        orientation,
        profile: header.icc,
        format: Format::Jpeg,
        damage: damage.map(|damage| damage.to_string()),
    })
}
