//! A large read-only input that many jobs share: mapped into each worker, without a copy.
#![allow(
    unsafe_code,
    reason = "a map is only as constant as its file; this one's is sealed"
)]

use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Deref;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use memmap2::Mmap;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that jobs in worker processes read without a copy of their own.
///
/// They are written once, into memory of the kernel that can't be changed afterwards. A job with
/// them contains only their location; the worker maps them. So a job with a gigabyte costs as much
/// to send as one with a byte.
///
/// The process that created them must keep them, or a clone (which is cheap), until the jobs that
/// read them are done; a later job fails. They can be read only on the same machine, by the same
/// user. Linux only.
///
/// # Examples
/// ```
/// use executors::{Error, Executor, Job, ProcessPool, SharedBytes, job};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Count { text: SharedBytes, letter: u8 }
///
/// impl Job for Count {
///     type Output = usize;
///     fn run(self) -> usize {
///         self.text.iter().filter(|&&byte| byte == self.letter).count()
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// executors::hook(&[job::<Count>()]);
/// let pool = ProcessPool::new(2)?;
/// let text = SharedBytes::new(b"many hands make light work")?;
/// let counts = b"ahm".map(|letter| Count { text: text.clone(), letter });
/// assert_eq!(pool.map(counts).collect::<Result<Vec<_>, Error>>()?, [3, 2, 2]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct SharedBytes {
    inner: Arc<Inner>,
}

struct Inner {
    /// The file, in the process that created it. Other processes use its pid and descriptor.
    file: Option<File>,
    place: Place,
    /// `None` for no bytes, because an empty file can't be mapped.
    map: Option<Mmap>,
}

/// The location of the bytes.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Place {
    pid: u32,
    descriptor: i32,
    /// The kernel's number for this memory. It is unique as long as the memory exists.
    inode: u64,
    len: u64,
}

impl SharedBytes {
    /// Copies the bytes into shareable memory.
    ///
    /// # Errors
    /// If there is not enough memory, or the system does not have this kind of memory.
    pub fn new(bytes: &[u8]) -> io::Result<Self> {
        Self::write(|file| file.write_all(bytes))
    }

    /// The same for data that is written piece by piece.
    ///
    /// # Errors
    /// As [`new`](SharedBytes::new), and the errors of `write`.
    pub fn write(write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let mut file = File::from(memfd_create("shared-bytes", flags)?);
        write(&mut file)?;
        fcntl_add_seals(&file, sealed())?;
        let place = Place {
            pid: std::process::id(),
            descriptor: file.as_raw_fd(),
            inode: inode(&file)?,
            len: file.metadata()?.len(),
        };
        let map = map(&file, place.len)?;
        let inner = Inner {
            file: Some(file),
            place,
            map,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Opens the bytes of another process.
    fn open(place: Place) -> io::Result<Self> {
        let path = format!("/proc/{}/fd/{}", place.pid, place.descriptor);
        let gone = || {
            let what = "the shared bytes are gone: the process that made them must keep them, or a \
                        clone, until the jobs that read them are done";
            io::Error::new(io::ErrorKind::NotFound, what)
        };
        let file = File::open(path).map_err(|_| gone())?;
        // The descriptor may refer to another file by now.
        if inode(&file)? != place.inode
            || file.metadata()?.len() != place.len
            || !fcntl_get_seals(&file)?.contains(sealed())
        {
            return Err(gone());
        }
        let map = map(&file, place.len)?;
        let inner = Inner {
            file: None,
            place,
            map,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }
}

/// The seals that forbid every change.
fn sealed() -> SealFlags {
    SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE
}

fn inode(file: &File) -> io::Result<u64> {
    Ok(rustix::fs::fstat(file)?.st_ino)
}

fn map(file: &File, len: u64) -> io::Result<Option<Mmap>> {
    if len == 0 {
        return Ok(None);
    }
    // SAFETY: the mapping must not change or become shorter while it is read. The file is memory
    // that is sealed against writing and against a change of its length, for all processes. Both
    // callers have sealed it or checked the seals.
    unsafe { Mmap::map(file) }.map(Some)
}

impl Deref for SharedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.inner.map.as_deref().unwrap_or(&[])
    }
}

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl Serialize for SharedBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.inner.place.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SharedBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::open(Place::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl fmt::Debug for SharedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBytes")
            .field("len", &self.len())
            .field("own", &self.inner.file.is_some())
            .finish()
    }
}
