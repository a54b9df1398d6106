//! The charset of a page.
//!
//! In this order: a byte-order mark; the header; a `<meta>` in the first 1024 bytes; UTF-8 if the text is
//! valid UTF-8; windows-1252 (WHATWG HTML, section 13.2.3).

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Bytes in which a `<meta>` is looked for.
const LOOKED_AT: usize = 1024;

/// The text of a page as UTF-8, and its charset. Invalid bytes become U+FFFD.
pub fn decode<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
) -> (Cow<'a, [u8]>, &'static Encoding) {
    let (encoding, mark) = encoding(body, content_type);
    let body = &body[mark..];
    if encoding == UTF_8 {
        // The tokenizer takes bytes, valid or not.
        return (Cow::Borrowed(body), encoding);
    }
    let (text, _) = encoding.decode_without_bom_handling(body);
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    };
    (text, encoding)
}

/// The charset, and the length of the byte-order mark.
fn encoding(body: &[u8], content_type: Option<&str>) -> (&'static Encoding, usize) {
    if let Some(found) = Encoding::for_bom(body) {
        return found;
    }
    let named = content_type
        .and_then(of_content_type)
        .or_else(|| in_meta(body));
    let encoding = named.unwrap_or_else(|| match std::str::from_utf8(body) {
        Ok(_) => UTF_8,
        // The text may be cut within a character.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => WINDOWS_1252,
    });
    (encoding, 0)
}

/// The charset in a `Content-Type`.
fn of_content_type(value: &str) -> Option<&'static Encoding> {
    value.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        let value = value.trim().trim_matches(['"', '\'']);
        is_charset.then(|| Encoding::for_label(value.as_bytes()))?
    })
}

/// The charset that the beginning of a page names: the standard's "prescan" (WHATWG HTML, section 13.2.3.2).
/// Comments and the `content` of any other `<meta>` are ignored.
fn in_meta(body: &[u8]) -> Option<&'static Encoding> {
    let head = body.get(..LOOKED_AT).unwrap_or(body);
    if let Some(encoding) = of_xml_declaration(head) {
        return Some(encoding);
    }
    let mut rest = head;
    while let Some(start) = memchr(b'<', rest) {
        rest = &rest[start..];
        let name = rest[1..].strip_prefix(b"/").unwrap_or(&rest[1..]);
        if let Some(comment) = rest.strip_prefix(b"<!--") {
            // `<!-->` is a whole comment.
            let end = rest[2..].windows(3).position(|window| window == b"-->");
            rest = end.map_or(&comment[comment.len()..], |end| &rest[2 + end + 3..]);
        } else if name.first().is_some_and(u8::is_ascii_alphabetic) {
            let end = name
                .iter()
                .position(|byte| is_space(*byte) || matches!(byte, b'/' | b'>'));
            let (name, attributes) = name.split_at(end.unwrap_or(name.len()));
            let mut attributes = Attributes(attributes);
            if name.eq_ignore_ascii_case(b"meta") && rest[1] != b'/' {
                if let Some(encoding) = of_meta(&mut attributes) {
                    return Some(encoding);
                }
            } else {
                attributes.by_ref().for_each(drop);
            }
            rest = attributes.0;
        } else {
            // A declaration, a processing instruction, an end tag without a name: up to its end.
            let end = match rest.get(1) {
                Some(b'!' | b'/' | b'?') => memchr(b'>', rest).unwrap_or(rest.len()),
                _ => 1,
            };
            rest = &rest[end..];
        }
    }
    None
}

/// Of `<?xml version="1.0" encoding="…"?>`, right at the beginning.
fn of_xml_declaration(head: &[u8]) -> Option<&'static Encoding> {
    let declaration = head.strip_prefix(b"<?xml")?;
    let declaration = &declaration[..memchr(b'>', declaration)?];
    let start = declaration
        .windows(8)
        .position(|window| window == b"encoding")?
        + 8;
    let value = declaration[start..]
        .trim_ascii_start()
        .strip_prefix(b"=")?
        .trim_ascii_start();
    let quote = value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
    let value = &value[1..];
    Encoding::for_label(&value[..memchr(*quote, value)?]).map(readable)
}

