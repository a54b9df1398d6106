//! The redirects of a request, and the headers that are sent to their targets (RFC 9110, section 15.4).

use http::{Method, StatusCode};
use url::Url;

use super::Job;
use crate::credentials::Credentials;
use crate::digest::Challenge;
use crate::error::Error;
use crate::redirect;
use crate::request::Request;

pub(super) struct Route<'a> {
    first: &'a Url,
    /// The first URL, or the mirror's, is https.
    begins_secure: bool,
    /// The current URL after redirects.
    moved: Option<Url>,
    method: Method,
    /// Whether the request's body is sent.
    pub(super) with_body: bool,
    redirects: Vec<Url>,
    /// The version of the cookie jar at the first redirect that a loop can lead back to.
    cookies: u64,
    circle_from: usize,
    /// The user and the password in the URL of a redirect.
    found: Option<Credentials>,
    /// The server's challenge for Digest.
    pub(super) challenge: Option<Challenge>,
    /// The existing part is useless: request all of the body.
    pub(super) from_the_start: bool,
}

impl<'a> Route<'a> {
    pub(super) fn new(request: &'a Request) -> Route<'a> {
        Route {
            first: &request.url,
            begins_secure: request.url.scheme() == "https",
            moved: None,
            method: request.method.clone(),
            with_body: true,
            redirects: Vec::new(),
            cookies: 0,
            circle_from: 0,
            found: None,
            challenge: None,
            from_the_start: false,
        }
    }

    /// The current URL.
    pub(super) fn url(&self) -> &Url {
        self.moved.as_ref().unwrap_or(self.first)
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether the current URL has the same scheme, host and port as the first: the request's secrets are
    /// for that server only.
    pub(super) fn is_at_home(&self) -> bool {
        self.moved
            .as_ref()
            .is_none_or(|to| redirect::is_same_origin(self.first, to))
    }

    /// Whether a redirect led from https to http: anybody on the network can read what is sent there.
    pub(super) fn is_in_clear_after_https(&self) -> bool {
        self.begins_secure && self.url().scheme() == "http"
    }

    pub(super) fn found(&self) -> Option<&Credentials> {
        self.found.as_ref()
    }

    pub(super) fn into_redirects(self) -> Vec<Url> {
        self.redirects
    }

    /// Turns to the next mirror, as at the beginning.
    pub(super) fn turn_to_mirror(&mut self, mirror: &Url, method: &Method) {
        let mut mirror = mirror.clone();
        self.found = Credentials::take_from(&mut mirror);
        self.begins_secure = mirror.scheme() == "https";
        self.circle_from = self.redirects.len();
        self.challenge = None;
        self.from_the_start = false;
        self.method = method.clone();
        self.with_body = true;
        self.moved = Some(mirror);
    }

    /// Turns to `to`. If it was there before, with the same method and the same `cookies`, the answer would be
    /// the same: that is a loop.
    fn turn_to(
        &mut self,
        mut to: Url,
        status: StatusCode,
        cookies: u64,
        limit: usize,
    ) -> Result<(), Error> {
        let found = Credentials::take_from(&mut to);
        let (method, with_body) = redirect::method(status, &self.method);
        if method != self.method || cookies != self.cookies {
            self.circle_from = self.redirects.len();
            self.cookies = cookies;
        } else {
            let since = &self.redirects[self.circle_from..];
            let at_first = self.circle_from == 0 && to == *self.first;
            if since.contains(&to) || at_first {
                return Err(Error::RedirectLoop(to.into()));
            }
        }
        if self.redirects.len() >= limit {
            return Err(Error::TooManyRedirects { limit });
        }
        if !redirect::is_same_origin(self.url(), &to) {
            self.challenge = None;
            self.found = None;
        }
        if found.is_some() {
            self.found = found;
        }
        self.with_body &= with_body;
        self.method = method;
        self.redirects.push(to.clone());
        self.moved = Some(to);
        Ok(())
    }
}

impl Job<'_> {
    /// Turns to the target of a redirect, if it is to be followed.
    pub(super) fn follow(&mut self, response: &reqwest::Response) -> Result<bool, Error> {
        let limit = self.inner.limits.redirects;
        if limit == 0 {
            return Ok(false);
        }
        let from = self.route.url();
        let Some(to) = redirect::location(from, response.headers())? else {
            return Ok(false);
        };
        let forbids = |rule: &crate::FollowRule| !rule(from, &to);
        if self.inner.follow.as_ref().is_some_and(forbids) {
            return Ok(false);
        }
        let cookies = self.inner.cookies.as_ref().map_or(0, |jar| jar.version());
        self.route.turn_to(to, response.status(), cookies, limit)?;
        Ok(true)
    }
}
