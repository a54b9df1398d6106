//! Stacks: carved from large slabs, each with a guard page, and used again and again.
//!
//! A mapping for each stack would end near 30,000 of them (`vm.max_map_count` is 65,530, and a
//! guard page made by `mprotect` splits a mapping in two). A slab holds [`SLAB`] stacks in one
//! mapping, and `MADV_GUARD_INSTALL` (Linux 6.13) makes a guard page without splitting it. Where
//! the kernel does not have it, `mprotect` does it, and the limit is that of the mappings.

#![allow(
    unsafe_code,
    reason = "memory is mapped, guarded and given back by the system's own calls"
)]

mod guard;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::ptr;
use std::rc::Rc;

use corosensei::stack::valgrind::ValgrindStackRegistration;
use corosensei::stack::{Stack as CorosenseiStack, StackPointer};

use guard::Advice;
pub(crate) use guard::page_size;

/// A stack's size unless said otherwise: enough for a panic with its backtrace. Only the pages
/// that are touched take memory.
pub const DEFAULT_STACK_SIZE: usize = 64 * 1024;

/// The smallest stack: a panic must fit, or a bug would look like an overflow.
pub const MIN_STACK_SIZE: usize = 16 * 1024;

/// The largest stack: beyond this a size is a slip of the keyboard.
pub const MAX_STACK_SIZE: usize = 1 << 30;

/// How many stacks share a mapping, unless they are so large that the mapping would be over
/// [`SLAB_BYTES`].
const SLAB: usize = 512;

/// At most so many stacks are carved ahead of their use, and no more than a quarter of those there
/// are: each has a page of memory from then on.
const CARVE: usize = 64;

/// A mapping is no larger than this, if more than one stack is in it.
const SLAB_BYTES: usize = 256 << 20;

/// All stacks of a hub.
#[derive(Default)]
pub(crate) struct Stacks {
    classes: RefCell<BTreeMap<usize, Rc<Class>>>,
    /// The class that was asked for last: nearly always the default one.
    last: RefCell<Option<Rc<Class>>>,
}

impl Stacks {
    /// A stack of at least so many bytes, within the limits.
    pub(crate) fn take(&self, size: usize) -> io::Result<Stack> {
        let size = size
            .clamp(MIN_STACK_SIZE, MAX_STACK_SIZE)
            .next_multiple_of(page_size());
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

    /// How deep any of these stacks has been, in bytes, to the next whole page.
    pub(crate) fn high_water(&self) -> usize {
        let classes = self.classes.borrow();
        classes
            .values()
            .map(|class| class.high_water())
            .max()
            .unwrap_or(0)
    }

    /// How many stacks are in use, and how many have been carved.
    #[cfg(test)]
    fn counts(&self) -> (usize, usize) {
        let classes = self.classes.borrow();
        classes.values().fold((0, 0), |(used, carved), class| {
            let inner = class.inner.borrow();
            let slabs = inner.slabs.iter();
            slabs.fold((used, carved), |(used, carved), slab| {
                (used + slab.used, carved + slab.carved)
            })
        })
    }
}

/// The stacks of one size.
struct Class {
    size: usize,
    per_slab: usize,
    inner: RefCell<Inner>,
}

#[derive(Default)]
struct Inner {
    slabs: Vec<Slab>,
    /// Slabs with room.
    open: Vec<u32>,
    /// An empty slab that keeps its memory, for the next burst.
    warm: Option<u32>,
}

struct Slab {
    /// The lowest address.
    start: usize,
    bytes: usize,
    /// Those that can be used.
    free: Vec<u32>,
    /// How many have a guard page.
    carved: usize,
    used: usize,
    registrations: Vec<ValgrindStackRegistration>,
    /// How deep its stacks were when its memory was given back.
    high_water: usize,
}

impl Class {
    fn new(size: usize) -> Class {
        let stride = size + page_size();
        Class {
            size,
            per_slab: (SLAB_BYTES / stride).clamp(1, SLAB),
            inner: RefCell::default(),
        }
    }

    fn stride(&self) -> usize {
        self.size + page_size()
    }

