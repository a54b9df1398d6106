//! What stands before the picture in a JPEG: sizes, tables, orientation, profile.

/// What is wrong with a JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JpegError {
    /// The file ends before its picture does.
    #[error("cut short")]
    CutShort,
    /// A marker or a segment is not where it must be.
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
    /// The deadline has passed.
    #[error("decoding took longer than allowed")]
    TooSlow,
}

/// The order in which a block's frequencies are stored.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

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
    /// How many colour components: 1, 3 or 4 in what is any use.
    pub channels: usize,
    /// Whether the frequencies come in several passes over the whole picture, all held in memory.
    pub progressive: bool,
    pub(super) frame: u8,
    precision: u8,
    adobe: Option<u8>,
    pub(super) components: Vec<Component>,
    pub(super) quant: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<Table<'a>>; 4],
    pub(super) ac: [Option<Table<'a>>; 4],
    pub(super) restart_interval: u32,
    pub(super) scan: Option<Scan>,
}

/// A Huffman table as stored: how many codes of each length, and their symbols in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub(super) lengths: &'a [u8; 16],
    pub(super) symbols: &'a [u8],
}

#[derive(Clone, Debug)]
pub(super) struct Component {
    id: u8,
    /// Blocks in a unit.
    pub(super) across: u8,
    pub(super) down: u8,
    pub(super) quant: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) components: Vec<Tables>,
    /// Where its data start.
    pub(super) data: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Tables {
    component: u8,
    pub(super) dc: u8,
    pub(super) ac: u8,
}

/// More scans than any encoder writes: each costs a pass over the whole picture, so that a short
/// file could take hours. libjpeg-turbo's own tools stop at 500.
const MOST_SCANS: usize = 200;

impl<'a> Header<'a> {
    /// Reads all up to the first scan.
    ///
    /// # Errors
    /// [`JpegError`].
    pub fn read(bytes: &'a [u8]) -> Result<Header<'a>, JpegError> {
        let mut header = Header::default();
        let mut icc = Vec::new();
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Err(JpegError::BrokenHeader);
        }
        let mut at = 2;
        loop {
            let (marker, start) = next_marker(bytes, at)?;
            if marker == 0xd9 {
                return Err(JpegError::NoScan);
            }
            // These stand alone.
            if marker == 0x01 || (0xd0..=0xd8).contains(&marker) {
                at = start;
                continue;
            }
            let length = bytes.get(start..start + 2).ok_or(JpegError::CutShort)?;
            let end = start + usize::from(u16::from_be_bytes([length[0], length[1]]));
            if end < start + 2 {
                return Err(JpegError::BrokenHeader);
            }
            let segment = bytes.get(start + 2..end).ok_or(JpegError::CutShort)?;
            at = end;
            match marker {
                0xc4 => header.huffman_tables(segment)?,
                0xdb => header.quantization(segment)?,
                0xdd => {
                    let &[high, low, ..] = segment else {
                        return Err(JpegError::BrokenHeader);
                    };
                    header.restart_interval = u16::from_be_bytes([high, low]).into();
                }
                0xc0..=0xcf if marker != 0xc8 && marker != 0xcc => header.frame(marker, segment)?,
                0xe1 => {
                    if let Some(exif) = segment.strip_prefix(b"Exif\0\0") {
                        header.exif.get_or_insert(exif);
                    }
                }
                0xe2 => {
                    if let Some([number, _, data @ ..]) = segment.strip_prefix(b"ICC_PROFILE\0") {
                        icc.push((*number, data));
                    }
                }
                0xee => {
                    if let Some([.., transform]) =
                        segment.strip_prefix(b"Adobe").and_then(|it| it.get(..7))
                    {
                        header.adobe = Some(*transform);
                    }
                }
                0xda => {
                    header.scan(segment, end)?;
                    break;
                }
                _ => {}
            }
        }
        if header.components.is_empty() {
            return Err(JpegError::BrokenHeader);
        }
        icc.sort_by_key(|(number, _)| *number);
        if !icc.is_empty() {
            header.icc = Some(
                icc.into_iter()
                    .flat_map(|(_, data)| data)
                    .copied()
                    .collect(),
            );
        }
        Ok(header)
    }

    /// Whether [`decode`](super::decode) can read it: 8-bit sequential Huffman, one interleaved
    /// scan, luma alone or three components of usual sampling.
    pub fn is_plain(&self) -> bool {
        let Some(scan) = &self.scan else { return false };
        let sampling = |it: &Component| (it.across, it.down);
        let usual = match &self.components[..] {
            [_] => true,
            [y, cb, cr] => {
                matches!(sampling(y), (1 | 2, 1 | 2))
                    && sampling(cb) == (1, 1)
                    && sampling(cr) == (1, 1)
            }
            _ => false,
        };
        usual
            && matches!(self.frame, 0xc0 | 0xc1)
            && self.precision == 8
            && scan.components.len() == self.components.len()
            && self
                .components
                .iter()
                .zip(&scan.components)
                .all(|(component, tables)| component.id == tables.component)
    }

