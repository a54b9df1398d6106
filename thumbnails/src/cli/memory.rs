//! Memory that is freed goes back to the system.

/// Blocks from this size on are mapped by themselves.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: libc::c_int = 4 << 20;

/// Has the allocator give large blocks back when they are freed. By itself glibc learns to keep them
/// for each thread, and `--max-memory` would bound what is used, but not what the program has.
pub(crate) fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "the allocator has no other interface")]
    // SAFETY: the call takes two numbers and touches nothing but the allocator's settings.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
    }
}
