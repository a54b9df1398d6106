//! A child process: its end and its exit status.
#![allow(
    unsafe_code,
    reason = "std waits for a child only where it may not be killed meanwhile"
)]

use std::os::windows::io::{AsHandle, AsRawHandle, OwnedHandle, RawHandle};
use std::process::Child;
use std::time::Duration;

use crate::sync::{Mutex, lock};
use crate::worker_id::Exit;

const INFINITE: u32 = u32::MAX;

/// The exit status of a process that the pool ended.
const ENDED: u32 = 1;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn WaitForSingleObject(handle: RawHandle, milliseconds: u32) -> u32;
    fn TerminateProcess(process: RawHandle, status: u32) -> i32;
}

/// A worker process that this process has started.
pub(in crate::process_pool) struct Life {
    pid: u32,
    /// A separate handle, so that one thread can end the process while another waits for it. `None`
    /// if the system refused it; then only its pipes end it.
    handle: Option<OwnedHandle>,
    /// The child until it was waited for. Its handle keeps its pid reserved.
    child: Mutex<Option<Child>>,
}

impl Life {
    pub(in crate::process_pool) fn new(child: Child, _token: Option<String>) -> Self {
        Self {
            pid: child.id(),
            handle: child.as_handle().try_clone_to_owned().ok(),
            child: Mutex::new(Some(child)),
        }
    }

    pub(in crate::process_pool) fn pid(&self) -> u32 {
        self.pid
    }

    pub(in crate::process_pool) fn kill(&self) {
        if let Some(handle) = &self.handle {
            // SAFETY: the handle is open as long as `self` exists. The call fails only if the
            // process has ended.
            unsafe { TerminateProcess(handle.as_raw_handle(), ENDED) };
        }
    }

    /// Does nothing: signals do not stop processes here.
    pub(in crate::process_pool) fn resume(&self) {}

    /// Waits until it has ended.
    pub(in crate::process_pool) fn wait(&self) {
        if let Some(handle) = &self.handle {
            // SAFETY: the handle is open as long as `self` exists.
            unsafe { WaitForSingleObject(handle.as_raw_handle(), INFINITE) };
        }
    }

    /// Its exit status. The CPU time is not read here.
    pub(in crate::process_pool) fn reap(&self) -> (Exit, Duration) {
        self.wait();
        let child = lock(&self.child).take();
        let status = child.and_then(|mut child| child.wait().ok());
        (status.map_or(Exit::Unknown, Exit::from), Duration::ZERO)
    }

    pub(in crate::process_pool) fn cpu_time(&self) -> Option<Duration> {
        None
    }
}
