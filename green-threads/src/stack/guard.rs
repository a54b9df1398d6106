//! Guard pages: touching one causes a SIGSEGV.
//!
//! A stack grows downwards, so its lowest page is the guard page: call `install` with the address of
//! that page, or `advise_many` for many stacks at once.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const MAP_STACK: libc::c_int = libc::MAP_STACK;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const MAP_STACK: libc::c_int = 0;

/// Set when the kernel has refused to install a guard page in place.
static SPLITS: AtomicBool = AtomicBool::new(cfg!(not(target_os = "linux")));

/// Whether a guard page splits its mapping, as it does when `mprotect` makes it.
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
/// The page must be mapped, private and anonymous, and its contents must not be needed any more.
pub(super) unsafe fn install(address: usize) -> io::Result<()> {
    let (page, length) = (address as *mut libc::c_void, page_size());
    #[cfg(target_os = "linux")]
    if !splits_mappings() {
        // SAFETY: the caller promises it.
        if unsafe { libc::madvise(page, length, Advice::Guard as libc::c_int) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::EINVAL) {
            return Err(error);
        }
        SPLITS.store(true, Ordering::Relaxed);
    }
    // SAFETY: the caller promises it.
    match unsafe { libc::mprotect(page, length, libc::PROT_NONE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes pages guard pages, or touches them, many in one system call (since Linux 6.14). Returns
/// how many were done, from the first on. The caller must do the others one by one.
///
/// # Safety
///
/// As for [`install`], for all of them.
#[cfg(target_os = "linux")]
pub(super) unsafe fn advise_many(addresses: &[usize], advice: Advice) -> usize {
    /// This process, without a descriptor that a fork would share with it.
    const PIDFD_SELF: libc::c_int = -10000;
    if splits_mappings() {
        return 0;
    }
    let pages: Vec<_> = addresses
        .iter()
        .map(|&address| libc::iovec {
            iov_base: address as *mut libc::c_void,
            iov_len: page_size(),
        })
        .collect();
    // SAFETY: the caller promises it, and the kernel reads exactly these entries.
    let bytes = unsafe {
        libc::syscall(
            libc::SYS_process_madvise,
            PIDFD_SELF,
            pages.as_ptr(),
            pages.len(),
            advice as libc::c_int,
            0,
        )
    };
    usize::try_from(bytes).map_or(0, |bytes| bytes / page_size())
}

/// Other systems: the caller does it one by one.
///
/// # Safety
///
/// None is needed.
#[cfg(not(target_os = "linux"))]
pub(super) unsafe fn advise_many(_: &[usize], _: Advice) -> usize {
    0
}

/// What to do with pages.
#[derive(Clone, Copy)]
#[repr(i32)]
pub(super) enum Advice {
    /// Make it a guard page: MADV_GUARD_INSTALL.
    Guard = 102,
    /// Touch it: MADV_POPULATE_WRITE.
    Populate = 23,
}
