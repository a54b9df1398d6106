//! `5; URL='next.html'`: the value of a `<meta http-equiv=refresh>` and of the header `Refresh`.

/// The URL in it, if it has one (WHATWG HTML, section 4.2.5.3, "shared declarative refresh steps").
pub(crate) fn url(value: &str) -> Option<&str> {
    let rest = value.trim_start();
    let rest = rest.trim_start_matches(|sign: char| sign.is_ascii_digit());
    if rest.len() == value.trim_start().len() && !rest.starts_with('.') {
        return None;
    }
    let rest = rest.trim_start_matches(|sign: char| sign.is_ascii_digit() || sign == '.');
    if !rest.starts_with(|sign: char| sign.is_ascii_whitespace() || matches!(sign, ';' | ',')) {
        return None;
    }
    let rest = rest.trim_start();
    let rest = rest.strip_prefix([';', ',']).unwrap_or(rest).trim_start();
    let after_name = rest
        .get(..3)
        .filter(|name| name.eq_ignore_ascii_case("url"))
        .and_then(|_| rest[3..].trim_start().strip_prefix('='));
    let url = after_name.unwrap_or(rest).trim_start();
    let url = match url.strip_prefix(['"', '\'']) {
        Some(quoted) => {
            let end = quoted.find(&url[..1]).unwrap_or(quoted.len());
            &quoted[..end]
        }
        None => url,
    };
    let url = url.trim_end();
    (!url.is_empty()).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cases of the web platform tests, html/semantics/document-metadata/the-meta-element/
    /// pragma-directives/attr-meta-http-equiv-refresh/parsing.html, read and written anew.
    #[test]
    fn urls_are_found_as_browsers_find_them() {
        for (value, expected) in [
            ("0; url=foo", Some("foo")),
            ("0;URL='foo'", Some("foo")),
            ("0; URL=\"foo'bar\" baz", Some("foo'bar")),
            ("0, url = foo", Some("foo")),
            ("0 foo", Some("foo")),
            ("1.5; url=foo", Some("foo")),
            (".5; url=foo", Some("foo")),
            ("0; uRl=fo'o", Some("fo'o")),
            ("0; u", Some("u")),
            ("0; url", Some("url")),
            ("5", None),
            ("0;", None),
            ("0; url=", None),
            ("0foo", None),
            ("foo", None),
            ("; url=foo", None),
            ("-1; url=foo", None),
        ] {
            assert_eq!(url(value), expected, "{value:?}");
        }
    }
}