    fn take(self: &Rc<Self>) -> io::Result<Stack> {
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

    fn give_back(&self, stack: &Stack) {
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

    fn high_water(&self) -> usize {
        let inner = self.inner.borrow();
        let marks = inner.slabs.iter();
        marks
            .map(|slab| slab.high_water(self.size, self.stride()))
            .max()
            .unwrap_or(0)
    }
}

impl Slab {
    fn map(bytes: usize) -> io::Result<Slab> {
        // SAFETY: a new mapping, at an address that the system chooses, touches nothing else.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | guard::MAP_STACK,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(no_stack(io::Error::last_os_error()));
        }
        // Else the first touch of a stack may cost two megabytes. A kernel without huge pages
        // refuses, and needs no telling.
        #[cfg(target_os = "linux")]
        // SAFETY: the range is the mapping just made; advice does not change its contents.
        let _ = unsafe { libc::madvise(start, bytes, libc::MADV_NOHUGEPAGE) };
        Ok(Slab {
            start: start as usize,
            bytes,
            free: Vec::new(),
            carved: 0,
            used: 0,
            registrations: Vec::new(),
            high_water: 0,
        })
    }

    /// Makes the next stacks usable: the lowest page of each becomes its guard, and the highest,
    /// which is needed at once, is touched. Together that costs much less than one by one.
    fn carve(&mut self, stride: usize, count: usize) -> io::Result<()> {
        let page = page_size();
        let bottoms: Vec<_> = (self.carved..self.carved + count)
            .map(|place| self.start + place * stride)
            .collect();
        // SAFETY: the pages are in this slab, and belong to stacks that nobody uses yet.
        let mut done = unsafe { guard::advise_many(&bottoms, Advice::Guard) };
        if done == 0 {
            // SAFETY: as above.
            unsafe { guard::install(bottoms[0]) }.map_err(no_stack)?;
            done = 1;
        }
        let tops: Vec<_> = bottoms[..done]
            .iter()
            .map(|at| at + stride - page)
            .collect();
        if done > 1 {
            // If it fails, they are touched when they are used.
            // SAFETY: as above.
            unsafe { guard::advise_many(&tops, Advice::Populate) };
        }
        // The lowest is used first.
        for &bottom in bottoms[..done].iter().rev() {
            self.free.push(((bottom - self.start) / stride) as u32);
        }
        for &bottom in &bottoms[..done] {
            let registration = ValgrindStackRegistration::new(bottom as *mut u8, stride);
            self.registrations.push(registration);
        }
        self.carved += done;
        Ok(())
    }

    /// Gives the memory back to the system; guard pages stay.
    fn cool(&mut self, size: usize, stride: usize) {
        self.high_water = self.high_water(size, stride);
        let bytes = self.carved * stride;
        // SAFETY: no stack of this slab is in use, so nobody misses what was in it.
        unsafe { libc::madvise(self.start as *mut libc::c_void, bytes, libc::MADV_DONTNEED) };
    }

    /// The most pages that any stack here has touched, in bytes: those that are resident.
    fn high_water(&self, size: usize, stride: usize) -> usize {
        let page = page_size();
        let bytes = self.carved * stride;
        // All of them in one system call: a hundred thousand would be felt.
        let mut resident = vec![0_u8; bytes / page];
        // SAFETY: the range is mapped, and `resident` has a byte for each of its pages.
        let told = unsafe {
            libc::mincore(
                self.start as *mut libc::c_void,
                bytes,
                resident.as_mut_ptr().cast(),
            )
        };
        if told != 0 {
            return self.high_water;
        }
        let deepest = resident.chunks(stride / page).filter_map(|pages| {
            // The lowest is the guard page.
            let lowest = pages[1..].iter().position(|&byte| byte & 1 != 0)?;
            Some(size - lowest * page)
        });
        deepest.fold(self.high_water, usize::max)
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        debug_assert_eq!(self.used, 0, "each stack in use holds its class");
        self.registrations.clear();
        // SAFETY: it is mapped, and no stack of it is in use: each would hold the class.
        unsafe { libc::munmap(self.start as *mut libc::c_void, self.bytes) };
    }
}

/// The system's refusal, with what to do about it.
fn no_stack(error: io::Error) -> io::Error {
    let hint = match guard::splits_mappings() {
        true => {
            "; guard pages split mappings on this kernel, so the limit is half of vm.max_map_count"
        }
        false => "",
    };
    io::Error::new(
        error.kind(),
        format!("no memory for a green thread's stack: {error}{hint}"),
    )
}

/// A stack in use; given back when it is dropped.
pub(crate) struct Stack {
    /// The lowest address: the guard page's.
    bottom: usize,
    slab: u32,
    class: Rc<Class>,
}

impl Stack {
    /// Where it is: from its guard page to its upper end.
    pub(crate) fn range(&self) -> std::ops::Range<usize> {
        self.bottom..self.bottom + self.class.stride()
    }
}

// SAFETY: the range is mapped readable and writable, but for its lowest page, which is a guard
// page, and holds at least MIN_STACK_SIZE bytes; page boundaries are aligned enough.
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

/// The size of the stacks of green threads that this thread spawns without asking for one.
pub fn usual_stack_size() -> usize {
    USUAL.get()
}

/// Sets [`usual_stack_size`]; clamped to [`MIN_STACK_SIZE`] and [`MAX_STACK_SIZE`].
pub fn set_usual_stack_size(bytes: usize) {
    USUAL.set(bytes.clamp(MIN_STACK_SIZE, MAX_STACK_SIZE));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(stack: &Stack, depth: usize) {
        let address = stack.range().end - depth;
        // SAFETY: the address is within a stack that this test owns, above its guard page.
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
    fn the_high_water_mark_outlives_the_stack_and_its_memory() {
        let stacks = Stacks::default();
        assert_eq!(stacks.high_water(), 0);
        let stack = stacks.take(DEFAULT_STACK_SIZE).unwrap();
        touch(&stack, 1);
        assert_eq!(stacks.high_water(), page_size());
        touch(&stack, 3 * page_size() + 1);
        drop(stack);
        assert_eq!(stacks.high_water(), 4 * page_size());
        // Two slabs, so that one is cooled when all are empty.
        let all: Vec<_> = (0..SLAB + 1)
            .map(|_| stacks.take(DEFAULT_STACK_SIZE).unwrap())
            .collect();
        drop(all);
        assert_eq!(stacks.high_water(), 4 * page_size());
    }
}
