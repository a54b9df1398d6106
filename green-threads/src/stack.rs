//! Stacks. They are cut from large slabs, each with a guard page, and are used again and again.
//!
//! With a mapping for each stack, the limit would be near 30,000 stacks: `vm.max_map_count` is
//! 65,530, and a guard page made by `mprotect` splits a mapping in two. A slab holds 512 stacks in
//! one mapping, and `MADV_GUARD_INSTALL` (Linux 6.13) makes a guard page without splitting it. On
//! older kernels `mprotect` is used, and the limit is that of the mappings.

#![allow(
    unsafe_code,
    reason = "corosensei's Stack trait is unsafe to implement"
)]

mod class;
mod guard;
mod slab;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::rc::Rc;

use corosensei::stack::{Stack as CorosenseiStack, StackPointer};

use class::Class;
pub(crate) use guard::page_size;

/// The default size of a stack: enough for a panic with its backtrace. Only pages that are touched
/// use memory.
pub const DEFAULT_STACK_SIZE: usize = 64 * 1024;

/// The smallest stack. A panic must fit, because otherwise a bug would look like an overflow.
pub const MIN_STACK_SIZE: usize = 32 * 1024;

/// The largest stack. A larger size is most likely a mistake.
pub const MAX_STACK_SIZE: usize = 1 << 30;

/// All stacks of a hub.
#[derive(Default)]
pub(crate) struct Stacks {
    classes: RefCell<BTreeMap<usize, Rc<Class>>>,
    /// The class that was used last: nearly always the default one.
    last: RefCell<Option<Rc<Class>>>,
}

impl Stacks {
    /// A stack of at least this many bytes, within the limits. The size is the next power of two:
    /// each size has mappings of its own, which stay, so there must be few sizes. Only touched
    /// pages use memory.
    pub(crate) fn take(&self, size: usize) -> io::Result<Stack> {
        let size = size
            .clamp(MIN_STACK_SIZE, MAX_STACK_SIZE)
            .next_power_of_two();
        let mut last = self.last.borrow_mut();
        if let Some(class) = &*last
            && class.size == size
        {
            return class.take();
        }
        let mut classes = self.classes.borrow_mut();
        let class = classes
            .entry(size)
            .or_insert_with(|| Rc::new(Class::new(size)));
        last.insert(Rc::clone(class)).take()
    }

    /// The greatest depth of all these stacks, in bytes, rounded up to whole pages.
    pub(crate) fn high_water(&self) -> usize {
        let classes = self.classes.borrow();
        classes
            .values()
            .map(|class| class.high_water())
            .max()
            .unwrap_or(0)
    }

    /// How many stacks are in use, and how many have a guard page.
    #[cfg(test)]
    fn counts(&self) -> (usize, usize) {
        let classes = self.classes.borrow();
        let counts = classes.values().map(|class| class.counts());
        counts.fold((0, 0), |all, class| (all.0 + class.0, all.1 + class.1))
    }
}

/// A stack in use. Dropping it returns it to its class.
pub(crate) struct Stack {
    /// The lowest address, which is in the guard page.
    bottom: usize,
    slab: u32,
    class: Rc<Class>,
}

impl Stack {
    /// Its range: from its guard page to its upper end.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.bottom..self.bottom + self.class.stride()
    }
}

// SAFETY: the range is mapped readable and writable, except its lowest page, which is a guard page.
// It holds at least MIN_STACK_SIZE bytes, and page boundaries are aligned enough.
unsafe impl CorosenseiStack for Stack {
    #[inline]
    fn base(&self) -> StackPointer {
        NonZeroUsize::new(self.bottom + self.class.stride()).expect("no stack ends at zero")
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        NonZeroUsize::new(self.bottom).expect("no stack begins at zero")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.class.give_back(self);
    }
}

thread_local! {
    /// The size that `spawn` uses on this thread.
    static USUAL: Cell<usize> = const { Cell::new(DEFAULT_STACK_SIZE) };
}

/// The default stack size of the green threads that this thread spawns.
pub fn usual_stack_size() -> usize {
    USUAL.get()
}

/// Sets [`usual_stack_size`], within [`MIN_STACK_SIZE`] and [`MAX_STACK_SIZE`].
pub fn set_usual_stack_size(bytes: usize) {
    USUAL.set(bytes.clamp(MIN_STACK_SIZE, MAX_STACK_SIZE));
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::class::{CARVE, SLAB};
    use super::*;

    fn touch(stack: &Stack, depth: usize) {
        let address = stack.range().end - depth;
        // SAFETY: the address is in a stack that this test owns, above its guard page.
        unsafe { ptr::write_volatile(address as *mut u8, 1) };
    }

    #[test]
    fn stacks_are_used_again() {
        let stacks = Stacks::default();
        let first = stacks.take(DEFAULT_STACK_SIZE).unwrap();
        let range = first.range();
        assert_eq!(range.len(), DEFAULT_STACK_SIZE + page_size());
        drop(first);
        assert_eq!(
            stacks.take(1).unwrap().range().len(),
            MIN_STACK_SIZE + page_size()
        );
        assert_eq!(stacks.take(DEFAULT_STACK_SIZE).unwrap().range(), range);
    }

    #[test]
    fn stacks_in_use_never_overlap_and_slabs_open_when_others_are_full() {
        let stacks = Stacks::default();
        let mut held: Vec<_> = (0..SLAB + 10)
            .map(|_| stacks.take(MIN_STACK_SIZE).unwrap())
            .collect();
        held.sort_by_key(|stack| stack.range().start);
        assert!(
            held.windows(2)
                .all(|two| two[0].range().end <= two[1].range().start)
        );
        let (used, carved) = stacks.counts();
        assert_eq!(used, SLAB + 10);
        assert!(carved <= used + CARVE, "{carved}");
        held.clear();
        assert_eq!(stacks.counts(), (0, carved));
        let again: Vec<_> = (0..SLAB + 10)
            .map(|_| stacks.take(MIN_STACK_SIZE).unwrap())
            .collect();
        assert_eq!(stacks.counts(), (again.len(), carved));
    }

    #[test]
    fn stacks_of_any_size_share_the_mappings_of_a_few() {
        let stacks = Stacks::default();
        for pages in 0..10_000 {
            let size = pages * 4096 + 1;
            let stack = stacks.take(size).unwrap();
            assert!(stack.range().len() >= size + page_size());
        }
        // From 32 KiB to 64 MiB.
        assert_eq!(stacks.classes.borrow().len(), 12);
    }

    #[test]
    fn the_high_water_mark_outlives_the_stack_and_its_memory() {
        let stacks = Stacks::default();
        assert_eq!(stacks.high_water(), 0);
        let stack = stacks.take(DEFAULT_STACK_SIZE).unwrap();
        touch(&stack, 1);
        assert_eq!(stacks.high_water(), page_size());
        touch(&stack, 3 * page_size() + 1);
        drop(stack);
        assert_eq!(stacks.high_water(), 4 * page_size());
        // Two slabs, so that the memory of one is freed when all are empty.
        let all: Vec<_> = (0..SLAB + 1)
            .map(|_| stacks.take(DEFAULT_STACK_SIZE).unwrap())
            .collect();
        drop(all);
        assert_eq!(stacks.high_water(), 4 * page_size());
    }
}
