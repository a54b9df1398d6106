//! A JPEG's segments: markers, and what belongs to each.

/// Walks from marker to marker. What stands between segments is skipped, as are segments that reach
/// beyond the end.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A marker's segment.
pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    /// Behind its length.
    pub(super) data: &'a [u8],
    /// Where its marker is in the file.
    pub(super) start: usize,
    /// Where it ends.
    pub(super) end: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Segments<'a> {
        Segments { bytes, at }
    }

    /// Goes on from there.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// The next segment; the end of the picture has one without data. Restart markers, and others
    /// that stand alone, are passed over.
    pub(super) fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            let start = self.at + next_marker(self.bytes.get(self.at..)?)?;
            let marker = self.bytes[start + 1];
            self.at = start + 2;
            if marker == 0x01 || (0xd0..=0xd8).contains(&marker) {
                continue;
            }
            if marker == 0xd9 {
                return Some(Segment {
                    marker,
                    data: &[],
                    start,
                    end: self.at,
                });
            }
            let &[high, low] = self.bytes.get(self.at..)?.first_chunk()?;
            let end = self.at + usize::from(u16::from_be_bytes([high, low]));
            let Some(data) = self.bytes.get(self.at + 2..end) else {
                // No segment, but two bytes that look like a marker; or the last, cut short.
                continue;
            };
            self.at = end;
            return Some(Segment {
                marker,
                data,
                start,
                end,
            });
        }
    }
}

/// Where the next marker is: 0xff, but not before zero (it is picture data) or another 0xff (it
/// fills).
pub(super) fn next_marker(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|&it| it == 0xff)?;
        match bytes.get(at + 1)? {
            0 | 0xff => from = at + 1,
            _ => return Some(at),
        }
    }
}
