//! Undoing compression, a bounded piece at a time.

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use std::io::{self, Write};

use crate::error::Error;

/// What is asked for where bodies are decoded.
pub(crate) const ACCEPTED: &str = "gzip, deflate";

/// Fed to the decoder at once: it swells to a thousand times that at most.
const PIECE: usize = 4 * 1024;

/// May swell freely; what is as short as this can do no harm.
const FREE: u64 = 1 << 20;

enum Coding {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Zlib(ZlibDecoder<Vec<u8>>),
    Deflate(DeflateDecoder<Vec<u8>>),
    /// Deflate, of which kind the first byte will tell.
    Undecided,
}

/// Decodes a body as it comes.
pub(crate) struct Decoder {
    coding: Coding,
    name: &'static str,
    ratio: u64,
    came: u64,
    made: u64,
}

impl Decoder {
    /// The decoder that an answer's `Content-Encoding` asks for, if any. Codings that are not
    /// known, and more than one, are an error: they were not asked for.
    pub(crate) fn new(headers: &HeaderMap, ratio: u64) -> Result<Option<Decoder>, Error> {
        let Some(value) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(value.as_bytes())
            .trim()
            .to_ascii_lowercase();
        let (name, coding) = match text.as_str() {
            "" | "identity" => return Ok(None),
            "gzip" | "x-gzip" => ("gzip", Coding::Gzip(MultiGzDecoder::new(Vec::new()))),
            "deflate" => ("deflate", Coding::Undecided),
            _ => {
                return Err(Error::Coding {
                    coding: text,
                    reason: "it is not known here".to_owned(),
                });
            }
        };
        Ok(Some(Decoder {
            coding,
            name,
            ratio,
            came: 0,
            made: 0,
        }))
    }

    /// Decodes some bytes, and gives what they became to `sink`, piece by piece.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for piece in bytes.chunks(PIECE) {
            if matches!(self.coding, Coding::Undecided) {
                // What the RFC means begins with the method 8 in the low half; without the
                // wrapper a stream never does (its block type 0 would need a length there).
                self.coding = match piece[0] & 0x0f {
                    8 => Coding::Zlib(ZlibDecoder::new(Vec::new())),
                    _ => Coding::Deflate(DeflateDecoder::new(Vec::new())),
                };
            }
            self.came += piece.len() as u64;
            let written = match &mut self.coding {
                Coding::Gzip(decoder) => decoder.write_all(piece),
                Coding::Zlib(decoder) => decoder.write_all(piece),
                Coding::Deflate(decoder) => decoder.write_all(piece),
                Coding::Undecided => Ok(()),
            };
            written.map_err(|error| self.wrong(&error))?;
            self.hand_on(sink)?;
        }
        Ok(())
    }

    /// The body has come to its end: so must the coding.
    pub(crate) fn finish(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // A body of no bytes has nothing to be wrong.
        if self.came == 0 {
            return Ok(());
        }
        let done = match &mut self.coding {
            Coding::Gzip(decoder) => decoder.try_finish(),
            Coding::Zlib(decoder) => decoder.try_finish(),
            Coding::Deflate(decoder) => decoder.try_finish(),
            Coding::Undecided => Ok(()),
        };
        done.map_err(|error| self.wrong(&error))?;
        self.hand_on(sink)
    }

    fn hand_on(&mut self, sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>) -> Result<(), Error> {
        let made = match &mut self.coding {
            Coding::Gzip(decoder) => decoder.get_mut(),
            Coding::Zlib(decoder) => decoder.get_mut(),
            Coding::Deflate(decoder) => decoder.get_mut(),
            Coding::Undecided => return Ok(()),
        };
        self.made += made.len() as u64;
        if self.made > FREE.saturating_add(self.came.saturating_mul(self.ratio)) {
            return Err(Error::Bomb { ratio: self.ratio });
        }
        let result = sink(made);
        made.clear();
        result
    }

    fn wrong(&self, error: &io::Error) -> Error {
        Error::Coding {
            coding: self.name.to_owned(),
            reason: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    fn decode(coding: &str, body: &[u8], ratio: u64) -> Result<Vec<u8>, Error> {
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, coding.parse().unwrap())]);
        let mut decoder = Decoder::new(&headers, ratio)?.unwrap();
        let mut out = Vec::new();
        let mut sink = |bytes: &[u8]| {
            out.extend_from_slice(bytes);
            Ok(())
        };
        for byte in body.chunks(7) {
            decoder.push(byte, &mut sink)?;
        }
        decoder.finish(&mut sink)?;
        Ok(out)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let text = b"many hands".repeat(1000);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&text).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&text).unwrap();
        let twice = [gzip(&text), gzip(&text)].concat();
        for (coding, body, times) in [
            ("gzip", gzip(&text), 1),
            ("X-GZIP", gzip(&text), 1),
            ("gzip", twice, 2),
            ("deflate", zlib.finish().unwrap(), 1),
            ("deflate", raw.finish().unwrap(), 1),
            ("gzip", Vec::new(), 0),
        ] {
            assert_eq!(
                decode(coding, &body, 1000).unwrap(),
                text.repeat(times),
                "{coding}"
            );
        }
    }

    #[test]
    fn what_is_cut_or_wrong_is_an_error() {
        let whole = gzip(b"many hands make light work");
        for length in 1..whole.len() {
            assert!(decode("gzip", &whole[..length], 1000).is_err(), "{length}");
        }
        assert!(decode("gzip", b"not gzip at all", 1000).is_err());
        assert!(decode("gzip, gzip", &whole, 1000).is_err());
    }

    #[test]
    fn a_bomb_is_stopped() {
        let bomb = gzip(&vec![0; 10 << 20]);
        assert!(matches!(
            decode("gzip", &bomb, 100),
            Err(Error::Bomb { ratio: 100 })
        ));
        assert_eq!(decode("gzip", &bomb, 2000).unwrap().len(), 10 << 20);
    }
}
