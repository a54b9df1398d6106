//! Memory that all connections of a reactor share.

use std::cell::RefCell;

/// The size of the read buffer in bytes. All connections share this one buffer.
pub(crate) const READ_BUFFER: usize = 256 * 1024;

/// How many buffers of connections without data to send are kept, and how large each may be.
const SPARE_BUFFERS: usize = 64;
const SPARE_BUFFER: usize = 16 * 1024;

pub(crate) struct Buffers {
    /// Every read uses this buffer.
    pub(crate) read: RefCell<Box<[u8]>>,
    spare: RefCell<Vec<Vec<u8>>>,
}

impl Default for Buffers {
    fn default() -> Self {
        Buffers {
            read: RefCell::new(vec![0; READ_BUFFER].into_boxed_slice()),
            spare: RefCell::default(),
        }
    }
}

impl Buffers {
    pub(crate) fn spare(&self) -> Vec<u8> {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    pub(crate) fn keep(&self, memory: Vec<u8>) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < SPARE_BUFFERS && memory.capacity() <= SPARE_BUFFER {
            spare.push(memory);
        }
    }
}
