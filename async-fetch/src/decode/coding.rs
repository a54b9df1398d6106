//! One coding and its state.

use std::io::{self, Write};

use brotli_decompressor::DecompressorWriter;
use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::zstd::Zstd;
use crate::error::Error;

/// The buffer of brotli's decoder.
const BUFFER: usize = 4 * 1024;

pub(super) struct Coding {
    name: &'static str,
    kind: Kind,
}

enum Kind {
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zlib(ZlibDecoder<Vec<u8>>),
    Deflate(DeflateDecoder<Vec<u8>>),
    /// Deflate with or without the zlib wrapper: the first byte will tell.
    Undecided,
    Brotli(Box<DecompressorWriter<Vec<u8>>>),
    Zstd(Box<Zstd>),
}

impl Coding {
    pub(super) fn of(name: &str) -> Option<Coding> {
        let (name, kind) = match name {
            "gzip" | "x-gzip" => (
                "gzip",
                Kind::Gzip(Box::new(MultiGzDecoder::new(Vec::new()))),
            ),
            "deflate" => ("deflate", Kind::Undecided),
            "br" => {
                let decoder = DecompressorWriter::new(Vec::new(), BUFFER);
                ("br", Kind::Brotli(Box::new(decoder)))
            }
            "zstd" => ("zstd", Kind::Zstd(Box::default())),
            _ => return None,
        };
        Some(Coding { name, kind })
    }

    /// Decodes a piece that is not empty.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), Error> {
        if let (Kind::Undecided, Some(first)) = (&self.kind, piece.first()) {
            // The zlib wrapper begins with the method 8 in the low half. A stream without the wrapper
            // never does (its block type 0 would need a length there).
            self.kind = match first & 0x0f {
                8 => Kind::Zlib(ZlibDecoder::new(Vec::new())),
                _ => Kind::Deflate(DeflateDecoder::new(Vec::new())),
            };
        }
        let written = match &mut self.kind {
            Kind::Gzip(decoder) => decoder.write_all(piece),
            Kind::Zlib(decoder) => decoder.write_all(piece),
            Kind::Deflate(decoder) => decoder.write_all(piece),
            Kind::Brotli(decoder) => decoder.write_all(piece),
            Kind::Zstd(decoder) => decoder.push(piece),
            Kind::Undecided => Ok(()),
        };
        written.map_err(|error| self.wrong(&error))
    }

    /// Ends the stream.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        let done = match &mut self.kind {
            Kind::Gzip(decoder) => decoder.try_finish(),
            Kind::Zlib(decoder) => decoder.try_finish(),
            Kind::Deflate(decoder) => decoder.try_finish(),
            Kind::Brotli(decoder) => decoder.close(),
            Kind::Zstd(decoder) => decoder.finish(),
            Kind::Undecided => Ok(()),
        };
        done.map_err(|error| self.wrong(&error))
    }

    /// Takes the bytes that were decoded since the last call.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let made = match &mut self.kind {
            Kind::Gzip(decoder) => decoder.get_mut(),
            Kind::Zlib(decoder) => decoder.get_mut(),
            Kind::Deflate(decoder) => decoder.get_mut(),
            Kind::Brotli(decoder) => decoder.get_mut(),
            Kind::Zstd(decoder) => decoder.made(),
            Kind::Undecided => return Vec::new(),
        };
        std::mem::take(made)
    }

    fn wrong(&self, error: &io::Error) -> Error {
        Error::Coding {
            coding: self.name.to_owned(),
            reason: error.to_string(),
        }
    }
}
