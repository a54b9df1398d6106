//! The limit of open file descriptors.

use crate::sys;

/// Raises the limit of open file descriptors as far as this user may. Returns the new limit, or
/// `None` if there is no limit or the system does not report it.
///
/// For servers: each connection needs a descriptor, and the limit of a shell is often 1024.
pub fn allow_descriptors() -> Option<u64> {
    match sys::allow_descriptors() {
        Ok(allowed) => allowed,
        Err(error) => {
            tracing::debug!(%error, "the limit of descriptors is unknown");
            None
        }
    }
}
