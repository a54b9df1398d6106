//! Stack overflows. A stack that overflows touches its guard page. That is a SIGSEGV. The process
//! cannot continue, but the message can name the green thread.
//!
//! The handler runs on the thread's alternate stack, allocates nothing and takes no lock.

#![allow(
    unsafe_code,
    reason = "signal handlers and their stacks need the C interface"
)]

use std::ffi::c_void;
use std::fmt::{self, Write};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use crate::hub;
use crate::stack::page_size;

/// Room for this handler, and for the previous one, which it may call.
const ALTERNATE_STACK: usize = 64 * 1024;

/// The previous handler, for faults that are not on a guard page of ours.
static PREVIOUS: OnceLock<libc::sigaction> = OnceLock::new();

/// An alternate stack that was made here, because the thread had none, or one that is too small.
///
/// The standard library's has the system's minimum. Where the system saves large registers on it (SVE, AMX),
/// little is left for a handler.
pub(crate) struct AlternateStack {
    made: Option<Made>,
}

struct Made {
    memory: Box<[MaybeUninit<u8>]>,
    /// The stack that the thread had before.
    before: libc::stack_t,
}

/// Installs the SIGSEGV handler, once for the process. Makes sure that this thread has an alternate
/// stack that is large enough.
pub(crate) fn watch() -> io::Result<AlternateStack> {
    let alternate = AlternateStack::of_this_thread()?;
    if PREVIOUS.get().is_some() {
        return Ok(alternate);
    }
    // SAFETY: sigaction is plain data, and all zeros are a valid value.
    let (mut action, mut previous): (libc::sigaction, libc::sigaction) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    // SAFETY: this only reads the present handler.
    if unsafe { libc::sigaction(libc::SIGSEGV, ptr::null(), &mut previous) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // Before the handler is installed, because it may run at once. Another thread may have been
    // faster.
    let _ = PREVIOUS.set(previous);
    action.sa_sigaction = handle as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler has the signature that SA_SIGINFO requires.
    match unsafe { libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()) } {
        0 => Ok(alternate),
        _ => Err(io::Error::last_os_error()),
    }
}

impl AlternateStack {
    fn of_this_thread() -> io::Result<AlternateStack> {
        let before = present()?;
        if before.ss_flags & libc::SS_DISABLE == 0 && before.ss_size >= ALTERNATE_STACK {
            return Ok(AlternateStack { made: None });
        }
        let mut memory = Box::new_uninit_slice(ALTERNATE_STACK);
        let stack = libc::stack_t {
            ss_sp: memory.as_mut_ptr().cast(),
            ss_flags: 0,
            ss_size: ALTERNATE_STACK,
        };
        // SAFETY: the memory is ours, and is not freed while the stack is in use.
        match unsafe { libc::sigaltstack(&stack, ptr::null_mut()) } {
            0 => Ok(AlternateStack {
                made: Some(Made { memory, before }),
            }),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// The alternate stack of this thread.
fn present() -> io::Result<libc::stack_t> {
    // SAFETY: stack_t is plain data.
    let mut present: libc::stack_t = unsafe { std::mem::zeroed() };
    // SAFETY: this only reads the present stack.
    match unsafe { libc::sigaltstack(ptr::null(), &mut present) } {
        0 => Ok(present),
        _ => Err(io::Error::last_os_error()),
    }
}

impl Drop for AlternateStack {
    fn drop(&mut self) {
        // At the end of a thread the standard library may have disabled it, and freed its own stack.
        let is_present = |made: &Made| {
            present().is_ok_and(|it| it.ss_sp.cast_const() == made.memory.as_ptr().cast())
        };
        if let Some(made) = self.made.as_ref().filter(|made| is_present(made)) {
            // SAFETY: ours is not in use: this code runs on the thread's own stack. The one before is still there,
            // because the standard library disables the present stack before it frees its own.
            unsafe { libc::sigaltstack(&made.before, ptr::null_mut()) };
        }
    }
}

extern "C" fn handle(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes a valid siginfo_t.
    let address = unsafe { (*info).si_addr() } as usize;
    let overflowed = hub::try_with(|hub| {
        hub.with_running(|task| {
            let stack = task.stack_range();
            // The root runs on the thread's own stack. Its range is empty, so null is not its guard
            // page.
            let size = stack.len().checked_sub(page_size())?;
            let guard = stack.start..stack.start + page_size();
            guard.contains(&address).then(|| say(task, size))
        })
    });
    if overflowed.flatten().is_some() {
        // SAFETY: a handler may call it.
        unsafe { libc::abort() };
    }
    hand_on(signal, info, context);
}

fn say(task: &crate::task::Task, size: usize) {
    let mut message = Message {
        bytes: [0; 512],
        length: 0,
    };
    // Text that does not fit is cut off.
    let _ = write!(
        message,
        "\n{task:?} has overflowed its stack of {} KiB\n  it was spawned at {}\n  \
         give it a larger one with Builder::stack_size\n",
        size / 1024,
        task.spawned_at(),
    );
    // SAFETY: the bytes are valid, and a handler may call write.
    unsafe { libc::write(2, message.bytes.as_ptr().cast(), message.length) };
}

/// Passes a fault that is not ours to the previous handler.
fn hand_on(signal: i32, info: *mut libc::siginfo_t, context: *mut c_void) {
    let previous = PREVIOUS.get().filter(|previous| {
        previous.sa_sigaction != libc::SIG_DFL && previous.sa_sigaction != libc::SIG_IGN
    });
    match previous {
        Some(previous) if previous.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: the code that installed it declared this signature.
            let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut c_void) =
                unsafe { std::mem::transmute(previous.sa_sigaction) };
            handler(signal, info, context);
        }
        Some(previous) => {
            // SAFETY: as above.
            let handler: extern "C" fn(i32) = unsafe { std::mem::transmute(previous.sa_sigaction) };
            handler(signal);
        }
        None => {
            // The instruction runs again, faults again, and ends the process with the default
            // effect.
            // SAFETY: a handler may call it.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
    }
}

struct Message {
    bytes: [u8; 512],
    length: usize,
}

impl Write for Message {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.length..];
        let length = text.len().min(room.len());
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        self.length += length;
        match length == text.len() {
            true => Ok(()),
            false => Err(fmt::Error),
        }
    }
}
