//! The segments of a JPEG: markers with their data.

/// Iterates over the markers. Data between segments are skipped, and so are segments that extend
/// beyond the end.
pub(super) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A segment.
pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    /// The data after the length.
    pub(super) data: &'a [u8],
    /// The offset of its marker in the file.
    pub(super) start: usize,
    /// The offset of its end.
    pub(super) end: usize,
    /// Whether there are data before it that belong to no segment.
    pub(super) follows_junk: bool,
}

impl<'a> Segments<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Segments<'a> {
        Segments { bytes, at }
    }

    /// Continues from this offset.
    pub(super) fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Skips the data of a scan, with its restart markers.
    pub(super) fn skip_scan(&mut self) {
        while let Some(marker) = next_marker(&self.bytes[self.at..]) {
            self.at += marker;
            if !(0xd0..=0xd7).contains(&self.bytes[self.at + 1]) {
                return;
            }
            self.at += 2;
        }
    }

    /// The next segment. The end of the picture is a segment without data. Restart markers, and
    /// others without data, are skipped.
    pub(super) fn next(&mut self) -> Option<Segment<'a>> {
        let mut follows_junk = false;
        loop {
            let rest = self.bytes.get(self.at..)?;
            let before = next_marker(rest)?;
            follows_junk |= rest[..before].iter().any(|&it| it != 0xff);
            let start = self.at + before;
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
                    follows_junk,
                });
            }
            let &[high, low] = self.bytes.get(self.at..)?.first_chunk()?;
            let end = self.at + usize::from(u16::from_be_bytes([high, low]));
            let Some(data) = self.bytes.get(self.at + 2..end) else {
                // Two bytes that look like a marker, but no segment; or the last one, truncated.
                follows_junk = true;
                continue;
            };
            self.at = end;
            return Some(Segment {
                marker,
                data,
                start,
                end,
                follows_junk,
            });
        }
    }
}

/// The offset of the next marker: 0xff, but not before zero (picture data) or another 0xff
/// (padding).
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
