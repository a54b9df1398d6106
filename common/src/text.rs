//! Text from outside, made safe to print.

use std::borrow::Cow;

/// A text with its control characters escaped as Rust writes them, `\n` and `\u{1b}`, and so the
/// characters that change the direction of text: printed, it is one line and can't change the
/// terminal. For names, messages and whatever else comes from outside.
///
/// # Examples
///
/// ```
/// use common::text::escaped;
///
/// assert_eq!(escaped("naïve name.png"), "naïve name.png");
/// assert_eq!(escaped("a\u{1b}[2J\nb"), r"a\u{1b}[2J\nb");
/// ```
pub fn escaped(text: &str) -> Cow<'_, str> {
    escape(text, is_unsafe)
}

/// [`escaped`], but line feeds and tabs stay: for a text of several lines.
#[cfg(feature = "cli")]
pub(crate) fn escaped_lines(text: &str) -> Cow<'_, str> {
    escape(text, |sign| is_unsafe(sign) && !matches!(sign, '\n' | '\t'))
}

fn is_unsafe(sign: char) -> bool {
    sign.is_control() || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape(text: &str, unsafe_here: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&unsafe_here) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for sign in text.chars() {
        match unsafe_here(sign) {
            // All of these are outside of what `escape_default` leaves as it is.
            true => escaped.extend(sign.escape_default()),
            false => escaped.push(sign),
        }
    }
    Cow::Owned(escaped)
}
