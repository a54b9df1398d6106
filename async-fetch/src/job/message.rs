//! The message that is sent.

use http::{HeaderMap, HeaderValue, header};

use super::Job;
use crate::credentials::{Credentials, is_secret};
use crate::decode;
use crate::error::Error;
use crate::part::Left;

impl Job<'_> {
    /// The message. `left` is the existing part of the body, of which only the rest is requested.
    pub(super) fn message(&mut self, left: Option<&Left>) -> Result<reqwest::Request, Error> {
        let url = self.route.url().clone();
        let mut message = reqwest::Request::new(self.route.method().clone(), url);
        self.given(message.headers_mut());
        if let Some(left) = left {
            let headers = message.headers_mut();
            headers.insert(header::RANGE, range(left));
            let condition = left.validator.as_ref().and_then(|it| it.condition());
            if let Some(condition) = condition {
                headers.insert(header::IF_RANGE, condition);
            }
        }
        let headers = message.headers_mut();
        if self.request.decodes() && !headers.contains_key(header::ACCEPT_ENCODING) {
            let accepted = HeaderValue::from_static(decode::ACCEPTED);
            headers.insert(header::ACCEPT_ENCODING, accepted);
        }
        if let Some(authorization) = self.authorization(headers) {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        if let Some(jar) = &self.inner.cookies
            && let Some(cookies) = jar.header(self.route.url(), headers.get(header::COOKIE))
        {
            headers.insert(header::COOKIE, cookies);
        }
        if self.route.with_body
            && let Some(body) = self.request.extras().and_then(|extras| extras.body.clone())
        {
            *message.body_mut() = Some(body.into());
        }
        Ok(message)
    }

    /// The given headers. Those of the request replace those of the fetcher. Secret ones are sent only to the
    /// server that they were given for.
    fn given(&self, headers: &mut HeaderMap) {
        let at_home = self.route.is_at_home();
        let own = self.request.extras().map(|extras| &extras.headers);
        let own = own.filter(|own| !own.is_empty());
        let goes_along = |name: &http::HeaderName, value: &HeaderValue| {
            let of_body = *name == header::CONTENT_TYPE || *name == header::CONTENT_LENGTH;
            (at_home || !is_secret(name, value)) && (self.route.with_body || !of_body)
        };
        for (name, value) in &self.inner.headers {
            if own.is_none_or(|own| !own.contains_key(name)) && goes_along(name, value) {
                headers.append(name, value.clone());
            }
        }
        for (name, value) in own.into_iter().flatten() {
            if goes_along(name, value) {
                headers.append(name, value.clone());
            }
        }
    }

    /// The user and the password for the current URL.
    pub(super) fn credentials(&self) -> Option<Credentials> {
        if let Some(found) = self.route.found() {
            return Some(found.clone());
        }
        let given = self
            .request
            .extras()
            .and_then(|extras| extras.credentials.clone());
        given.filter(|_| self.route.is_at_home()).or_else(|| {
            let rule = self.inner.credentials.as_ref()?;
            match self.route.is_in_clear_after_https() {
                true => None,
                false => rule(self.route.url()),
            }
        })
    }

    fn authorization(&mut self, headers: &HeaderMap) -> Option<HeaderValue> {
        if headers.contains_key(header::AUTHORIZATION) {
            return None;
        }
        let credentials = self.credentials()?;
        if !credentials.digest {
            return credentials.as_basic();
        }
        let method = self.route.method().clone();
        let target = target(self.route.url());
        let challenge = self.route.challenge.as_mut()?;
        challenge.answer(&credentials, method.as_str(), &target)
    }
}

/// The request target: the second word of the first line.
fn target(url: &url::Url) -> String {
    url[url::Position::BeforePath..url::Position::AfterQuery].to_owned()
}

fn range(left: &Left) -> HeaderValue {
    let last = left.until.map(|until| (until - 1).to_string());
    let text = format!("bytes={}-{}", left.length, last.unwrap_or_default());
    // Digits are allowed in every header.
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("bytes=0-"))
}
