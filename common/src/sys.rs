//! Calls to the operating system's C interface that std does not have.
#![cfg_attr(
    unix,
    expect(
        unsafe_code,
        reason = "std has no getrusage, setrlimit, sigaction, clock_gettime, geteuid or thread ids"
    )
)]

use crate::timing::CpuTime;

#[cfg(unix)]
mod unix {
    use super::CpuTime;
    #[cfg(feature = "cli")]
    use std::io;
    use std::mem::MaybeUninit;
    use std::time::Duration;

    fn usage(who: libc::c_int) -> Option<libc::rusage> {
        let mut usage = MaybeUninit::<libc::rusage>::uninit();
        // SAFETY: the pointer is valid for writing one `rusage`, which is all `getrusage` does with it.
        let status = unsafe { libc::getrusage(who, usage.as_mut_ptr()) };
        // SAFETY: `getrusage` returned 0, so it filled the struct in.
        (status == 0).then(|| unsafe { usage.assume_init() })
    }

    fn duration(time: libc::timeval) -> Duration {
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let micros = u64::try_from(time.tv_usec).unwrap_or(0);
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    }

    pub(crate) fn cpu_time() -> CpuTime {
        [libc::RUSAGE_SELF, libc::RUSAGE_CHILDREN]
            .into_iter()
            .filter_map(usage)
            .map(|usage| CpuTime {
                user: duration(usage.ru_utime),
                system: duration(usage.ru_stime),
            })
            .fold(CpuTime::default(), |sum, part| sum + part)
    }

    #[cfg(target_os = "macos")]
    pub(crate) fn peak_memory() -> Option<u64> {
        usage(libc::RUSAGE_SELF).and_then(|usage| u64::try_from(usage.ru_maxrss).ok())
    }

    pub(crate) fn monotonic_nanos() -> u64 {
        let mut time = MaybeUninit::<libc::timespec>::zeroed();
        // SAFETY: the pointer is valid for writing one `timespec`. CLOCK_MONOTONIC exists on every
        // system this compiles for; were it to fail, the zeroed struct is a valid `timespec`.
        let time = unsafe {
            libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr());
            time.assume_init()
        };
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(nanos)
    }

    #[cfg(feature = "cli")]
    pub(crate) fn allow_descriptors() -> io::Result<Option<u64>> {
        let mut limits = MaybeUninit::<libc::rlimit>::uninit();
        // SAFETY: the pointer is valid for writing one `rlimit`, which is all `getrlimit` does with it.
        if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, limits.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `getrlimit` returned 0, so it filled the struct in.
        let mut limits = unsafe { limits.assume_init() };
        let before = limits.rlim_cur;
        limits.rlim_cur = limits.rlim_max;
        // SAFETY: `setrlimit` only reads the struct.
        let allowed = match unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limits) } {
            0 => limits.rlim_cur,
            // Some systems have a lower limit than they report. Then the old limit stays.
            _ => before,
        };
        #[allow(
            clippy::useless_conversion,
            reason = "limits have 32 bits on 32-bit systems"
        )]
        let allowed_64 = u64::from(allowed);
        Ok((allowed != libc::RLIM_INFINITY).then_some(allowed_64))
    }

    /// Whether this process ignores a signal.
    #[cfg(feature = "cli")]
    pub(crate) fn is_ignored(signal: libc::c_int) -> io::Result<bool> {
        let mut action = MaybeUninit::<libc::sigaction>::uninit();
        // SAFETY: without a new action `sigaction` only writes the present one, for which the
        // pointer is valid.
        if unsafe { libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `sigaction` returned 0, so it filled the struct in.
        let action = unsafe { action.assume_init() };
        Ok(action.sa_sigaction == libc::SIG_IGN)
    }

    /// Restores the default action for the signals that stop programs.
    #[cfg(feature = "cli")]
    pub(crate) fn stop_ignoring() -> io::Result<()> {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            // SAFETY: the default action is not code of this program, so nothing of ours is called.
            if unsafe { libc::signal(signal, libc::SIG_DFL) } == libc::SIG_ERR {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(())
    }

    pub(crate) fn user_id() -> u32 {
        // SAFETY: `geteuid` takes nothing, touches no memory of ours and cannot fail.
        unsafe { libc::geteuid() }
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn thread_id() -> u64 {
        // SAFETY: `gettid` takes nothing, touches no memory of ours and cannot fail.
        let id = unsafe { libc::gettid() };
        u64::try_from(id).unwrap_or(0)
    }

    #[cfg(target_os = "macos")]
    pub(crate) fn thread_id() -> u64 {
        let mut id = 0;
        // SAFETY: thread 0 means the calling thread, and `id` is valid for writing one u64.
        unsafe { libc::pthread_threadid_np(0, &raw mut id) };
        id
    }
}

#[cfg(unix)]
pub(crate) use unix::*;

/// There is no `getrusage` here. Zero is shown as "-".
#[cfg(not(unix))]
pub(crate) fn cpu_time() -> CpuTime {
    CpuTime::default()
}

#[cfg(all(not(unix), feature = "cli"))]
pub(crate) fn allow_descriptors() -> std::io::Result<Option<u64>> {
    Ok(None)
}

#[cfg(not(unix))]
pub(crate) fn monotonic_nanos() -> u64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Counts threads in the order of their first call, because the system's own number is not
/// available.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "macos")))]
pub(crate) fn thread_id() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local!(static ID: u64 = NEXT.fetch_add(1, Ordering::Relaxed));
    ID.with(|id| *id)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(crate) fn peak_memory() -> Option<u64> {
    None
}

/// The peak of this program's own resident memory. `ru_maxrss` can't be used: it survives `exec`,
/// so a small worker of a large parent would report the parent's peak.
#[cfg(target_os = "linux")]
pub(crate) fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}
