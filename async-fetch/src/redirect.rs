//! The target of a redirect, and the method of the next request (RFC 9110, section 15.4).

use std::borrow::Cow;

use http::{HeaderMap, Method, StatusCode, header};
use percent_encoding::{AsciiSet, percent_encode};
use url::Url;

use crate::credentials::without_userinfo;
use crate::error::Error;

/// ASCII is not encoded. All other bytes are.
const NOT_ASCII: &AsciiSet = &AsciiSet::EMPTY;

/// Whether an answer with this status is a redirect that can be followed.
pub fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// The target of an answer's `Location`; `None` if there is none, or an empty one. The fragment of the URL
/// that redirects stays, unless the target has another.
///
/// # Errors
/// If it is not a URL.
pub(crate) fn location(from: &Url, headers: &HeaderMap) -> Result<Option<Url>, Error> {
    let Some(value) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let text = match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => Cow::Borrowed(text),
        // Bytes that are not UTF-8 are percent-encoded as they are.
        Err(_) => percent_encode(value.as_bytes(), NOT_ASCII).into(),
    };
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut to = from
        .join(&text)
        .map_err(|_| Error::Location(without_userinfo(&text)))?;
    if to.fragment().is_none() {
        to.set_fragment(from.fragment());
    }
    Ok(Some(to))
}

/// The method of the next request, and whether the body is sent. 301 and 302 turn a POST into a GET, as in
/// all browsers.
pub(crate) fn method(status: StatusCode, method: &Method) -> (Method, bool) {
    match status.as_u16() {
        303 if *method != Method::HEAD => (Method::GET, false),
        301 | 302 if *method == Method::POST => (Method::GET, false),
        _ => (method.clone(), true),
    }
}

/// Whether two URLs have the same scheme, host and port.
pub fn is_same_origin(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(from: &str, to: &str) -> Result<Option<String>, Error> {
        let headers = HeaderMap::from_iter([(header::LOCATION, to.parse().unwrap())]);
        let led = location(&from.parse().unwrap(), &headers)?;
        Ok(led.map(String::from))
    }

    #[test]
    fn locations_are_relative_to_where_they_stand() {
        let from = "http://a.example/dir/page?x=1#part";
        for (to, expected) in [
            ("other", "http://a.example/dir/other#part"),
            ("/top#here", "http://a.example/top#here"),
            ("//b.example/", "http://b.example/#part"),
            ("https://c.example", "https://c.example/#part"),
        ] {
            assert_eq!(led(from, to).unwrap().as_deref(), Some(expected));
        }
        assert!(matches!(led(from, "http://[::1"), Err(Error::Location(_))));
        assert!(
            location(&from.parse().unwrap(), &HeaderMap::new())
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn methods_change_as_browsers_change_them() {
        for (status, before, after) in [
            (301, Method::POST, (Method::GET, false)),
            (302, Method::POST, (Method::GET, false)),
            (303, Method::PUT, (Method::GET, false)),
            (303, Method::HEAD, (Method::HEAD, true)),
            (307, Method::POST, (Method::POST, true)),
            (308, Method::POST, (Method::POST, true)),
            (302, Method::HEAD, (Method::HEAD, true)),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(method(status, &before), after, "{status} {before}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_asked_for_as_they_are() {
        let led = |to: &[u8]| {
            let value = http::HeaderValue::from_bytes(to).unwrap();
            let headers = HeaderMap::from_iter([(header::LOCATION, value)]);
            let led = location(&"http://a.example/".parse().unwrap(), &headers).unwrap();
            led.map(String::from)
        };
        // As curl 7.88 asks for them.
        for (to, expected) in [
            (&b"/caf\xe9.txt"[..], Some("http://a.example/caf%E9.txt")),
            (
                "/caf\u{e9}.txt".as_bytes(),
                Some("http://a.example/caf%C3%A9.txt"),
            ),
            (b"/a b?\xff", Some("http://a.example/a%20b?%FF")),
            (b"", None),
            (b"  ", None),
        ] {
            assert_eq!(led(to).as_deref(), expected);
        }
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let same =
            |to: &str| is_same_origin(&"http://a.example/".parse().unwrap(), &to.parse().unwrap());
        assert!(same("http://a.example:80/x"));
        assert!(!same("http://b.example/"));
        assert!(!same("https://a.example/"));
        assert!(!same("https://a.example:80/"));
        assert!(!same("http://a.example:8080/"));
    }
}
