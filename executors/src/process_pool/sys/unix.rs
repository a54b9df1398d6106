//! Unix: pipes, signals, limits and the end of processes.

mod channel;
mod child;
mod descendants;
mod program;
mod surroundings;

pub(in crate::process_pool) use channel::{Channel, Leftover, Outlet};
pub(in crate::process_pool) use child::Life;
pub(in crate::process_pool) use program::{Program, name_after_program};
pub(in crate::process_pool) use surroundings::{
    be_nice, end_with_pool, exit_at_once, limit_memory, linger, survive_signals, take_pipes,
};

pub(in crate::process_pool) const HAS_MEMORY_LIMIT: bool = true;

/// For a frame of at least this size a larger pipe is worthwhile.
pub(in crate::process_pool) const LARGE: usize = 1 << 20;

/// Enlarges a pipe's buffer, if the system allows it: fewer switches for a large frame.
pub(in crate::process_pool) fn widen(pipe: &impl std::os::fd::AsFd) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, LARGE);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = pipe;
}
