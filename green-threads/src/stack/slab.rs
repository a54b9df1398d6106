//! A mapping that holds many stacks.

#![allow(unsafe_code, reason = "system calls map, guard and free the memory")]

use std::io;
use std::ptr;

use corosensei::stack::valgrind::ValgrindStackRegistration;

use super::guard::{self, Advice, page_size};

/// A mapping, divided into places for one stack each. The lowest page of a place is its guard page.
pub(super) struct Slab {
    /// The lowest address.
    pub(super) start: usize,
    bytes: usize,
    /// The places that are free.
    pub(super) free: Vec<u32>,
    /// How many places have a guard page.
    pub(super) carved: usize,
    pub(super) used: usize,
    registrations: Vec<ValgrindStackRegistration>,
    /// The greatest depth of its stacks before its memory was freed last.
    high_water: usize,
}

impl Slab {
    pub(super) fn map(bytes: usize) -> io::Result<Slab> {
        // SAFETY: this makes a new mapping, at an address that the system chooses, and changes no
        // other.
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
        // Otherwise the first touch of a stack may take two megabytes. A kernel without huge pages
        // returns an error, which does not matter.
        #[cfg(target_os = "linux")]
        // SAFETY: the range is the new mapping, and this advice does not change its contents.
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

    /// Makes the next stacks usable: the lowest page of each becomes its guard page. The highest
    /// page, which is needed at once, is touched. In groups, this costs much less than one by one.
    pub(super) fn carve(&mut self, stride: usize, count: usize) -> io::Result<()> {
        let page = page_size();
        let bottoms: Vec<_> = (self.carved..self.carved + count)
            .map(|place| self.start + place * stride)
            .collect();
        // SAFETY: the pages are in this slab, and belong to stacks that are not in use yet.
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

    /// Gives the memory back to the system. Guard pages stay.
    pub(super) fn cool(&mut self, size: usize, stride: usize) {
        self.high_water = self.high_water(size, stride);
        let bytes = self.carved * stride;
        // SAFETY: no stack of this slab is in use, so its contents are not needed.
        unsafe { libc::madvise(self.start as *mut libc::c_void, bytes, libc::MADV_DONTNEED) };
    }

    /// The most memory that any stack here has touched, in bytes: its resident pages.
    pub(super) fn high_water(&self, size: usize, stride: usize) -> usize {
        let page = page_size();
        let bytes = self.carved * stride;
        // All of them in one system call, because a hundred thousand calls would take long.
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
            // The lowest page is the guard page.
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
        // SAFETY: it is mapped, and none of its stacks is in use: each would hold the class.
        unsafe { libc::munmap(self.start as *mut libc::c_void, self.bytes) };
    }
}

/// The system's error, with a hint what to do about it.
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
