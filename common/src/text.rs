//! Text from outside, made safe to print.

use std::borrow::Cow;

/// Escapes control characters as Rust writes them (`\n`, `\u{1b}`), and the characters that change
/// the direction of text. The result is one line and can't change the terminal. Use it for names,
/// messages and other text from outside.
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

/// Masks the user and password of every URL in a text, also of malformed URLs: in each word,
/// everything between `//` and the last `@` may be a secret, if there is no slash between them.
///
/// # Examples
///
/// ```
/// use common::text::masked;
///
/// assert_eq!(masked("'http://me:secret@a.example:x/y' is none"), "'http://***@a.example:x/y' is none");
/// assert_eq!(masked("http://a.example/@x and //b"), "http://a.example/@x and //b");
/// ```
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("//") {
        let (before, after) = rest.split_at(start + 2);
        let end = after.find(|c: char| c == '/' || c.is_whitespace());
        let (authority, next) = after.split_at(end.unwrap_or(after.len()));
        shown += before;
        match authority.rfind('@') {
            Some(at) => shown = shown + "***" + &authority[at..],
            None => shown += authority,
        }
        rest = next;
    }
    match shown.is_empty() {
        true => Cow::Borrowed(text),
        false => Cow::Owned(shown + rest),
    }
}

/// Like [`escaped`], but keeps line feeds and tabs: for a text of several lines.
#[cfg(feature = "cli")]
pub(crate) fn escaped_lines(text: &str) -> Cow<'_, str> {
    escape(text, |sign| is_unsafe(sign) && !matches!(sign, '\n' | '\t'))
}

/// Escapes a text for HTML, for use between tags and in quoted attributes. Control characters are
/// [escaped].
///
/// # Examples
///
/// ```
/// assert_eq!(common::text::html("a<b & \"c\""), "a&lt;b &amp; &quot;c&quot;");
/// ```
pub fn html(text: &str) -> String {
    escaped(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Breaks lines longer than `width` characters between words. A continuation line is indented by
/// two.
///
/// # Examples
///
/// ```
/// use common::text::wrapped;
///
/// assert_eq!(wrapped("- one two three", 9), "- one two\n  three");
/// ```
pub fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<String> = text.split('\n').map(|line| wrap(line, width)).collect();
    lines.join("\n")
}

fn wrap(line: &str, width: usize) -> String {
    let (mut wrapped, mut length) = (String::new(), 0);
    for (index, word) in line.split(' ').enumerate() {
        let letters = word.chars().count();
        if index > 0 && length + 1 + letters > width {
            wrapped.push_str("\n  ");
            length = 2;
        } else if index > 0 {
            wrapped.push(' ');
            length += 1;
        }
        wrapped.push_str(word);
        length += letters;
    }
    wrapped
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
            // `escape_default` escapes all of these characters.
            true => escaped.extend(sign.escape_default()),
            false => escaped.push(sign),
        }
    }
    Cow::Owned(escaped)
}
