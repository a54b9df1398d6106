//! Checksums of bodies.

use std::fmt;
use std::io;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A SHA-256 (FIPS 180-4), written as `sha256:` and 64 hexadecimal digits; the digits alone are read
/// too.
///
/// # Examples
///
/// ```
/// use async_fetch::Checksum;
///
/// let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// assert_eq!(empty.parse::<Checksum>()?, Checksum::of(b""));
/// # Ok::<(), async_fetch::NoChecksum>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Checksum([u8; 32]);

/// The text is not a checksum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}: not a checksum: it should be the 64 hexadecimal digits of a SHA-256")]
pub struct NoChecksum(String);

impl Checksum {
    /// The checksum of some bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Checksum {
        let mut hasher = Hasher::default();
        hasher.update(bytes.as_ref());
        hasher.finish()
    }

    /// Its first eight bytes as a number: enough to tell names and URLs apart.
    pub fn prefix(&self) -> u64 {
        self.0[..8]
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// The checksum of everything that a reader returns.
    ///
    /// # Errors
    /// The error of the reader.
    pub fn of_reader(mut reader: impl io::Read) -> io::Result<Checksum> {
        let mut hasher = Hasher::default();
        let mut piece = vec![0; PIECE];
        loop {
            match reader.read(&mut piece)? {
                0 => return Ok(hasher.finish()),
                count => hasher.update(&piece[..count]),
            }
        }
    }
}

impl FromStr for Checksum {
    type Err = NoChecksum;

    fn from_str(text: &str) -> Result<Checksum, NoChecksum> {
        let wrong = || NoChecksum(text.to_owned());
        let digits = text.strip_prefix("sha256:").unwrap_or(text);
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut sum = [0; 32];
        for (number, byte) in sum.iter_mut().enumerate() {
            let pair = &digits[2 * number..2 * number + 2];
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Checksum(sum))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Computes a checksum piece by piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hasher(Sha256);

impl Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Checksum {
        Checksum(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_written_and_read() {
        let sum = Checksum::of("abc");
        let text = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sum.to_string(), text);
        assert_eq!(text.to_uppercase().replace("SHA", "sha").parse(), Ok(sum));
        assert_eq!(text["sha256:".len()..].parse(), Ok(sum));
    }

    #[test]
    fn nonsense_is_named() {
        for text in [
            "",
            "sha256:",
            "md5:00",
            "sha256:é",
            &format!("sha256:{}", "+0".repeat(32)),
        ] {
            let error = text.parse::<Checksum>().unwrap_err();
            assert!(
                error
                    .to_string()
                    .starts_with(&format!("{text}: not a checksum"))
            );
        }
    }
}
