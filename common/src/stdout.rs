//! Standard output that detects a closed pipe.

use serde::Serialize;
use std::error::Error;
use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};

/// Buffered standard output. Call [`flush`](Write::flush) at the end: drop can't report an error.
///
/// If the reader has closed the pipe (`| head -1`), a write fails with a special error. `cli::main`
/// ends without a message on it, but not on another broken pipe.
#[derive(Debug)]
pub struct Stdout {
    out: BufWriter<StdoutLock<'static>>,
}

/// Locks standard output for writing.
pub fn stdout() -> Stdout {
    Stdout {
        out: BufWriter::with_capacity(64 * 1024, io::stdout().lock()),
    }
}

impl Stdout {
    /// Writes `value` as one line of JSON.
    ///
    /// # Errors
    ///
    /// If the value can't be written or serialised.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self, value)?;
        self.write_all(b"\n")
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(mark)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush().map_err(mark)
    }
}

/// The error for a closed standard output.
#[derive(Debug)]
struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("standard output was closed")
    }
}

impl Error for Closed {}

fn mark(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => io::Error::new(io::ErrorKind::BrokenPipe, Closed),
        kind => io::Error::new(kind, format!("standard output: {error}")),
    }
}

/// Whether an error means that standard output is closed.
#[cfg(feature = "cli")]
pub(crate) fn is_closed(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
        .is_some_and(|inner| inner.is::<Closed>())
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn only_the_pipe_of_standard_output_counts_as_closed() {
        let broken = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_closed(&mark(broken())));
        assert!(!is_closed(&broken()));
        assert!(!is_closed(&mark(io::Error::other("disk on fire"))));
    }
}
