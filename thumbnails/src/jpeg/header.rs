//! What stands before the picture in a JPEG: sizes, tables, orientation, profile.

use super::segments::Segments;
use super::tables::Tables;

/// What is wrong with a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    /// The file ends before its picture does.
    #[error("cut short")]
    CutShort,
    /// A segment says what it cannot.
    #[error("a broken header")]
    BrokenHeader,
    /// No picture before the end.
    #[error("no picture in it")]
    NoScan,
    /// A table that the picture needs is missing.
    #[error("a table is missing")]
    NoTable,
    /// A table that no encoder can have made.
    #[error("a broken Huffman table")]
    BrokenTable,
    /// A code that is in no table.
    #[error("broken picture data")]
    BrokenData,
    /// Restart markers are missing, and the blocks between them.
    #[error("some of the picture data are missing")]
    Gap,
    /// Each scan costs a pass over the whole picture, so that a short file could take hours.
    #[error("more passes than any encoder writes")]
    TooManyScans,
    /// The deadline has passed.
    #[error("decoding took longer than allowed")]
    TooSlow,
    /// A kind of JPEG that is not decoded here.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
}

/// How a JPEG's components become colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// Luma alone.
    #[default]
    Gray,
    /// Red, green, blue.
    Rgb,
    /// Luma and chroma (BT.601, full range).
    Ycc,
    /// Four inks.
    Cmyk,
    /// Luma and chroma of three inks, and the fourth.
    Ycck,
}

/// What a JPEG says before its picture.
#[derive(Clone, Debug, Default)]
pub struct Header<'a> {
    /// In pixels, as stored: before the orientation is applied.
    pub width: u32,
    /// In pixels, as stored.
    pub height: u32,
    /// The EXIF block, from its byte order mark on.
    pub exif: Option<&'a [u8]>,
    /// The colour profile, put together.
    pub icc: Option<Vec<u8>>,
    /// Whether the frequencies come in several passes over the whole picture, all held in memory.
    pub progressive: bool,
    /// What follows an Adobe marker: how colours were transformed.
    adobe: Option<u8>,
    jfif: bool,
    pub(super) components: Vec<Component>,
    /// As they stand before the first scan.
    pub(super) tables: Tables<'a>,
    /// Where the first scan's segment starts, at its marker.
    pub(super) first_scan: usize,
}

/// A component of the picture: luma, one of two chromas, a colour.
#[derive(Clone, Debug)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Its samples beside those of the others: 1 to 4 each way.
    pub(super) across: u8,
    pub(super) down: u8,
    pub(super) quant: u8,
}

impl<'a> Header<'a> {
    /// Reads all up to the first scan.
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
                    let whole = profile.iter().flat_map(|(_, part)| part.iter().copied());
                    header.icc = (!profile.is_empty()).then(|| whole.collect());
                    return Ok(header);
                }
                0xd9 => return Err(JpegError::NoScan),
                marker => header.tables.read(marker, data)?,
            }
        }
        Err(JpegError::CutShort)
    }

    /// How many components: 1, 3 or 4.
    pub fn channels(&self) -> usize {
        self.components.len()
    }

    /// What the components are. As libjpeg has it (`default_decompress_parms`): JFIF is believed
    /// before Adobe, and the components' names only where there is neither.
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
