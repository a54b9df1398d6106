//! A damaged PNG, written anew with all of its pixels that can be unpacked.
//!
//! Its decoder gives no row before it has unpacked 32 KiB behind it, or the data have come to a good
//! end. Of a file that is cut short the last 32 KiB of pixels would be missing, and of a small picture
//! that is all.

use std::time::Instant;

use flate2::{Decompress, FlushDecompress, Status};

/// A PNG that can be read to its end, if no checksum is looked at.
pub(super) struct Unpacked {
    pub(super) png: Vec<u8>,
    /// So many bytes of its pixels are the file's. Those behind them are zero.
    pub(super) bytes: usize,
}

/// The most bytes of a block that is not compressed (RFC 1951, 3.2.4), and those before it.
const BLOCK: usize = 0xffff;
const BEFORE: usize = 5;

/// The bytes that [`unpack`] allocates.
pub(super) fn memory(raw: u64) -> u64 {
    2 * raw + raw / 1024 + (64 << 10)
}

/// `raw` bytes are those of all rows, each with its filter.
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
        // The last one may be cut short.
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
    // The pixels' checksum, and the chunk's.
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

/// Unpacks a piece of the data behind what was unpacked before. Returns whether more may follow.
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
