//! Guard pages: a touch of one is a SIGSEGV.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The kernel's number; libc does not have it on all targets.
#[cfg(target_os = "linux")]
const MADV_GUARD_INSTALL: libc::c_int = 102;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const MAP_STACK: libc::c_int = libc::MAP_STACK;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const MAP_STACK: libc::c_int = 0;

/// Set when the kernel has refused to install a guard page in place.
static SPLITS: AtomicBool = AtomicBool::new(cfg!(not(target_os = "linux")));

/// Whether a guard page splits its mapping, as it does where `mprotect` has to make it.
pub(super) fn splits_mappings() -> bool {
    SPLITS.load(Ordering::Relaxed)
}

/// The system's page size.
pub(crate) fn page_size() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| {
        // SAFETY: sysconf has no preconditions.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(4096)
    })
}

/// Makes the page at `address` a guard page.
///
/// # Safety
///
/// The page must be mapped, private and anonymous, and nobody may need what is in it.
pub(super) unsafe fn install(address: usize) -> io::Result<()> {
    let (page, length) = (address as *mut libc::c_void, page_size());
    #[cfg(target_os = "linux")]
    if !splits_mappings() {
        // SAFETY: as the caller promises.
        if unsafe { libc::madvise(page, length, MADV_GUARD_INSTALL) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
        SPLITS.store(true, Ordering::Relaxed);
    }
    // SAFETY: as the caller promises.
    match unsafe { libc::mprotect(page, length, libc::PROT_NONE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
