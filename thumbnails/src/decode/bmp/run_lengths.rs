//! Run lengths: a pixel, and how often it repeats.

use std::time::Instant;

use crate::failure::Failure;

use super::super::Job;
use super::CUT_SHORT;
use super::header::Header;

/// Rows without gaps, in the order of the file.
pub(super) struct Unpacked {
    pub(super) rows: Vec<u8>,
    pub(super) damage: Option<&'static str>,
}

/// Unpacks runs of indices with four or eight bits, or of colours. Pixels that the runs omit have
/// the palette's first colour, as in Pillow and ImageMagick.
pub(super) fn unpack(data: &[u8], header: &Header, job: &Job<'_>) -> Result<Unpacked, Failure> {
    let (width, height) = (header.size.0 as usize, header.size.1 as usize);
    let bytes = header.bytes_of_runs();
    let mut rows = vec![0; width * height * bytes];
    let mut damage = None;
    let (mut at, mut x, mut y) = (0, 0, 0);
    while y < height {
        let Some(&[count, value]) = data.get(at..).and_then(<[u8]>::first_chunk) else {
            damage = Some(CUT_SHORT);
            break;
        };
        at += 2;
        let line = &mut rows[y * width * bytes..(y + 1) * width * bytes];
        // Runs beyond the end of their row are cut off.
        let room = line.get_mut(x * bytes..).unwrap_or_default();
        match (count, value) {
            (0, 0) => {
                (x, y) = (0, y + 1);
                if Instant::now() > job.reader.deadline {
                    return Err(job.too_slow());
                }
            }
            (0, 1) => break,
            (0, 2) => {
                let Some(&[right, up]) = data.get(at..).and_then(<[u8]>::first_chunk) else {
                    damage = Some(CUT_SHORT);
                    break;
                };
                at += 2;
                x += usize::from(right);
                y += usize::from(up);
            }
            // Single pixels, padded to an even number of bytes.
            (0, count) => {
                let count = usize::from(count);
                let length = match header.depth {
                    4 => count.div_ceil(2),
                    _ => count * bytes,
                };
                let stored = data.get(at..).unwrap_or_default();
                let stored = &stored[..length.min(stored.len())];
                match header.depth {
                    4 => {
                        let indices = stored.iter().flat_map(|&it| [it >> 4, it & 15]);
                        room.iter_mut()
                            .zip(indices.take(count))
                            .for_each(|(to, it)| *to = it);
                    }
                    _ => {
                        let most = stored.len().min(room.len());
                        room[..most].copy_from_slice(&stored[..most]);
                    }
                }
                at += length.next_multiple_of(2);
                x += count;
            }
            (count, value) => {
                let count = usize::from(count);
                let places = room.chunks_exact_mut(bytes).take(count);
                match (header.depth, data.get(at..).and_then(<[u8]>::first_chunk)) {
                    (4, _) => {
                        let both = [value >> 4, value & 15].into_iter().cycle();
                        places.zip(both).for_each(|(place, it)| place[0] = it);
                    }
                    (24, Some(&[green, red])) => {
                        at += 2;
                        places.for_each(|place| place.copy_from_slice(&[value, green, red]));
                    }
                    _ => places.for_each(|place| place.fill(value)),
                }
                x += count;
            }
        }
    }
    Ok(Unpacked { rows, damage })
}