/// Of the attributes of a `<meta>`.
fn of_meta(attributes: &mut Attributes<'_>) -> Option<&'static Encoding> {
    let (mut is_content_type, mut charset, mut content) = (false, None, None);
    let mut seen = Vec::new();
    for (name, value) in attributes.by_ref() {
        if seen.contains(&name) {
            continue;
        }
        match name.as_slice() {
            b"http-equiv" => is_content_type = value == b"content-type",
            b"charset" => charset = Some(Encoding::for_label(&value)),
            b"content" => content = of_content(&value),
            _ => {}
        }
        seen.push(name);
    }
    match (charset, content) {
        (Some(charset), _) => charset.map(readable),
        (None, Some(content)) if is_content_type => Some(readable(content)),
        _ => None,
    }
}

/// A page whose `<meta>` can be read as ASCII is not in UTF-16.
fn readable(encoding: &'static Encoding) -> &'static Encoding {
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    if wide { UTF_8 } else { encoding }
}

/// Of `text/html; charset=…` in a `content`.
fn of_content(content: &[u8]) -> Option<&'static Encoding> {
    let mut rest = content;
    loop {
        let start = rest.windows(7).position(|window| window == b"charset")? + 7;
        rest = rest[start..].trim_ascii_start();
        let Some(value) = rest.strip_prefix(b"=") else {
            continue;
        };
        let value = value.trim_ascii_start();
        let label = match value.first()? {
            quote @ (b'"' | b'\'') => {
                let value = &value[1..];
                &value[..memchr(*quote, value)?]
            }
            _ => {
                let end = value
                    .iter()
                    .position(|byte| is_space(*byte) || *byte == b';');
                &value[..end.unwrap_or(value.len())]
            }
        };
        return Encoding::for_label(label);
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    text.iter().position(|it| *it == byte)
}

/// The attributes of a tag in small letters ("get an attribute", in the same section). At the end it holds
/// the text after them.
struct Attributes<'a>(&'a [u8]);

impl Iterator for Attributes<'_> {
    type Item = (Vec<u8>, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self
            .0
            .iter()
            .position(|byte| !is_space(*byte) && *byte != b'/');
        self.0 = &self.0[start.unwrap_or(self.0.len())..];
        if matches!(self.0.first(), None | Some(b'>')) {
            return None;
        }
        // A name may begin with an equals sign.
        let end = self
            .0
            .iter()
            .skip(1)
            .position(|byte| is_space(*byte) || matches!(byte, b'=' | b'/' | b'>'));
        let (name, rest) = self.0.split_at(end.map_or(self.0.len(), |end| end + 1));
        self.0 = rest;
        let name = name.to_ascii_lowercase();
        let Some(value) = rest.trim_ascii_start().strip_prefix(b"=") else {
            return Some((name, Vec::new()));
        };
        let value = value.trim_ascii_start();
        let (value, rest) = match value.first() {
            Some(quote @ (b'"' | b'\'')) => {
                let value = &value[1..];
                let end = memchr(*quote, value).unwrap_or(value.len());
                (&value[..end], &value[(end + 1).min(value.len())..])
            }
            _ => {
                let end = value
                    .iter()
                    .position(|byte| is_space(*byte) || *byte == b'>');
                value.split_at(end.unwrap_or(value.len()))
            }
        };
        self.0 = rest;
        Some((name, value.to_ascii_lowercase()))
    }
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

    /// The trials' pages: only a `<meta>` that is one, and speaks of the charset, decides.
    #[test]
    fn comments_and_keywords_decide_nothing() {
        for (head, expected) in [
            (
                "<!-- <meta charset=koi8-r> --><meta charset=euc-jp>",
                "EUC-JP",
            ),
            (
                "<!-- a > b <meta charset=koi8-r> --><meta charset=euc-jp>",
                "EUC-JP",
            ),
            ("<!--><meta charset=koi8-r>", "KOI8-R"),
            (
                "<meta name=keywords content=\"charset=koi8-r\"><meta charset=euc-jp>",
                "EUC-JP",
            ),
            (
                "<p title='<meta charset=koi8-r>'><meta charset=euc-jp>",
                "EUC-JP",
            ),
            ("</meta charset=koi8-r><meta charset=euc-jp>", "EUC-JP"),
            (
                "<meta content='text/html; charset = \"koi8-r\"' http-equiv=Content-Type>",
                "KOI8-R",
            ),
            (
                "<meta http-equiv=content-type content=\"charsetx charset=koi8-r;x\">",
                "KOI8-R",
            ),
            (
                "<meta charset=nonsense charset=koi8-r><meta charset=euc-jp>",
                "EUC-JP",
            ),
            (
                "<?xml version=\"1.0\" encoding='iso-8859-2'?><html>",
                "ISO-8859-2",
            ),
            ("<a =x><meta charset=koi8-r>", "KOI8-R"),
            ("<meta charset=\"koi8-r", "KOI8-R"),
        ] {
            assert_eq!(name(head.as_bytes(), None), expected, "{head}");
        }
    }

    #[test]
    fn without_a_word_it_is_what_it_can_be() {
        assert_eq!(name("h\u{e9}".as_bytes(), None), "UTF-8");
        assert_eq!(name(b"h\xe9 ", None), "windows-1252");
        assert_eq!(decode(b"h\xe9 ", None).0.as_ref(), "h\u{e9} ".as_bytes());
        assert_eq!(decode(b"\xff\xfea\0", None).0.as_ref(), b"a");
    }
}
