//! The limit of open files: each connection is one.

use anyhow::bail;
use common::cli::Usage;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For standard streams, the event loop, name look-ups, connections that idle.
const BESIDES: u64 = 64;

/// Raises the limit as far as the system allows.
///
/// # Errors
/// If that is too little for so many requests at once, which may each have a connection and a file.
pub(super) fn raise(jobs: usize, files: bool) -> anyhow::Result<()> {
    let before = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    // Some systems have a limit that they do not tell: what was allowed before still is.
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => before.maximum,
        Err(_) => before.current,
    };
    let each = if files { 2 } else { 1 };
    let needed = (jobs as u64).saturating_mul(each).saturating_add(BESIDES);
    if let Some(allowed) = allowed
        && allowed < needed
    {
        let most = allowed.saturating_sub(BESIDES) / each;
        bail!(Usage(format!(
            "--jobs {jobs}: needs {needed} open files, and the system allows {allowed}: raise the \
             hard limit (ulimit -Hn), or take --jobs {most} at most"
        )));
    }
    Ok(())
}
