//! Reads parts of a TIFF's first directory that the decoder does not read.

/// The directory of the first picture.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    big: bool,
    /// The offset of the directory, which begins with the number of its entries.
    at: usize,
    count: usize,
}

/// The bytes of an entry: tag, type, number of values, and the value or its offset.
const ENTRY: usize = 12;

const SHORT: u32 = 3;

impl<'a> Directory<'a> {
    /// `None` if the file ends within it.
    pub(super) fn first(bytes: &'a [u8]) -> Option<Directory<'a>> {
        let mut directory = Directory {
            bytes,
            big: bytes.starts_with(b"MM"),
            at: 0,
            count: 0,
        };
        directory.at = directory.long(4)? as usize;
        directory.count = directory.short(directory.at)? as usize;
        Some(directory)
    }

    fn short(&self, at: usize) -> Option<u32> {
        let pair = *self.bytes.get(at..)?.first_chunk()?;
        Some(match self.big {
            true => u16::from_be_bytes(pair).into(),
            false => u16::from_le_bytes(pair).into(),
        })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let four = *self.bytes.get(at..)?.first_chunk()?;
        Some(match self.big {
            true => u32::from_be_bytes(four),
            false => u32::from_le_bytes(four),
        })
    }

    /// A number with 16 bits in the file's byte order.
    pub(super) fn pair(&self, value: u16) -> [u8; 2] {
        match self.big {
            true => value.to_be_bytes(),
            false => value.to_le_bytes(),
        }
    }

    /// The offset of a tag's entry.
    pub(super) fn entry(&self, tag: u16) -> Option<usize> {
        let mut entries = (0..self.count).map(|number| self.at + 2 + ENTRY * number);
        entries.find(|&at| self.short(at) == Some(tag.into()))
    }

    /// The offset of the count of a tag's values (its low 16 bits), and that count.
    pub(super) fn count_of(&self, tag: u16) -> Option<(usize, u32)> {
        let at = self.entry(tag)? + 4;
        Some((at + if self.big { 2 } else { 0 }, self.long(at)?))
    }

    /// The offset of the pointer to the next directory.
    pub(super) fn next(&self) -> usize {
        self.at + 2 + ENTRY * self.count
    }

    /// The first value of a tag.
    pub(super) fn value(&self, tag: u16) -> Option<u32> {
        self.values(tag).next()
    }

    /// The number of values that the decoder may read. It reads neither texts nor the tags from 700
    /// on, which do not describe the samples.
    pub(super) fn values_to_read(&self) -> u64 {
        const TEXT: u32 = 2;
        let entries = (0..self.count).map(|number| self.at + 2 + ENTRY * number);
        let read = entries.filter(|&at| {
            self.short(at).is_some_and(|tag| tag < 700) && self.short(at + 2) != Some(TEXT)
        });
        read.filter_map(|at| self.long(at + 4)).map(u64::from).sum()
    }

    /// The bytes of a tag with more than four, if they are in the file.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        let entry = self.entry(tag)?;
        let (count, at) = (
            self.long(entry + 4)? as usize,
            self.long(entry + 8)? as usize,
        );
        self.bytes.get(at..at.checked_add(count)?)
    }

    /// The values of a tag, with 16 or 32 bits each.
    pub(super) fn values(&self, tag: u16) -> impl Iterator<Item = u32> {
        let read = || {
            let entry = self.entry(tag)?;
            let short = self.short(entry + 2)? == SHORT;
            let each = if short { 2 } else { 4 };
            let count = self.long(entry + 4)? as usize;
            let at = match count * each <= 4 {
                true => entry + 8,
                false => self.long(entry + 8)? as usize,
            };
            Some((at, each, count))
        };
        let (at, each, count) = read().unwrap_or((0, 4, 0));
        // At most as many as fit in the file.
        let count = count.min(self.bytes.len() / each);
        (0..count).map_while(move |number| match each {
            2 => self.short(at + each * number),
            _ => self.long(at + each * number),
        })
    }
}
