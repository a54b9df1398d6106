//! The meaning of a URL's fragment: the name of a part of the page, or something else.

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

/// The characters that a URL encodes in its fragment (WHATWG URL, section 1.3, "fragment percent-encode set").
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// The name of a part in a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As it is in the URL. It is looked for first.
    pub raw: String,
    /// With its percent-encoding decoded. It is looked for second. For a range of lines (`10-20`) it is the
    /// first line: rustdoc's pages of sources have a part for each line, and their script marks the range.
    pub decoded: String,
}

impl Part {
    /// The part that a fragment names; `None` if every page has it: the top of the page, or a text that the
    /// browser looks for (WHATWG HTML, section 7.4.6.4; WICG Scroll to Text Fragment, section 3.3).
    ///
    /// # Examples
    ///
    /// ```
    /// use crawler::fragment::Part;
    ///
    /// let part = Part::of("a%20b:~:text=hello").unwrap();
    /// assert_eq!((part.raw.as_str(), part.decoded.as_str()), ("a%20b", "a b"));
    /// assert_eq!(Part::of("Top"), None);
    /// assert_eq!(Part::of(":~:text=hello"), None);
    /// ```
    pub fn of(fragment: &str) -> Option<Part> {
        let raw = fragment.split(":~:").next().unwrap_or("");
        // Scripts of the page read these.
        let is_route = raw.starts_with('/') || raw.starts_with('!');
        if raw.is_empty() || raw.eq_ignore_ascii_case("top") || is_route {
            return None;
        }
        // Bytes that are not UTF-8 are replaced, as in browsers.
        let decoded = percent_decode_str(raw).decode_utf8_lossy();
        Some(Part {
            raw: utf8_percent_encode(raw, ENCODED).to_string(),
            decoded: first_line(raw).map_or_else(|| decoded.into_owned(), str::to_owned),
        })
    }
}

/// The first line of a range of lines.
fn first_line(fragment: &str) -> Option<&str> {
    let (first, last) = fragment.split_once('-')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    (is_number(first) && is_number(last)).then_some(first)
}

/// The fragment of a link as it is written. Only control characters are encoded.
pub(crate) fn as_written(text: &str) -> Option<String> {
    // As in the parser of URLs.
    let text = text.trim_matches(|sign| sign <= ' ');
    let (_, fragment) = text.split_once('#')?;
    let mut written = String::with_capacity(fragment.len());
    for sign in fragment.chars() {
        match sign {
            '\t' | '\n' | '\r' => {}
            _ if sign.is_control() => written.extend(utf8_percent_encode(
                sign.encode_utf8(&mut [0; 4]),
                NON_ALPHANUMERIC,
            )),
            _ => written.push(sign),
        }
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_ask_for_what_browsers_look_for() {
        let part = |fragment: &str| Part::of(fragment).map(|part| (part.raw, part.decoded));
        let same = |text: &str| Some((text.to_owned(), text.to_owned()));
        assert_eq!(part("a+b&c"), same("a+b&c"));
        assert_eq!(
            part("%C3%A9"),
            Some(("%C3%A9".to_owned(), "\u{e9}".to_owned()))
        );
        assert_eq!(part("%E9"), Some(("%E9".to_owned(), "\u{fffd}".to_owned())));
        assert_eq!(
            part("raw%2Fpct"),
            Some(("raw%2Fpct".to_owned(), "raw/pct".to_owned()))
        );
        assert_eq!(
            part("a \u{e9}"),
            Some(("a%20%C3%A9".to_owned(), "a \u{e9}".to_owned()))
        );
        assert_eq!(
            as_written(" x#\u{e9} %20\n\u{1b}#\u{9b} ").unwrap(),
            "\u{e9} %20%1B#%C2%9B"
        );
        assert_eq!(as_written("x"), None);
        assert_eq!(part("sec:~:text=hello"), same("sec"));
        // As rustdoc writes them: src/alloc/vec.rs.html#10-20.
        assert_eq!(part("10-20"), Some(("10-20".to_owned(), "10".to_owned())));
        for no_range in ["10-", "-20", "2024-01-05", "a-20", "10-b"] {
            assert_eq!(part(no_range), same(no_range));
        }
        for fragment in ["", "TOP", ":~:text=x", "/route", "!/route"] {
            assert_eq!(part(fragment), None, "{fragment}");
        }
    }
}
