//! Messages on standard error that do not panic when nobody reads them.

use crate::text::escaped_lines;
use std::fmt::Display;
use std::io::{self, Write};

/// Writes one or more lines to standard error. [`remark!`](crate::remark!) calls it. Control
/// characters other than line feeds and tabs are escaped.
pub fn remark(text: impl Display) {
    let text = text.to_string();
    // One single write, because other threads may write there too.
    let _ = io::stderr().write_all(format!("{}\n", escaped_lines(&text)).as_bytes());
}

/// Like `eprintln!`, but it does not panic if standard error is a closed pipe (`2>&1 | head -1`):
/// then it does nothing.
///
/// # Examples
///
/// ```
/// common::remark!("{} pictures failed", 2);
/// ```
#[macro_export]
macro_rules! remark {
    ($($text:tt)*) => {
        $crate::cli::remark(::std::format_args!($($text)*))
    };
}