    /// Whether an Adobe program wrote it, which says something of its inks.
    pub fn is_adobe(&self) -> bool {
        self.adobe.is_some()
    }

    /// Whether three components are luma and chroma, rather than red, green and blue.
    pub(super) fn is_ycc(&self) -> bool {
        let ids: Vec<u8> = self.components.iter().map(|it| it.id).collect();
        match self.adobe {
            Some(transform) => transform != 0,
            None => ids != *b"RGB",
        }
    }

    fn frame(&mut self, marker: u8, segment: &[u8]) -> Result<(), JpegError> {
        let [precision, h1, h0, w1, w0, count, components @ ..] = segment else {
            return Err(JpegError::BrokenHeader);
        };
        let components = components.as_chunks::<3>().0;
        if !self.components.is_empty()
            || components.len() != usize::from(*count)
            || !matches!(count, 1..=4)
        {
            return Err(JpegError::BrokenHeader);
        }
        self.frame = marker;
        self.precision = *precision;
        self.progressive = matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
        self.height = u16::from_be_bytes([*h1, *h0]).into();
        self.width = u16::from_be_bytes([*w1, *w0]).into();
        self.channels = components.len();
        for &[id, sampling, quant] in components {
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
        if self.width == 0 || self.height == 0 {
            return Err(JpegError::BrokenHeader);
        }
        Ok(())
    }

    fn quantization(&mut self, mut segment: &[u8]) -> Result<(), JpegError> {
        while let [info, rest @ ..] = segment {
            let wide = info >> 4 != 0;
            let length = if wide { 128 } else { 64 };
            let (Some(values), 0..=3) = (rest.get(..length), info & 15) else {
                return Err(JpegError::BrokenHeader);
            };
            let mut table = [0; 64];
            for (k, place) in table.iter_mut().enumerate() {
                *place = match wide {
                    true => u16::from_be_bytes([values[2 * k], values[2 * k + 1]]),
                    false => values[k].into(),
                };
            }
            self.quant[usize::from(info & 15)] = Some(table);
            segment = &rest[length..];
        }
        Ok(())
    }

    fn huffman_tables(&mut self, mut segment: &'a [u8]) -> Result<(), JpegError> {
        while let [info, rest @ ..] = segment {
            let lengths: &[u8; 16] = rest.first_chunk().ok_or(JpegError::BrokenHeader)?;
            let count: usize = lengths.iter().map(|&it| usize::from(it)).sum();
            let symbols = rest.get(16..16 + count).ok_or(JpegError::BrokenHeader)?;
            let (kind, slot) = (info >> 4, usize::from(info & 15));
            if kind > 1 || slot > 3 {
                return Err(JpegError::BrokenHeader);
            }
            let tables = if kind == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            tables[slot] = Some(Table { lengths, symbols });
            segment = &rest[16 + count..];
        }
        Ok(())
    }

    fn scan(&mut self, segment: &[u8], data: usize) -> Result<(), JpegError> {
        let [count, rest @ ..] = segment else {
            return Err(JpegError::BrokenHeader);
        };
        let entries = rest
            .get(..2 * usize::from(*count))
            .ok_or(JpegError::BrokenHeader)?;
        let mut components = Vec::new();
        for &[component, tables] in entries.as_chunks::<2>().0 {
            let (dc, ac) = (tables >> 4, tables & 15);
            if dc > 3 || ac > 3 {
                return Err(JpegError::BrokenHeader);
            }
            components.push(Tables { component, dc, ac });
        }
        self.scan = Some(Scan { components, data });
        Ok(())
    }
}

/// Whether a JPEG has more scans than any encoder writes.
pub fn has_too_many_scans(bytes: &[u8]) -> bool {
    bytes
        .windows(2)
        .filter(|pair| *pair == [0xff, 0xda])
        .nth(MOST_SCANS)
        .is_some()
}

/// The next marker's code and where its segment starts. What stands between segments is skipped.
fn next_marker(bytes: &[u8], from: usize) -> Result<(u8, usize), JpegError> {
    let rest = bytes.get(from..).ok_or(JpegError::CutShort)?;
    let pair = rest
        .windows(2)
        .position(|pair| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff))
        .ok_or(JpegError::CutShort)?;
    Ok((rest[pair + 1], from + pair + 2))
}
