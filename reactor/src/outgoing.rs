//! A buffer of bytes that wait to be sent.

/// A queue of bytes. It uses memory only while it contains some.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        // Each byte moves at most once for each time the buffer doubles.
        if self.sent > self.bytes.len() / 2 {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes the first `sent` bytes: they were sent.
    pub(crate) fn advance(&mut self, sent: usize) {
        self.sent += sent;
        if self.is_empty() {
            self.bytes.clear();
            self.sent = 0;
        }
    }

    /// Whether it needs memory before bytes can be added.
    pub(crate) fn has_no_memory(&self) -> bool {
        self.bytes.capacity() == 0
    }

    pub(crate) fn give_memory(&mut self, memory: Vec<u8>) {
        self.bytes = memory;
    }

    /// Takes the memory of an empty buffer.
    pub(crate) fn take_memory(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_first_in_first_out_and_does_not_grow_by_what_is_sent() {
        let mut out = Outgoing::default();
        let (mut pushed, mut sent) = (0_u8, 0_u8);
        for _ in 0..10_000 {
            out.push(&[pushed, pushed.wrapping_add(1)]);
            pushed = pushed.wrapping_add(2);
            while out.len() > 50 {
                assert_eq!(out.unsent()[0], sent);
                out.advance(1);
                sent = sent.wrapping_add(1);
            }
        }
        assert!(out.bytes.capacity() <= 256, "{}", out.bytes.capacity());
    }
}
