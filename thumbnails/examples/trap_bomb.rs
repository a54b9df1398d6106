//! A trap: a small file whose header claims a huge picture. The decoder allocates memory for all
//! its pixels before it has read one of them. Look for: how much memory would this file of a few
//! bytes need? The cure: read the size first, and set your own limit before decoding.

use image::{ImageReader, Limits};
use std::error::Error;
use std::io::Cursor;

/// The beginning of a PNG file with 30,000 x 30,000 pixels, but without any pixel data.
fn bomb() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(30_000_u32.to_be_bytes());
    header.extend(30_000_u32.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]); // 8 bits, four channels.
    let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d".to_vec();
    bytes.extend(&header);
    bytes.extend(checksum(&header).to_be_bytes());
    bytes.extend(b"\x00\x00\x00\x00IDAT");
    bytes.extend(checksum(b"IDAT").to_be_bytes());
    bytes
}

/// PNG's CRC-32.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |it, _| match it & 1 {
            0 => it >> 1,
            _ => it >> 1 ^ 0xEDB8_8320,
        })
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let bytes = bomb();
    let reader = || ImageReader::new(Cursor::new(&bytes)).with_guessed_format();
    let (width, height) = reader()?.into_dimensions()?;
    let memory = 4 * u64::from(width) * u64::from(height) / (1 << 20);
    println!(
        "{} bytes: {width}x{height}, {memory} MiB when decoded",
        bytes.len()
    );

    let mut limits = Limits::default();
    limits.max_alloc = Some(64 << 20);
    limits.max_image_width = Some(20_000);
    let mut reader = reader()?;
    reader.limits(limits);
    match reader.decode() {
        Ok(_) => println!("decoded"),
        Err(error) => println!("with a limit: {error}"),
    }
    Ok(())
}
