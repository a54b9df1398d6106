//! Writes values as bytes.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

use super::{check, codec_error, too_large, unwritable};
use crate::error::{Error, Part};
use crate::job::Job;

/// Free space before a payload of jobs. An executor can write its frame header there without
/// copying.
pub(crate) const HEADROOM: usize = 40;

/// Values up to this size are written at once. For a longer value the size is computed first, and
/// then a vector of the right size is allocated. So large data is not built twice, and not built if
/// it is refused.
const ONE_GO: usize = 64 << 10;

/// Up to this number of bytes are copied and compared one by one. Most numbers are this short, and
/// then a loop is faster than a function call.
pub(super) const SHORT: usize = 8;

/// Appends to a vector until a limit; after that it only counts.
struct Bounded<'a> {
    bytes: &'a mut Vec<u8>,
    size: usize,
    limit: usize,
}

impl Flavor for Bounded<'_> {
    /// The size that the vector would have without a limit.
    type Output = usize;

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.size += 1;
        if self.size <= self.limit {
            self.bytes.push(byte);
        }
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.size += bytes.len();
        if self.size <= self.limit {
            if bytes.len() <= SHORT {
                bytes.iter().for_each(|&byte| self.bytes.push(byte));
            } else {
                self.bytes.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    fn finalize(self) -> postcard::Result<usize> {
        Ok(self.size)
    }
}

/// Appends the length of a value and the value, and returns their size. If the vector would become
/// longer than the limit, it stays unchanged. Returns an error if the value can't be written.
pub(super) fn append<T: Serialize>(
    value: &T,
    bytes: &mut Vec<u8>,
    limit: usize,
) -> Result<usize, String> {
    let before = bytes.len();
    bytes.extend_from_slice(&[0; 4]);
    let start = bytes.len();
    let mut write = |limit| {
        let (bytes, size) = (&mut *bytes, start);
        postcard::serialize_with_flavor(value, Bounded { bytes, size, limit })
    };
    let in_one_go = limit.min(start + ONE_GO);
    let mut written = write(in_one_go);
    if let Ok(end) = written
        && end > in_one_go
    {
        bytes.truncate(start);
        if end <= limit {
            bytes.reserve_exact(end - start);
            let (bytes, size) = (&mut *bytes, start);
            written = postcard::serialize_with_flavor(value, Bounded { bytes, size, limit });
        }
    }
    match written {
        Ok(end) if end <= limit => {
            let length = (end - start) as u32;
            bytes[before..start].copy_from_slice(&length.to_le_bytes());
        }
        _ => bytes.truncate(before),
    }
    match written {
        Ok(end) => Ok(end - before),
        Err(error) => Err(unwritable::why(value).unwrap_or_else(|| error.to_string())),
    }
}

/// A payload of jobs, after [`HEADROOM`] free bytes. With `check`, each job is read back and
/// compared.
pub(crate) fn write_jobs<J: Job>(jobs: &[J], limit: usize, check: bool) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(128);
    bytes.resize(HEADROOM, 0);
    let most = limit.saturating_add(HEADROOM);
    let mut size = 0;
    for job in jobs {
        let start = bytes.len();
        // After the limit, the bytes are only counted.
        let most = if size > limit { 0 } else { most };
        let written = append(job, &mut bytes, most)
            .map_err(|message| codec_error::<J>(Part::Input, message))?;
        size += written;
        if check && bytes.len() > start {
            check::survives::<J>(&bytes[start + 4..])
                .map_err(|message| codec_error::<J>(Part::Input, message))?;
        }
    }
    if size > limit {
        return Err(too_large::<J>(Part::Input, size, limit));
    }
    Ok(bytes)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_large_value_is_built_once_and_one_over_the_limit_is_not_built() {
        let value = vec![7_u8; 1 << 20];
        let mut bytes = Vec::new();
        let size = append(&value, &mut bytes, 512 << 10).expect("it is counted");
        assert!(size > 1 << 20 && bytes.is_empty(), "{size} {}", bytes.len());
        // No more than what is written in one go, doubled as vectors are.
        assert!(bytes.capacity() <= 2 * ONE_GO, "{}", bytes.capacity());

        let size = append(&value, &mut bytes, usize::MAX).expect("it fits");
        assert_eq!(size, bytes.len());
        let spare = bytes.capacity() - size;
        assert!(spare <= 2 * ONE_GO, "{spare}");
    }
}
