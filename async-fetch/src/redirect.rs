//! Where a redirect leads, and what is taken along (RFC 9110, section 15.4).

use http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use crate::error::Error;

/// Whether an answer with this status is a redirect that can be followed.
pub fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Where an answer's `Location` leads, if it has one. The fragment of the page that redirects
/// stays, unless there is another.
///
/// # Errors
/// If it leads to what is no URL.
pub(crate) fn location(from: &Url, headers: &HeaderMap) -> Result<Option<Url>, Error> {
    let Some(value) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    let mut to = from
        .join(&text)
        .map_err(|_| Error::Location(text.into_owned()))?;
    if to.fragment().is_none() {
        to.set_fragment(from.fragment());
    }
    Ok(Some(to))
}

/// The method for the next request, and whether the body goes along. That 301 and 302 turn a POST
/// into a GET is what all browsers do.
pub(crate) fn method(status: StatusCode, method: &Method) -> (Method, bool) {
    match status.as_u16() {
        303 if *method != Method::HEAD => (Method::GET, false),
        301 | 302 if *method == Method::POST => (Method::GET, false),
        _ => (method.clone(), true),
    }
}

/// Takes away what is meant for one server only, where the next is another.
pub(crate) fn strip(headers: &mut HeaderMap, from: &Url, to: &Url) {
    let place = |url: &Url| {
        (
            url.scheme().to_owned(),
            url.host_str().map(str::to_owned),
            url.port_or_known_default(),
        )
    };
    if place(from) != place(to) {
        for name in [
            header::AUTHORIZATION,
            header::COOKIE,
            header::PROXY_AUTHORIZATION,
            header::HOST,
        ] {
            headers.remove(name);
        }
    }
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
    fn secrets_stay_with_their_server() {
        let kept = |to: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, "secret".parse().unwrap());
            headers.insert(header::ACCEPT, "*/*".parse().unwrap());
            strip(
                &mut headers,
                &"http://a.example/".parse().unwrap(),
                &to.parse().unwrap(),
            );
            assert!(headers.contains_key(header::ACCEPT));
            headers.contains_key(header::AUTHORIZATION)
        };
        assert!(kept("http://a.example:80/x"));
        assert!(!kept("http://b.example/"));
        assert!(!kept("https://a.example/"));
        assert!(!kept("http://a.example:8080/"));
    }
}
