//! Memory that several processes share: a file without a name, mapped by each of them.
//!
//! The parent calls `create`, and sends the owner's `path` to its workers. Each worker calls `open`,
//! and writes its own numbers. When all have finished, the parent reads.

#![allow(
    unsafe_code,
    reason = "another process writes to the same memory, which no reference allows"
)]

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use memmap2::{MmapOptions, MmapRaw};

/// Numbers in shared memory. At most one process writes each number, and they are read after all
/// writers have finished.
pub(crate) struct Mapping {
    map: MmapRaw,
    len: usize,
}

impl Mapping {
    /// Creates `len` zeros, and the owner that keeps them alive.
    pub(crate) fn create(len: usize) -> io::Result<(Mapping, Owner)> {
        let mut owner = Owner::new()?;
        // Write the zeros instead of only setting the length: if there is no space for them, this
        // is an error. Otherwise the first writer would be killed.
        let bytes = (len * size_of::<u32>()) as u64;
        io::copy(&mut io::repeat(0).take(bytes), owner.file_mut())?;
        Ok((Mapping::map(owner.file_mut(), len)?, owner))
    }

    /// Opens the memory that another process created.
    pub(crate) fn open(path: &Path, len: usize) -> io::Result<Mapping> {
        let file = File::options().read(true).write(true).open(path)?;
        if file.metadata()?.len() != (len * size_of::<u32>()) as u64 {
            return Err(io::Error::other("shared memory of another size"));
        }
        Mapping::map(&file, len)
    }

    fn map(file: &File, len: usize) -> io::Result<Mapping> {
        let map = MmapOptions::new()
            .len(len * size_of::<u32>())
            .map_raw(file)?;
        Ok(Mapping { map, len })
    }

    /// Writes numbers, beginning at index `start`.
    pub(crate) fn write(&self, start: usize, numbers: &[u32]) {
        assert!(
            start <= self.len && numbers.len() <= self.len - start,
            "beyond the end"
        );
        // SAFETY: the assertion keeps the write within the mapping. The mapping is writable, lives
        // as long as `self`, and begins at a page, which is aligned for u32. No reference to it
        // exists here, and no other process touches these numbers meanwhile: each band belongs to
        // one job.
        unsafe {
            let there = self.map.as_mut_ptr().cast::<u32>().add(start);
            there.copy_from_nonoverlapping(numbers.as_ptr(), numbers.len());
        }
    }

    /// Reads all numbers.
    pub(crate) fn read(&self, numbers: &mut [u32]) {
        assert_eq!(numbers.len(), self.len, "all of them");
        // SAFETY: as in `write`. The writing processes have reported all their bands as done.
        unsafe {
            let there = self.map.as_ptr().cast::<u32>();
            there.copy_to_nonoverlapping(numbers.as_mut_ptr(), numbers.len());
        }
    }
}

/// The file of a mapping. On Linux it has no name in any folder, so nothing is left, however its
/// processes end. Elsewhere it is a temporary file; drop removes it.
pub(crate) struct Owner {
    #[cfg(target_os = "linux")]
    file: File,
    #[cfg(not(target_os = "linux"))]
    file: tempfile::NamedTempFile,
}

#[cfg(target_os = "linux")]
impl Owner {
    fn new() -> io::Result<Owner> {
        use rustix::fs::{MemfdFlags, memfd_create};
        let memory = memfd_create("mandelbrot", MemfdFlags::CLOEXEC)?;
        Ok(Owner {
            file: memory.into(),
        })
    }

    /// The path by which other processes of the same user open it, while this lives.
    pub(crate) fn path(&self) -> PathBuf {
        use std::os::fd::AsRawFd;
        let (process, descriptor) = (std::process::id(), self.file.as_raw_fd());
        PathBuf::from(format!("/proc/{process}/fd/{descriptor}"))
    }

    fn file_mut(&mut self) -> &mut File {
        &mut self.file
    }
}

#[cfg(not(target_os = "linux"))]
impl Owner {
    fn new() -> io::Result<Owner> {
        let file = tempfile::NamedTempFile::with_prefix("mandelbrot-")?;
        Ok(Owner { file })
    }

    /// The path by which other processes open it.
    pub(crate) fn path(&self) -> PathBuf {
        self.file.path().to_owned()
    }

    fn file_mut(&mut self) -> &mut File {
        self.file.as_file_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_through_one_mapping_is_read_through_another() {
        let (shared, file) = Mapping::create(3000).unwrap();
        let other = Mapping::open(&file.path(), 3000).unwrap();
        other.write(2998, &[7, 8]);
        let mut numbers = vec![1; 3000];
        shared.read(&mut numbers);
        assert_eq!(numbers[..2998], [0; 2998]);
        assert_eq!(numbers[2998..], [7, 8]);
    }

    #[test]
    #[should_panic(expected = "beyond the end")]
    fn nothing_is_written_beyond_the_end() {
        let (shared, _file) = Mapping::create(10).unwrap();
        shared.write(9, &[1, 2]);
    }

    #[test]
    fn memory_of_another_size_is_refused() {
        let (_, file) = Mapping::create(10).unwrap();
        assert!(Mapping::open(&file.path(), 11).is_err());
    }

    #[test]
    fn the_file_goes_with_its_owner() {
        let (_, file) = Mapping::create(10).unwrap();
        let path = file.path();
        drop(file);
        assert!(!path.exists());
    }
}
