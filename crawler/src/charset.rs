//! In which charset a page is written.
//!
//! In this order: a byte order mark, which nothing can overrule; the header; a `<meta>` in the first
//! 1024 bytes; else UTF-8 if it is that, and windows-1252 if not (WHATWG HTML, section 13.2.3).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Where a `<meta>` is looked for.
const LOOKED_AT: usize = 1024;

/// The text of a page as UTF-8, and what it was written in. What can't be read becomes U+FFFD.
pub fn decode<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
) -> (Cow<'a, [u8]>, &'static Encoding) {
    let (encoding, mark) = encoding(body, content_type);
    let body = &body[mark..];
    if encoding == UTF_8 {
        // The tokenizer takes bytes: what is not valid in them is none of its business.
        return (Cow::Borrowed(body), encoding);
    }
    let (text, _) = encoding.decode_without_bom_handling(body);
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    (text, encoding)
}

/// The charset, and how long the byte order mark is.
fn encoding(body: &[u8], content_type: Option<&str>) -> (&'static Encoding, usize) {
    if let Some(found) = Encoding::for_bom(body) {
        return found;
    }
    let named = content_type
        .and_then(of_content_type)
        .or_else(|| in_meta(body));
    let encoding = named.unwrap_or_else(|| match std::str::from_utf8(body) {
        Ok(_) => UTF_8,
        // Cut within a character, perhaps.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => WINDOWS_1252,
    });
    (encoding, 0)
}

/// The charset that a `Content-Type` names.
fn of_content_type(value: &str) -> Option<&'static Encoding> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        let value = value.trim().trim_matches(['"', '\'']);
        is_charset.then(|| Encoding::for_label(value.as_bytes()))?
    })
}

/// The charset that a `<meta>` names. One that can be read at all is not in UTF-16, whatever it
/// says.
fn in_meta(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..LOOKED_AT).unwrap_or(body).to_ascii_lowercase();
    let mut rest = head.as_slice();
    loop {
        let start = rest.windows(5).position(|window| window == b"<meta")?;
        let tag = &rest[start + 5..];
        let end = tag
            .iter()
            .position(|byte| *byte == b'>')
            .unwrap_or(tag.len());
        if let Some(encoding) = of_tag(&tag[..end]) {
            let wide = encoding == UTF_16LE || encoding == UTF_16BE;
            return Some(if wide { UTF_8 } else { encoding });
        }
        rest = &tag[end..];
    }
}

/// Of `charset=…`, which stands alone or within `content`.
fn of_tag(tag: &[u8]) -> Option<&'static Encoding> {
    let start = tag.windows(7).position(|window| window == b"charset")? + 7;
    let is_space = |byte: &u8| byte.is_ascii_whitespace();
    let rest = tag[start..]
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let rest = rest
        .strip_prefix(b"\"")
        .or_else(|| rest.strip_prefix(b"'"))
        .unwrap_or(rest);
    let end = rest
        .iter()
        .position(|byte| is_space(byte) || b"\"';/".contains(byte))
        .unwrap_or(rest.len());
    Encoding::for_label(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(body: &[u8], content_type: Option<&str>) -> &'static str {
        decode(body, content_type).1.name()
    }

    #[test]
    fn a_mark_beats_the_header_which_beats_the_meta() {
        let meta = b"<meta charset=koi8-r>";
        let header = Some("text/html; Charset=\"Shift_JIS\"");
        let marked = [b"\xef\xbb\xbf".as_slice(), meta].concat();
        assert_eq!(name(&marked, header), "UTF-8");
        assert_eq!(name(meta, header), "Shift_JIS");
        assert_eq!(name(meta, Some("text/html")), "KOI8-R");
        assert_eq!(name(meta, Some("text/html; charset=nonsense")), "KOI8-R");
        assert_eq!(name(b"\xff\xfea\0", header), "UTF-16LE");
    }

    #[test]
    fn metas_of_both_kinds_are_found_but_not_far_down() {
        let old = b"<META http-equiv='content-type' content='text/html; charset=ISO-8859-2'>";
        assert_eq!(name(old, None), "ISO-8859-2");
        assert_eq!(
            name(b"<meta name=x><meta charset = \"euc-jp\" >", None),
            "EUC-JP"
        );
        assert_eq!(name(b"<meta charset=utf-16>\xe9", None), "UTF-8");
        let far = [vec![b' '; 1024], b"<meta charset=koi8-r>".to_vec()].concat();
        assert_eq!(name(&far, None), "UTF-8");
        assert_eq!(name(b"<meta charset=", None), "UTF-8");
    }

    #[test]
    fn without_a_word_it_is_what_it_can_be() {
        assert_eq!(name("h\u{e9}".as_bytes(), None), "UTF-8");
        assert_eq!(name(b"h\xe9 ", None), "windows-1252");
        assert_eq!(decode(b"h\xe9 ", None).0.as_ref(), "h\u{e9} ".as_bytes());
        assert_eq!(decode(b"\xff\xfea\0", None).0.as_ref(), b"a");
    }
}
