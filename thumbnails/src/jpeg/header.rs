//! The part of a JPEG before its picture: sizes, tables, orientation, profile.

use super::segments::Segments;
use super::tables::Tables;

/// An error in a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JpegError {
    /// The file ends within its picture.
    #[error("cut short")]
    CutShort,
    /// A segment has impossible values.
    #[error("a broken header")]
    BrokenHeader,
    /// The file has no picture.
    #[error("no picture in it")]
    NoScan,
    /// A table that the picture needs is missing.
    #[error("a table is missing")]
    NoTable,
    /// A table is impossible.
    #[error("a broken Huffman table")]
    BrokenTable,
    /// A code is in no table.
    #[error("broken picture data")]
    BrokenData,
    /// Restart markers are missing, and the blocks between them.
    #[error("some of the picture data are missing")]
    Gap,
    /// There are too many scans. Each needs a pass over the whole picture, so a short file could
    /// take hours.
    #[error("more passes than any encoder writes")]
    TooManyScans,
    /// The deadline has passed.
    #[error("decoding took longer than allowed")]
    TooSlow,
    /// This kind of JPEG is not supported.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

/// The meaning of a JPEG's components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Luma only.
    #[default]
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Luma and chroma (BT.601, full range).
    Ycc,
    /// Four inks.
    Cmyk,
    /// Luma and chroma of three inks, and the fourth ink.
    Ycck,
}

/// The information before a JPEG's picture.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// The width in pixels, before the orientation is applied.
    pub width: u32,
    /// The height in pixels, as stored.
    pub height: u32,
    /// The EXIF block, from its byte order mark on.
    pub exif: Option<&'a [u8]>,
    /// The colour profile, assembled from its segments.
    pub icc: Option<Vec<u8>>,
    /// Whether the frequencies come in several passes over the whole picture, and are all kept in
    /// memory.
    pub progressive: bool,
    /// The colour transform in an Adobe marker.
    adobe: Option<u8>,
    jfif: bool,
    pub(super) components: Vec<Component>,
    /// The tables before the first scan.
    pub(super) tables: Tables<'a>,
    /// The offset of the first scan's marker.
    pub(super) first_scan: usize,
}

/// A component of the picture: luma, one of two chromas, or a colour.
#[derive(Clone, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Its sampling relative to the others: 1 to 4 in each direction.
    pub(super) across: u8,
    pub(super) down: u8,
    pub(super) quant: u8,
}

impl<'a> Header<'a> {
    /// Reads everything before the first scan.
    ///
    /// # Errors
    /// [`JpegError`].
    pub fn read(bytes: &'a [u8]) -> Result<Header<'a>, JpegError> {
        let mut header = Header::default();
        let mut profile = Vec::new();
        let mut segments = Segments::new(bytes, 2);
        while let Some(segment) = segments.next() {
            let data = segment.data;
            match segment.marker {
                0xc0..=0xcf if !matches!(segment.marker, 0xc4 | 0xc8 | 0xcc) => {
                    // A second frame belongs to another picture.
                    if header.components.is_empty() {
                        header.frame(segment.marker, data)?;
                    }
                }
                0xf7 => return Err(JpegError::Unsupported("JPEG-LS")),
                0xe0 => header.jfif |= data.starts_with(b"JFIF\0"),
                0xe1 => {
                    if let Some([_, exif @ ..]) = data.strip_prefix(b"Exif\0") {
                        header.exif.get_or_insert(exif);
                    }
                }
                0xe2 => {
                    if let Some([number, _, part @ ..]) = data.strip_prefix(b"ICC_PROFILE\0") {
                        profile.push((*number, part));
                    }
                }
                0xee => {
                    if let Some([.., transform]) =
                        data.strip_prefix(b"Adobe").and_then(|it| it.get(..7))
                    {
                        header.adobe = Some(*transform);
                    }
                }
                0xda => {
                    if header.components.is_empty() {
                        return Err(JpegError::BrokenHeader);
                    }
                    header.first_scan = segment.start;
                    profile.sort_by_key(|(number, _)| *number);
                    let parts: Vec<&[u8]> = profile.iter().map(|(_, part)| *part).collect();
                    header.icc = (!parts.is_empty()).then(|| parts.concat());
                    return Ok(header);
                }
                0xd9 => return Err(JpegError::NoScan),
                marker => header.tables.read(marker, data)?,
            }
        }
        Err(JpegError::CutShort)
    }

    /// The number of components: 1, 3 or 4.
    pub fn channels(&self) -> usize {
        self.components.len()
    }

    /// The meaning of the components. As in libjpeg (`default_decompress_parms`), JFIF has
    /// precedence over Adobe, and the components' names matter only without both.
    pub fn colours(&self) -> Colours {
        let ids: Vec<u8> = self.components.iter().map(|it| it.id).collect();
        match (ids.len(), self.jfif, self.adobe) {
            (1, ..) => Colours::Gray,
            (3, true, _) => Colours::Ycc,
            (3, false, Some(0)) => Colours::Rgb,
            (3, false, None) if ids == *b"RGB" => Colours::Rgb,
            (3, ..) => Colours::Ycc,
            (_, _, None | Some(0)) => Colours::Cmyk,
            _ => Colours::Ycck,
        }
    }

    fn frame(&mut self, marker: u8, segment: &[u8]) -> Result<(), JpegError> {
        let [precision, h1, h0, w1, w0, count, components @ ..] = segment else {
            return Err(JpegError::BrokenHeader);
        };
        match (marker, precision) {
            (0xc0..=0xc2, 8) => {}
            (0xc0..=0xc2, _) => return Err(JpegError::Unsupported("a JPEG of 12 bits")),
            (0xc3, _) => return Err(JpegError::Unsupported("lossless JPEG")),
            (0xc9 | 0xca, _) => return Err(JpegError::Unsupported("JPEG with arithmetic coding")),
            (0xcb, _) => return Err(JpegError::Unsupported("lossless JPEG")),
            _ => return Err(JpegError::Unsupported("hierarchical JPEG")),
        }
        self.progressive = marker == 0xc2;
        self.height = u16::from_be_bytes([*h1, *h0]).into();
        self.width = u16::from_be_bytes([*w1, *w0]).into();
        if self.height == 0 {
            return Err(JpegError::Unsupported("a height that follows the picture"));
        }
        let components = components.as_chunks::<3>().0;
        if self.width == 0 || components.len() < usize::from(*count) {
            return Err(JpegError::BrokenHeader);
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(JpegError::Unsupported(
                "a JPEG of other than 1, 3 or 4 colours",
            ));
        }
        for &[id, sampling, quant] in &components[..usize::from(*count)] {
            let (across, down) = (sampling >> 4, sampling & 15);
            if !matches!((across, down, quant), (1..=4, 1..=4, 0..=3)) {
                return Err(JpegError::BrokenHeader);
            }
            self.components.push(Component {
                id,
                across,
                down,
                quant,
            });
        }
        Ok(())
    }
}
