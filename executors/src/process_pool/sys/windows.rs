//! Windows: as far as it goes without job objects. Out of date: the pool needs more
//! of this module by now (`Life`, `Channel`, `Outlet`, `Program`), so it does not compile here.
#![allow(unsafe_code, reason = "std does not wrap SetStdHandle")]

use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, RawHandle};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

pub(in crate::process_pool) const HAS_MEMORY_LIMIT: bool = false;

/// A command that starts this very program again. A running program cannot be replaced here.
pub(in crate::process_pool) fn this_program() -> io::Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

/// Takes the pipes that this process was given as standard input and output. Standard output then
/// goes where standard error goes: a job may print what it likes.
pub(in crate::process_pool) fn take_pipes() -> io::Result<(File, File)> {
    const STD_INPUT_HANDLE: u32 = -10i32 as u32;
    const STD_OUTPUT_HANDLE: u32 = -11i32 as u32;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn SetStdHandle(which: u32, handle: RawHandle) -> i32;
    }

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
pub(in crate::process_pool) fn linger(_input: &impl AsHandle) {}

/// Ctrl-C ends the workers here, together with their parent.
pub(in crate::process_pool) fn survive_interrupt() {}

/// An idle worker ends when its pipe is closed; a busy one, here, at the end of its job.
pub(in crate::process_pool) fn end_with_pool(_input: &File) -> io::Result<()> {
    Ok(())
}

/// Not there; the pool refuses such a limit before it gets here.
pub(in crate::process_pool) fn limit_memory(_bytes: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Waits for a child that has been killed or is about to end. Its CPU time is not known.
pub(in crate::process_pool) fn reap(child: &mut Child) -> io::Result<(ExitStatus, Duration)> {
    Ok((child.wait()?, Duration::ZERO))
}

/// Not told by this system.
pub(in crate::process_pool) fn cpu_time(_pid: u32) -> Option<Duration> {
    None
}
