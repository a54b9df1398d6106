//! Waits for a child and gets its resource usage, which the standard library can't.
#![cfg_attr(unix, expect(unsafe_code, reason = "std has no wait4"))]

use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;

/// The resources that a finished child used, as the kernel counts them.
pub(super) struct Used {
    pub(super) cpu: Option<Duration>,
    pub(super) peak_memory: Option<u64>,
}

#[cfg(unix)]
pub(super) fn wait(child: Child) -> io::Result<(ExitStatus, Used)> {
    use std::mem::MaybeUninit;
    use std::os::unix::process::ExitStatusExt;

    let pid = libc::pid_t::try_from(child.id()).map_err(io::Error::other)?;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are valid for writing what they point to, for the length of the call.
    // Nobody else waits for this child: `child` is ours and is never asked.
    while unsafe { libc::wait4(pid, &raw mut status, 0, usage.as_mut_ptr()) } == -1 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: plain integers, for which all zeroes are valid, and `wait4` has filled them in.
    let usage = unsafe { usage.assume_init() };
    let peak = u64::try_from(usage.ru_maxrss).unwrap_or(0);
    let used = Used {
        cpu: Some(duration(usage.ru_utime) + duration(usage.ru_stime)),
        peak_memory: Some(peak * MAXRSS_UNIT),
    };
    Ok((ExitStatus::from_raw(status), used))
}

/// Bytes on Apple's systems, KiB elsewhere.
#[cfg(unix)]
const MAXRSS_UNIT: u64 = if cfg!(target_vendor = "apple") {
    1
} else {
    1024
};

#[cfg(unix)]
fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(not(unix))]
pub(super) fn wait(mut child: Child) -> io::Result<(ExitStatus, Used)> {
    let used = Used {
        cpu: None,
        peak_memory: None,
    };
    Ok((child.wait()?, used))
}
