//! Memory that all connections of a reactor share.

use std::cell::RefCell;

/// How many bytes are read at once, into one buffer for all connections.
pub(crate) const READ_BUFFER: usize = 256 * 1024;

/// How many buffers of connections that have nothing to send are kept, and of what size at most.
const SPARE_BUFFERS: usize = 64;
const SPARE_BUFFER: usize = 16 * 1024;

pub(crate) struct Buffers {
    /// What is read goes through here.
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
