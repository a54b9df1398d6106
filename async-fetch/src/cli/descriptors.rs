//! The limit of open files: each connection is one.

use anyhow::bail;
use common::cli::{Usage, allow_descriptors};

/// Descriptors for standard streams, the event loop, name look-ups, and idle connections.
const BESIDES: u64 = 64;

/// Raises the limit as far as the system allows.
///
/// # Errors
/// If the limit is too low for this many requests at once. Each may need a connection and a file.
pub(super) fn raise(jobs: usize, files: bool) -> anyhow::Result<()> {
    let each = if files { 2 } else { 1 };
    let needed = (jobs as u64).saturating_mul(each).saturating_add(BESIDES);
    if let Some(allowed) = allow_descriptors()
        && allowed < needed
    {
        let most = allowed.saturating_sub(BESIDES) / each;
        let or = match most {
            0 => String::new(),
            most => format!(", or take --jobs {most} at most"),
        };
        bail!(Usage(format!(
            "--jobs {jobs}: needs {needed} open files, and the system allows {allowed}: raise the \
             hard limit (ulimit -Hn){or}"
        )));
    }
    Ok(())
}
