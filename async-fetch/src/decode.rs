//! Decompresses bodies, in pieces of bounded size.

mod coding;
mod zstd;

use http::{HeaderMap, header};

use crate::error::Error;
use coding::Coding;

/// The value of `Accept-Encoding`.
pub(crate) const ACCEPTED: &str = "gzip, deflate, br, zstd";

/// Bytes that the decoder gets at once. They can grow to a thousand times as many.
const PIECE: usize = 4 * 1024;

/// Decoded bytes to which the ratio does not apply: so few do no harm.
const FREE: u64 = 1 << 20;

/// Codings of one body, at most, as in curl: each needs memory of its own.
const MOST: usize = 5;

/// Takes the decoded bytes.
pub(crate) type Taker<'a> = dyn FnMut(&[u8]) -> Result<(), Error> + 'a;

/// Decodes a body as it comes.
pub(crate) struct Decoder {
    /// In the order of decoding: the coding that was applied last is undone first.
    codings: Vec<Coding>,
    ratio: u64,
    came: u64,
    made: u64,
}

/// The codings of an answer, in the order in which they were applied. There may be several headers, and
/// each may be a list (RFC 9110, section 8.4). Some servers say `none` for `identity`.
fn names(headers: &HeaderMap) -> impl Iterator<Item = String> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let names = values.flat_map(|value| {
        let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        names
    });
    names.filter(|name| !matches!(name.as_str(), "" | "identity" | "none"))
}

/// Whether an answer says that its body is coded.
pub(crate) fn is_coded(headers: &HeaderMap) -> bool {
    names(headers).next().is_some()
}

impl Decoder {
    /// The decoder that an answer's `Content-Encoding` asks for, if any. Codings that are not
    /// known are an error: they were not asked for.
    pub(crate) fn new(headers: &HeaderMap, ratio: u64) -> Result<Option<Decoder>, Error> {
        Decoder::of(names(headers), ratio)
    }

    /// The decoder for codings that were applied in this order, if there are any.
    pub(crate) fn of(
        names: impl Iterator<Item = String>,
        ratio: u64,
    ) -> Result<Option<Decoder>, Error> {
        let wrong = |coding: String, reason: &str| Error::Coding {
            coding: coding.escape_debug().to_string(),
            reason: reason.to_owned(),
        };
        let mut codings = Vec::new();
        for name in names {
            if codings.len() == MOST {
                return Err(wrong(name, &format!("more than {MOST} codings")));
            }
            let coding = Coding::of(&name);
            codings.push(coding.ok_or_else(|| wrong(name, "it is not known here"))?);
        }
        codings.reverse();
        Ok((!codings.is_empty()).then_some(Decoder {
            codings,
            ratio,
            came: 0,
            made: 0,
        }))
    }

    /// Decodes some bytes, and gives the decoded ones to `taker`, piece by piece.
    pub(crate) fn push(&mut self, bytes: &[u8], taker: &mut Taker<'_>) -> Result<(), Error> {
        for piece in bytes.chunks(PIECE) {
            self.came += piece.len() as u64;
            let mut count = Count {
                made: &mut self.made,
                most: FREE.saturating_add(self.came.saturating_mul(self.ratio)),
                ratio: self.ratio,
            };
            feed(&mut self.codings, piece, &mut count, taker)?;
        }
        Ok(())
    }

    /// Ends the body. The coded stream must be complete.
    pub(crate) fn finish(&mut self, taker: &mut Taker<'_>) -> Result<(), Error> {
        // An empty body is right in any coding.
        if self.came == 0 {
            return Ok(());
        }
        let mut count = Count {
            made: &mut self.made,
            most: FREE.saturating_add(self.came.saturating_mul(self.ratio)),
            ratio: self.ratio,
        };
        let mut codings = self.codings.as_mut_slice();
        while let Some((first, rest)) = codings.split_first_mut() {
            first.finish()?;
            let made = first.take();
            for piece in made.chunks(PIECE) {
                feed(rest, piece, &mut count, taker)?;
            }
            codings = rest;
        }
        Ok(())
    }
}

/// How many bytes were decoded, and how many may be.
struct Count<'a> {
    made: &'a mut u64,
    most: u64,
    ratio: u64,
}

/// Gives a piece to the first coding, its result to the next one, and so on.
fn feed(
    codings: &mut [Coding],
    piece: &[u8],
    count: &mut Count<'_>,
    taker: &mut Taker<'_>,
) -> Result<(), Error> {
    let Some((first, rest)) = codings.split_first_mut() else {
        return taker(piece);
    };
    first.push(piece)?;
    let made = first.take();
    // Bytes between two codings count too: they take memory and time.
    *count.made += made.len() as u64;
    if *count.made > count.most {
        return Err(Error::Bomb { ratio: count.ratio });
    }
    match rest {
        [] => taker(&made),
        rest => made
            .chunks(PIECE)
            .try_for_each(|piece| feed(rest, piece, count, taker)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use std::io::Write;

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
        assert!(decode("gzip, compress", &whole, 1000).is_err());
        assert!(decode(&["gzip"; 6].join(","), &whole, 1000).is_err());
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

    /// By brotli 1.0.9 and zstd 1.5.4: `printf 'many hands %.0s' {1..100} | brotli`, and `| zstd`.
    const BROTLI: &[u8] = include_bytes!("../tests/world/codings/hands.br");
    const ZSTD: &[u8] = include_bytes!("../tests/world/codings/hands.zst");

    #[test]
    fn what_other_programs_compressed_comes_back() {
        let text = b"many hands ".repeat(100);
        for (coding, body) in [("br", BROTLI), ("zstd", ZSTD)] {
            assert_eq!(decode(coding, body, 1000).unwrap(), text, "{coding}");
            for length in 1..body.len() {
                assert!(
                    decode(coding, &body[..length], 1000).is_err(),
                    "{coding} {length}"
                );
            }
            assert!(decode(coding, b"something else", 1000).is_err());
        }
        let twice = [ZSTD, ZSTD].concat();
        assert_eq!(decode("zstd", &twice, 1000).unwrap(), text.repeat(2));
        let mut wrong = ZSTD.to_vec();
        *wrong.last_mut().unwrap() ^= 1;
        assert!(decode("zstd", &wrong, 1000).is_err());
    }

    #[test]
    fn codings_are_undone_from_the_last_to_the_first() {
        let text = b"many hands ".repeat(100);
        let gzipped = gzip(BROTLI);
        for coding in ["br, gzip", "br, identity ,gzip", " BR,none,, x-gzip"] {
            assert_eq!(decode(coding, &gzipped, 1000).unwrap(), text, "{coding}");
        }
        assert!(decode("gzip, br", &gzipped, 1000).is_err());
        let mut headers = HeaderMap::new();
        for coding in ["br", "gzip"] {
            headers.append(header::CONTENT_ENCODING, coding.parse().unwrap());
        }
        assert_eq!(names(&headers).collect::<Vec<_>>(), ["br", "gzip"]);
        for none in ["", "identity", "none", "identity, none"] {
            headers.insert(header::CONTENT_ENCODING, none.parse().unwrap());
            assert!(Decoder::new(&headers, 1).unwrap().is_none() && !is_coded(&headers));
        }
    }
}
