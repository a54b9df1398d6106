//! Headers, users with passwords, and cookies of requests. Secrets are sent only to the servers of the given
//! URLs, and never to the target of a link or a redirect on another server.

use std::fmt;
use std::sync::Arc;

use async_fetch::{
    CookieJar, Credentials, HeaderMap, HeaderName, HeaderValue, Url, is_same_origin, is_secret,
};

/// See the module.
#[derive(Clone, Default)]
pub struct Access {
    /// Headers of every request. Secret ones ([`is_secret`]) are for the servers of the given URLs.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The user for those servers, unless the URL has a user of its own.
    pub user: Option<Credentials>,
    /// The cookie jar.
    pub cookies: Option<Arc<CookieJar>>,
    /// The users that were in URLs, by the URL.
    pub users: Vec<(Url, Credentials)>,
}

impl Access {
    /// Takes the user and the password out of a URL, so that they can't be printed with it.
    pub fn take_from(&mut self, url: &mut Url) {
        if let Some(user) = Credentials::take_from(url) {
            self.users.push((url.clone(), user));
        }
    }

    /// The headers that are not secret: every server gets them.
    pub(crate) fn told_headers(&self) -> HeaderMap {
        let told = self.headers.iter();
        let told = told.filter(|(name, value)| !is_secret(name, value));
        told.cloned().collect()
    }

    /// The headers for a URL. `own` are the given URLs.
    pub(crate) fn headers(&self, url: &Url, own: &[Url]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.headers.is_empty() && self.user.is_none() && self.users.is_empty() {
            return headers;
        }
        let at_home = own.iter().any(|own| is_same_origin(own, url));
        for (name, value) in &self.headers {
            if at_home || !is_secret(name, value) {
                headers.append(name.clone(), value.clone());
            }
        }
        let named = self.users.iter().find(|(own, _)| is_same_origin(own, url));
        let user = named.map(|(_, user)| user);
        let user = user.or(self.user.as_ref().filter(|_| at_home));
        if let Some(user) = user
            && !headers.contains_key("authorization")
            && let Some(value) = user.as_basic()
        {
            headers.insert("authorization", value);
        }
        headers
    }
}

// It may contain secrets.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl PartialEq for Access {
    fn eq(&self, other: &Access) -> bool {
        let jar = |it: &Access| it.cookies.as_ref().map(Arc::as_ptr);
        (&self.headers, &self.user, &self.users, jar(self))
            == (&other.headers, &other.user, &other.users, jar(other))
    }
}

impl Eq for Access {}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn secrets_stay_with_the_servers_of_the_urls_given() {
        let mut seeds = [url("http://me:own@b.example/"), url("http://a.example/x")];
        let mut access = Access {
            headers: vec![
                (
                    HeaderName::from_static("accept-language"),
                    HeaderValue::from_static("eo"),
                ),
                (
                    HeaderName::from_static("x-api-key"),
                    HeaderValue::from_static("1"),
                ),
            ],
            user: Some(Credentials::basic("Aladdin", "open sesame")),
            ..Access::default()
        };
        seeds.iter_mut().for_each(|seed| access.take_from(seed));
        assert_eq!(seeds[0].as_str(), "http://b.example/");
        let sent = |text: &str| {
            let headers = access.headers(&url(text), &seeds);
            let text = |name| {
                headers
                    .get(name)
                    .map(|it: &HeaderValue| it.to_str().unwrap().to_owned())
            };
            [
                text("accept-language"),
                text("x-api-key"),
                text("authorization"),
            ]
        };
        let some = |text: &str| Some(text.to_owned());
        // RFC 7617, section 2.
        let user = some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(sent("http://a.example/y"), [some("eo"), some("1"), user]);
        // `printf me:own | base64`
        let own = some("Basic bWU6b3du");
        assert_eq!(sent("http://b.example/z"), [some("eo"), some("1"), own]);
        for other in [
            "https://a.example/",
            "http://a.example:81/",
            "http://c.example/",
        ] {
            assert_eq!(sent(other), [some("eo"), None, None], "{other}");
        }
        assert_eq!(format!("{access:?}"), "Access { .. }");
    }
}
