//! Orientation: EXIF's eight cases.

use crate::picture::Picture;

/// How the stored picture must be turned to be upright, numbered as in EXIF (tag 0x0112).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Orientation {
    /// First: swap rows and columns.
    transpose: bool,
    /// Then: mirror left to right.
    mirror: bool,
    /// Then: mirror top to bottom.
    flip: bool,
}

impl Orientation {
    /// The orientation of an EXIF tag. Values other than 1 to 8 mean upright.
    pub fn from_tag(tag: u16) -> Orientation {
        let (transpose, mirror, flip) = match tag {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Orientation {
            transpose,
            mirror,
            flip,
        }
    }

    /// The orientation in an EXIF block, from its byte order mark on. If it can't be read, it is
    /// upright.
    pub fn from_exif(exif: &[u8]) -> Orientation {
        Orientation::from_exif_or(exif, 1)
    }

    /// Like [`from_exif`](Self::from_exif), with a default for a block without orientation.
    pub fn from_exif_or(exif: &[u8], otherwise: u16) -> Orientation {
        Orientation::from_tag(tag(exif).unwrap_or(otherwise))
    }

    /// The upright size of a stored `width` x `height`, and the reverse.
    pub fn size<T>(self, (width, height): (T, T)) -> (T, T) {
        if self.transpose {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// Turns a picture upright.
    pub fn apply(self, picture: Picture) -> Picture {
        if self == Orientation::default() {
            return picture;
        }
        let bytes = picture.pixel.bytes();
        let (stored_width, stored_height) = (picture.width as usize, picture.height as usize);
        let (width, height) = self.size((stored_width, stored_height));
        let mut data = Vec::with_capacity(picture.data.len());
        for y in 0..height {
            let y = if self.flip { height - 1 - y } else { y };
            for x in 0..width {
                let x = if self.mirror { width - 1 - x } else { x };
                let (column, row) = if self.transpose { (y, x) } else { (x, y) };
                let at = (row * stored_width + column) * bytes;
                data.extend_from_slice(&picture.data[at..at + bytes]);
            }
        }
        Picture {
            width: width as u32,
            height: height as u32,
            pixel: picture.pixel,
            data,
        }
    }
}

/// The orientation tag of the first directory (TIFF 6.0, section 2). Some programs write it with
/// another integer type.
fn tag(exif: &[u8]) -> Option<u16> {
    const ORIENTATION: u16 = 0x0112;
    let big = match exif.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let short = |at: usize| {
        let pair = *exif.get(at..)?.first_chunk::<2>()?;
        Some(if big {
            u16::from_be_bytes(pair)
        } else {
            u16::from_le_bytes(pair)
        })
    };
    let long = |at: usize| {
        let four = *exif.get(at..)?.first_chunk::<4>()?;
        Some(if big {
            u32::from_be_bytes(four)
        } else {
            u32::from_le_bytes(four)
        })
    };
    let directory = long(4)? as usize;
    let count = usize::from(short(directory)?);
    let mut entries = (0..count).map(|number| directory + 2 + 12 * number);
    let entry = entries.find(|&at| short(at) == Some(ORIENTATION))?;
    let value = entry + 8;
    match short(entry + 2)? {
        1 | 6 => Some((*exif.get(value)?).into()),
        3 | 8 => short(value),
        4 | 9 => long(value)?.try_into().ok(),
        _ => None,
    }
}
