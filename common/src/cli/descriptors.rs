//! As many descriptors as this user may have.

use crate::sys;

/// Raises the limit of open descriptors as far as this user may; how many are allowed then, where
/// there is a limit and the system tells.
///
/// For servers: a connection takes a descriptor, and the limit that a shell hands on is often 1024.
pub fn allow_descriptors() -> Option<u64> {
    match sys::allow_descriptors() {
        Ok(allowed) => allowed,
        Err(error) => {
            tracing::debug!(%error, "the limit of descriptors can't be told");
            None
        }
    }
}
