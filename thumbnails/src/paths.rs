//! Makes paths absolute, and prints them.

use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// An absolute path without `.` and `..`. The part before a `..` is resolved by the file system:
/// after a link to a folder, `..` is not the folder of the link. Other links are kept.
///
/// # Errors
/// If there is no current folder.
pub fn absolute(path: &Path) -> io::Result<PathBuf> {
    let mut whole = PathBuf::new();
    for part in std::path::absolute(path)?.components() {
        if part == Component::ParentDir {
            whole = whole.canonicalize().unwrap_or(whole);
            whole.pop();
        } else {
            whole.push(part);
        }
    }
    Ok(whole)
}

/// A path's folder, made relative: without a root, and without leaving the folder. `a/../b` is `b`;
/// `../a` and `/a` are `a`.
pub(crate) fn below(folder: &Path) -> PathBuf {
    let mut below = PathBuf::new();
    for part in folder.components() {
        match part {
            Component::Normal(name) => below.push(name),
            Component::ParentDir => {
                below.pop();
            }
            _ => {}
        }
    }
    below
}

/// A path as text, with control characters escaped, which could affect the terminal.
pub fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy()).into_owned()
}

/// A text with its control characters escaped.
///
/// ```
/// assert_eq!(thumbnails::paths::escaped("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
/// ```
pub fn escaped(text: &str) -> Cow<'_, str> {
    // Also characters that change the direction of text, and line separators.
    let harmful = |it: char| {
        it.is_control()
            || matches!(it, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(harmful) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for it in text.chars() {
        if harmful(it) {
            escaped.extend(it.escape_default());
        } else {
            escaped.push(it);
        }
    }
    escaped.into()
}

/// Converts the bytes of a name to a name.
pub(crate) fn name_of(bytes: Vec<u8>) -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(bytes);
    // On other systems safe code can't make a name from arbitrary bytes.
    #[cfg(not(unix))]
    return String::from_utf8_lossy(&bytes).into_owned().into();
}
