//! Zstandard (RFC 8878). On the web its windows have 8 MiB at most (RFC 9659).

use std::io;

use ruzstd::decoding::FrameDecoder;

/// Bytes of the largest window, which is the memory for a frame.
const WINDOW: u64 = 8 << 20;

/// Bytes of the longest header of a frame.
const HEADER: usize = 18;

/// Bytes that are decoded at once.
const PIECE: usize = 128 * 1024;

pub(super) struct Zstd {
    frame: FrameDecoder,
    /// It is within a frame.
    begun: bool,
    /// Bytes that are not a whole block yet. A block has 128 KiB at most.
    pending: Vec<u8>,
    made: Vec<u8>,
}

impl Default for Zstd {
    fn default() -> Zstd {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(WINDOW);
        Zstd {
            frame,
            begun: false,
            pending: Vec::new(),
            made: Vec::new(),
        }
    }
}

impl Zstd {
    pub(super) fn push(&mut self, piece: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(piece);
        self.decode(HEADER)
    }

    /// Decodes whole blocks. A frame's header needs as many bytes as [`HEADER`], or the end of the body.
    fn decode(&mut self, header: usize) -> io::Result<()> {
        let mut from = 0;
        let mut target = Vec::new();
        loop {
            let source = &self.pending[from..];
            if !self.begun {
                if source.len() < header.max(1) {
                    break;
                }
                let mut rest = source;
                self.frame.reset(&mut rest).map_err(io::Error::other)?;
                from += source.len() - rest.len();
                self.begun = true;
                continue;
            }
            target.resize(PIECE, 0);
            let (read, written) = self
                .frame
                .decode_from_to(source, &mut target)
                .map_err(io::Error::other)?;
            if read > source.len() {
                // So it says of a checksum of which some bytes have not come yet.
                break;
            }
            from += read;
            self.made.extend_from_slice(&target[..written]);
            if self.frame.is_finished() && self.frame.can_collect() == 0 {
                self.check()?;
                self.begun = false;
            } else if read == 0 && written == 0 {
                break;
            }
        }
        self.pending.drain(..from);
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        match self.frame.get_checksum_from_data() {
            Some(expected) if self.frame.get_calculated_checksum() != Some(expected) => {
                Err(io::Error::other("its checksum is wrong"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.decode(0)?;
        match self.begun || !self.pending.is_empty() {
            true => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            false => Ok(()),
        }
    }

    pub(super) fn made(&mut self) -> &mut Vec<u8> {
        &mut self.made
    }
}
