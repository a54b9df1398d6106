//! The stacks of one size.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::Stack;
use super::guard::page_size;
use super::slab::Slab;

/// How many stacks share a mapping. Large stacks share fewer, so that the mapping is at most
/// [`SLAB_BYTES`].
pub(super) const SLAB: usize = 512;

/// The most stacks that are prepared ahead of their use. It is also at most a quarter of the
/// existing stacks, because each prepared stack uses a page of memory.
pub(super) const CARVE: usize = 64;

/// The largest mapping, if it holds more than one stack.
const SLAB_BYTES: usize = 256 << 20;

/// The stacks of one size, in as many mappings as needed.
pub(super) struct Class {
    pub(super) size: usize,
    per_slab: usize,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    slabs: Vec<Slab>,
    /// Slabs with room.
    open: Vec<u32>,
    /// An empty slab that keeps its memory, for the next burst of green threads.
    warm: Option<u32>,
}

impl Class {
    pub(super) fn new(size: usize) -> Class {
        let stride = size + page_size();
        Class {
            size,
            per_slab: (SLAB_BYTES / stride).clamp(1, SLAB),
            inner: RefCell::default(),
        }
    }

    pub(super) fn stride(&self) -> usize {
        self.size + page_size()
    }

    pub(super) fn take(self: &Rc<Self>) -> io::Result<Stack> {
        let mut inner = self.inner.borrow_mut();
        let index = match inner.open.last() {
            Some(&index) => index,
            None => {
                let bytes = self.per_slab * self.stride();
                inner.slabs.push(Slab::map(bytes)?);
                let index = (inner.slabs.len() - 1) as u32;
                inner.open.push(index);
                index
            }
        };
        let carved = index as usize * self.per_slab + inner.slabs[index as usize].carved;
        let slab = &mut inner.slabs[index as usize];
        let place = match slab.free.pop() {
            Some(place) => place,
            None => {
                let ahead = (carved / 4)
                    .clamp(1, CARVE)
                    .min(self.per_slab - slab.carved);
                slab.carve(self.stride(), ahead)?;
                slab.free.pop().expect("one at least has just been carved")
            }
        };
        slab.used += 1;
        let bottom = slab.start + place as usize * self.stride();
        if slab.used == self.per_slab {
            inner.open.pop();
        }
        if inner.warm == Some(index) {
            inner.warm = None;
        }
        Ok(Stack {
            bottom,
            slab: index,
            class: Rc::clone(self),
        })
    }

    pub(super) fn give_back(&self, stack: &Stack) {
        let mut inner = self.inner.borrow_mut();
        let Inner { slabs, open, warm } = &mut *inner;
        let slab = &mut slabs[stack.slab as usize];
        slab.free
            .push(((stack.bottom - slab.start) / self.stride()) as u32);
        if slab.used == self.per_slab {
            open.push(stack.slab);
        }
        slab.used -= 1;
        if slab.used == 0 {
            match *warm {
                None => *warm = Some(stack.slab),
                Some(_) => slab.cool(self.size, self.stride()),
            }
        }
    }

    pub(super) fn high_water(&self) -> usize {
        let inner = self.inner.borrow();
        let marks = inner.slabs.iter();
        marks
            .map(|slab| slab.high_water(self.size, self.stride()))
            .max()
            .unwrap_or(0)
    }

    /// How many stacks are in use, and how many have a guard page.
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        let inner = self.inner.borrow();
        inner.slabs.iter().fold((0, 0), |(used, carved), slab| {
            (used + slab.used, carved + slab.carved)
        })
    }
}
