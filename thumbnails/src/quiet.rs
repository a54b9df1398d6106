//! Returns a decoder's panic as a value, without printing it.

use executors::{Panic, catch_panic};

/// Calls `work`. A panic is returned as a text, and nothing is printed.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_panic(work).map_err(|panic| one_line(&panic))
}

/// The panic's message, with file and line.
fn one_line(panic: &Panic) -> String {
    let message = panic.message.replace('\n', " ");
    let file = panic.location.rsplit('/').next().unwrap_or_default();
    match file.rsplit_once(':') {
        Some((place, _column)) => format!("{message} ({place})"),
        None => message,
    }
}
