//! Rewrites a damaged PNG with all of its pixels that can be unpacked.
//!
//! If the compressed data are corrupt, the decoder drops the rows of the last 32 KiB that it has
//! unpacked, which may be all of a small picture.

use std::time::Instant;

use flate2::{Decompress, FlushDecompress, Status};

/// A PNG that can be read to its end, if checksums are ignored.
pub(super) struct Unpacked {
    pub(super) png: Vec<u8>,
    /// The number of bytes of pixels from the file. The bytes after them are zero.
    pub(super) bytes: usize,
}

/// The maximum size of an uncompressed block (RFC 1951, 3.2.4).
const BLOCK: usize = 0xffff;
const BEFORE: usize = 5;

/// The memory that [`unpack`] allocates, in bytes.
pub(super) fn memory(raw: u64) -> u64 {
    2 * raw + raw / 1024 + (64 << 10)
}

/// `raw` is the number of bytes of all rows, each with its filter byte.
pub(super) fn unpack(file: &[u8], raw: usize, deadline: Instant) -> Option<Unpacked> {
    let length = 2 + raw + raw.div_ceil(BLOCK) * BEFORE + 4;
    let long = u32::try_from(length).ok()?;
    let mut png = Vec::with_capacity(length + 4096);
    png.extend(file.get(..8)?);
    let mut pixels = vec![0; raw];
    let mut data = Decompress::new(true);
    let mut more = true;
    let mut rest = &file[8..];
    while let Some((&body, behind)) = rest.split_first_chunk::<4>()
        && let Some((kind, behind)) = behind.split_first_chunk::<4>()
        && kind.iter().all(u8::is_ascii_alphabetic)
    {
        let whole = u32::from_be_bytes(body) as usize;
        // The last one may be truncated.
        let body = &behind[..whole.min(behind.len())];
        match kind {
            b"IHDR" | b"PLTE" | b"tRNS" => {
                begin(&mut png, body.len() as u32, kind);
                png.extend(body);
                png.extend([0; 4]);
            }
            b"IDAT" if more && Instant::now() < deadline => {
                more = go_on(&mut data, body, &mut pixels);
            }
            b"IEND" => break,
            _ => {}
        }
        rest = behind.get(whole.saturating_add(4)..).unwrap_or_default();
    }
    begin(&mut png, long, b"IDAT");
    // Compressed by deflate, with a window of 32 KiB and no dictionary (RFC 1950, 2.2).
    png.extend([0x78, 0x01]);
    let mut blocks = pixels.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        png.push(u8::from(blocks.peek().is_none()));
        png.extend(length.to_le_bytes());
        png.extend((!length).to_le_bytes());
        png.extend(block);
    }
    // The checksums of the pixels and of the chunk.
    png.extend([0; 8]);
    begin(&mut png, 0, b"IEND");
    png.extend([0; 4]);
    let bytes = data.total_out() as usize;
    Some(Unpacked { png, bytes })
}

fn begin(png: &mut Vec<u8>, length: u32, kind: &[u8; 4]) {
    png.extend(length.to_be_bytes());
    png.extend(kind);
}

/// Unpacks the next piece of the data. Returns whether more may follow.
fn go_on(data: &mut Decompress, mut piece: &[u8], pixels: &mut [u8]) -> bool {
    loop {
        let (taken, given) = (data.total_in(), data.total_out());
        let place = &mut pixels[given as usize..];
        let status = data.decompress(piece, place, FlushDecompress::None);
        let (took, gave) = (data.total_in() - taken, data.total_out() - given);
        let full = data.total_out() == pixels.len() as u64;
        match status {
            Err(_) | Ok(Status::StreamEnd) => return false,
            Ok(_) if full => return false,
            Ok(_) if took == 0 && gave == 0 => return true,
            Ok(_) => piece = &piece[took as usize..],
        }
    }
}
