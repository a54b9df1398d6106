//! Words for people whom nobody may be listening to.

use crate::text::escaped_lines;
use std::fmt::Display;
use std::io::{self, Write};

/// Writes a line, or several, to standard error; what [`remark!`](crate::remark!) calls. Control
/// characters other than line feeds and tabs are escaped.
pub fn remark(text: impl Display) {
    let text = text.to_string();
    // In one piece: others may write there too.
    let _ = io::stderr().write_all(format!("{}\n", escaped_lines(&text)).as_bytes());
}

/// `eprintln!` for programs: where standard error is a pipe that nobody reads any more
/// (`2>&1 | head -1`), it does nothing, instead of panicking.
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
