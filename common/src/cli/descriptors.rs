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
            tracing::debug!(%error, "the limit of descriptors stays as it is");
            None
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let allowed = allow_descriptors().map_or("unlimited".to_owned(), |count| count.to_string());
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let line = limits
            .lines()
            .find_map(|line| line.strip_prefix("Max open files"))
            .unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[..2], [&*allowed, &*allowed]);
    }
}
