//! Users, passwords and other secrets. Each is sent to its own server only.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use percent_encoding::percent_decode_str;
use url::Url;

/// A user's name and password for one server. Neither is printed, not even by [`Debug`](fmt::Debug).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) digest: bool,
}

impl Credentials {
    /// Basic authentication (RFC 7617): sent with each request, over `http://` in clear.
    pub fn basic(user: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials {
            user: user.into(),
            password: password.into(),
            digest: false,
        }
    }

    /// Digest authentication (RFC 7616): the server asks first, and never gets the password.
    pub fn digest(user: impl Into<String>, password: impl Into<String>) -> Credentials {
        Credentials {
            digest: true,
            ..Credentials::basic(user, password)
        }
    }

    /// Takes the user and the password out of a URL, so that they can't be printed with it.
    pub fn take_from(url: &mut Url) -> Option<Credentials> {
        if url.username().is_empty() && url.password().is_none() {
            return None;
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let it = Credentials::basic(decode(url.username()), decode(url.password().unwrap_or("")));
        // Both work for every URL that has them.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Some(it)
    }

    /// The value of `Authorization`, for Basic authentication.
    pub fn as_basic(&self) -> Option<HeaderValue> {
        let pair = STANDARD.encode(format!("{}:{}", self.user, self.password));
        let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Whether a header is for one server only.
///
/// These are `Authorization` and `Cookie`, [`Host`](header::HOST), all headers whose name says that they
/// hold a secret, and values that were [marked](HeaderValue::set_sensitive) as secret.
pub fn is_secret(name: &HeaderName, value: &HeaderValue) -> bool {
    /// Parts of the names of `Authorization`, `X-Api-Key`, `Private-Token` and the like.
    const TELLING: [&str; 7] = [
        "auth", "cookie", "token", "key", "secret", "password", "session",
    ];
    value.is_sensitive()
        || *name == header::HOST
        || TELLING.iter().any(|part| name.as_str().contains(part))
}

/// A text that may be a URL, with `***` in the place of the user and the password.
///
/// It also finds them in a text that is not a valid URL, since errors show such texts.
///
/// # Examples
///
/// ```
/// use async_fetch::without_userinfo;
///
/// assert_eq!(without_userinfo("http://me:secret@a.example/x"), "http://***@a.example/x");
/// assert_eq!(without_userinfo("me:secret@a.example:x"), "***@a.example:x");
/// assert_eq!(without_userinfo("http://a.example/@x"), "http://a.example/@x");
/// ```
pub fn without_userinfo(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    let start = text.find("//").map_or(0, |at| at + 2);
    let rest = &text[start..];
    // In an invalid URL a password may end anywhere: hide everything before the last @.
    let end = match Url::parse(text) {
        Ok(url) if url.has_host() => rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()),
        _ => rest.len(),
    };
    match rest[..end].rfind('@') {
        Some(at) => format!("{}***{}", &text[..start], &rest[at..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn userinfo_is_taken_out_and_decoded() {
        let mut url: Url = "http://Aladdin:open%20sesame@a.example/x?y#z"
            .parse()
            .unwrap();
        let credentials = Credentials::take_from(&mut url).unwrap();
        assert_eq!(url.as_str(), "http://a.example/x?y#z");
        // RFC 7617, section 2.
        let value = credentials.as_basic().unwrap();
        assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{credentials:?} {value:?}").contains("QWx"));
        assert_eq!(Credentials::take_from(&mut url), None);
    }

    #[test]
    fn no_password_survives_in_a_text() {
        for text in [
            "http://u:secret@a.example/",
            "http://u:sec/secret@a.example/",
            "http://u:secret@a.example:port/",
            "u:secret@a.example",
            "//secret@a",
            "http://u:p@secret@a.example/",
            "http:// secret@a b",
        ] {
            assert!(!without_userinfo(text).contains("secret"), "{text}");
        }
        for text in [
            "http://a.example/x@y",
            "nonsense",
            "http://a.example?q=a@b",
            "",
        ] {
            assert_eq!(without_userinfo(text), text);
        }
    }

    #[test]
    fn headers_that_log_in_are_secret() {
        let secret = |name: &str| is_secret(&name.parse().unwrap(), &HeaderValue::from_static("x"));
        for name in [
            "authorization",
            "cookie",
            "proxy-authorization",
            "x-api-key",
            "private-token",
        ] {
            assert!(secret(name), "{name}");
        }
        for name in ["accept", "user-agent", "x-mine", "referer"] {
            assert!(!secret(name), "{name}");
        }
        let mut marked = HeaderValue::from_static("x");
        marked.set_sensitive(true);
        assert!(is_secret(&header::ACCEPT, &marked));
    }
}
