//! The JPEGs of `tests/world`, decoded.

use std::fs;
use std::path::{Path, PathBuf};

use thumbnails::jpeg::header::{Header, JpegError};
use thumbnails::jpeg::{Pixels, Scale, decode};

pub fn world() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/world/jpeg")
}

pub fn file(name: &str) -> Vec<u8> {
    fs::read(world().join(name).with_extension("jpg")).unwrap()
}

pub fn decoded(bytes: &[u8], scale: Scale) -> Result<Pixels, JpegError> {
    decode(bytes, &Header::read(bytes)?, scale, None)
}

pub fn whole(bytes: &[u8], scale: Scale) -> Vec<u8> {
    let pixels = decoded(bytes, scale).unwrap();
    assert_eq!(pixels.damage, None);
    pixels.data
}

/// The mean and the largest difference.
pub fn difference(a: &[u8], b: &[u8]) -> (f64, u8) {
    assert_eq!(a.len(), b.len());
    let differences = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    let sum: u64 = differences().map(u64::from).sum();
    (
        sum as f64 / a.len() as f64,
        differences().max().unwrap_or(0),
    )
}
