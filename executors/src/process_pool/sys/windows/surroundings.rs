//! A worker's preparation of its own process: pipes, Ctrl-C, and its end.
#![allow(unsafe_code, reason = "std does not wrap these calls of kernel32")]

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, RawHandle};
use std::ptr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::process_pool::worker::BUSY;

/// How often a busy worker looks whether its pool is there: it ends so soon after it.
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

/// Takes the pipes that this process was given as standard input and output. Standard input is
/// then empty, and standard output goes where standard error goes: a job may print what it likes.
pub(in crate::process_pool) fn take_pipes() -> io::Result<(File, File)> {
    let input = io::stdin().as_handle().try_clone_to_owned()?;
    let output = io::stdout().as_handle().try_clone_to_owned()?;
    let empty = File::open("NUL")?;
    // SAFETY: std asks for these handles each time it uses them, so replacing them is how they
    // are redirected. Both stay open as long as the process runs: one is standard error's, the
    // other is leaked on purpose.
    unsafe {
        SetStdHandle(STD_INPUT_HANDLE, empty.as_raw_handle());
        SetStdHandle(STD_OUTPUT_HANDLE, io::stderr().as_raw_handle());
    }
    std::mem::forget(empty);
    Ok((input.into(), output.into()))
}

/// Reads go to sleep at once here.
pub(in crate::process_pool) fn linger(_input: &File) {}

/// Has Ctrl-C do nothing here: what becomes of the jobs is for the parent to decide.
pub(in crate::process_pool) fn survive_signals() {
    // SAFETY: without a handler, the call only sets whether Ctrl-C is ignored.
    unsafe { SetConsoleCtrlHandler(ptr::null(), 1) };
}

/// Ends this process when the other end of `input` is closed, even in the middle of a job. What its
/// jobs have left behind is not known here.
pub(in crate::process_pool) fn end_with_pool(
    input: &File,
    _ends_descendants: bool,
) -> io::Result<()> {
    let input = input.try_clone()?;
    let watch = move || {
        loop {
            // SAFETY: the handle is open as long as `input` is, and nothing is asked for that would
            // be written to a pointer. While a read waits for the same pipe, this waits with it.
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
        // An idle worker sees the end of its input and ends in good order; it is given a moment.
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

/// Ends this process without running exit handlers, which is not safe beside a job that runs.
pub(in crate::process_pool) fn exit_at_once(status: i32) -> ! {
    // SAFETY: the handle stands for this process and is not to be closed.
    unsafe { TerminateProcess(GetCurrentProcess(), status.cast_unsigned()) };
    // It does not come back from that.
    std::process::abort()
}

/// There is no niceness; the pool's own is 0.
pub(in crate::process_pool) fn be_nice(niceness: i32) -> io::Result<()> {
    match niceness {
        0 => Ok(()),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Not there; the pool refuses such a limit before it gets here.
pub(in crate::process_pool) fn limit_memory(_bytes: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
