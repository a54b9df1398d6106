//! A stack that overflows touches its guard page. That is a SIGSEGV, which cannot be recovered
//! from; but it can say which green thread it was.

#![allow(unsafe_code)]

use std::io;

/// Has SIGSEGV looked at; once for the process, and an alternate stack for each thread.
pub(crate) fn watch() -> io::Result<()> {
    Ok(())
}
