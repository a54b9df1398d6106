//! A worker prepares its own process: pipes, Ctrl-C, and its end.
#![allow(unsafe_code, reason = "std does not wrap these calls of kernel32")]

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, RawHandle};
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::process_pool::worker::BUSY;

/// How often a busy worker checks whether its pool exists, and so how long it outlives it.
const LOOK: Duration = Duration::from_millis(100);

/// How long an idle worker has to end by itself when its pool is gone.
const FAREWELL: Duration = Duration::from_millis(300);

const STD_INPUT_HANDLE: u32 = -10i32 as u32;
const STD_OUTPUT_HANDLE: u32 = -11i32 as u32;

#[link(name = "kernel32")]
unsafe extern "system" {
    fn SetStdHandle(which: u32, handle: RawHandle) -> i32;
    fn SetConsoleCtrlHandler(handler: *const core::ffi::c_void, add: i32) -> i32;
    fn PeekNamedPipe(
        pipe: RawHandle,
        buffer: *mut core::ffi::c_void,
        size: u32,
        read: *mut u32,
        available: *mut u32,
        left: *mut u32,
    ) -> i32;
    fn GetCurrentProcess() -> RawHandle;
    fn TerminateProcess(process: RawHandle, status: u32) -> i32;
}

/// Takes the pipes that were passed as standard input and output. Standard input is then empty, and
/// standard output goes to standard error, so a job may print anything.
pub(in crate::process_pool) fn take_pipes() -> io::Result<(File, File)> {
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    let empty = File::open("NUL")?;
    // SAFETY: std reads these handles at each use, so replacing them redirects the streams. Both
    // stay open as long as the process runs: one is standard error's, the other is leaked on
    // purpose.
    unsafe {
        SetStdHandle(STD_INPUT_HANDLE, empty.as_raw_handle());
        SetStdHandle(STD_OUTPUT_HANDLE, io::stderr().as_raw_handle());
    }
    std::mem::forget(empty);
    Ok((input.into(), output.into()))
}

/// Does nothing: reads sleep at once here.
pub(in crate::process_pool) fn linger(_input: &File) {}

/// Makes this process ignore Ctrl-C: the parent decides what happens to the jobs.
pub(in crate::process_pool) fn survive_signals() {
    // SAFETY: without a handler, the call only sets whether Ctrl-C is ignored.
    unsafe { SetConsoleCtrlHandler(ptr::null(), 1) };
}

/// Ends this process when the other end of `input` is closed, even in the middle of a job.
/// Processes that its jobs have started are not known here.
pub(in crate::process_pool) fn end_with_pool(
    input: &File,
    _ends_descendants: bool,
) -> io::Result<()> {
    let input = input.try_clone()?;
    let watch = move || {
        loop {
            // SAFETY: the handle is open as long as `input` exists, and no output pointer is
            // passed. While a read waits on the same pipe, this call waits too.
            let there = unsafe {
                PeekNamedPipe(
                    input.as_raw_handle(),
                    ptr::null_mut(),
                    0,
                    ptr::null_mut(),
                    ptr::null_mut(),
                    ptr::null_mut(),
                )
            };
            if there == 0 {
                break;
            }
            std::thread::sleep(LOOK);
        }
        // An idle worker sees the end of its input and ends normally; it gets a moment for that.
        if !BUSY.load(Ordering::Relaxed) {
            std::thread::sleep(FAREWELL);
        }
        exit_at_once(0)
    };
    std::thread::Builder::new()
        .name("watch-pool".to_owned())
        .spawn(watch)
        .map(drop)
}

/// Ends this process without exit handlers, which would be unsafe while a job runs.
pub(in crate::process_pool) fn exit_at_once(status: i32) -> ! {
    // SAFETY: the handle represents this process and must not be closed.
    unsafe { TerminateProcess(GetCurrentProcess(), status.cast_unsigned()) };
    // The call does not return.
    std::process::abort()
}

/// There is no niceness here; the pool passes 0.
pub(in crate::process_pool) fn be_nice(niceness: i32) -> io::Result<()> {
    match niceness {
        0 => Ok(()),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Not available here; the pool has refused such a limit before.
pub(in crate::process_pool) fn limit_memory(_bytes: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
