//! A decoder's panic as a value, without the report that Rust prints of it.

use executors::{Panic, catch_panic};

/// Calls `work`; its panic comes back as a text, and nothing is printed.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_panic(work).map_err(|panic| one_line(&panic))
}

/// What it said, and the file and line where.
fn one_line(panic: &Panic) -> String {
    let message = panic.message.replace('\n', " ");
    let file = panic.location.rsplit('/').next().unwrap_or_default();
    match file.rsplit_once(':') {
        Some((place, _column)) => format!("{message} ({place})"),
        None => message,
    }
}
