//! Returns freed memory to the system.

/// Blocks of at least this size are mapped separately.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 4 << 20;

/// Makes the allocator return large blocks when they are freed. By default glibc keeps them for
/// each thread. Then `--max-memory` would limit the used memory, but not the memory of the process.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the allocator has no other interface")]
    // SAFETY: the call takes two numbers and only changes the allocator's settings.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}
