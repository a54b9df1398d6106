//! The way of a request: redirects, and the headers that go along (RFC 9110, section 15.4).

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
    /// Where redirects led.
    moved: Option<Url>,
    method: Method,
    /// Whether the request's body goes along.
    pub(super) with_body: bool,
    redirects: Vec<Url>,
    /// What cookies there were when the first of the redirects that could make a circle was met.
    cookies: u64,
    circle_from: usize,
    /// What the URL of a redirect had in front of its host.
    found: Option<Credentials>,
    /// What the server wants a digest for.
    pub(super) challenge: Option<Challenge>,
    /// What an earlier run left is of no use.
    pub(super) from_the_start: bool,
}

impl<'a> Route<'a> {
    pub(super) fn new(request: &'a Request) -> Route<'a> {
        Route {
            first: &request.url,
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

    /// Where it goes now.
    pub(super) fn url(&self) -> &Url {
        self.moved.as_ref().unwrap_or(self.first)
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    /// Whether it goes where the request's secrets are meant to go: to the same scheme, host, and
    /// port as at first.
    pub(super) fn is_at_home(&self) -> bool {
        self.moved
            .as_ref()
            .is_none_or(|to| redirect::is_same_origin(self.first, to))
    }

    pub(super) fn found(&self) -> Option<&Credentials> {
        self.found.as_ref()
    }

    pub(super) fn into_redirects(self) -> Vec<Url> {
        self.redirects
    }

    /// Turns to the next mirror, as if nothing had been asked yet.
    pub(super) fn turn_to_mirror(&mut self, mirror: &Url, method: &Method) {
        let mut mirror = mirror.clone();
        self.found = Credentials::take_from(&mut mirror);
        self.circle_from = self.redirects.len();
        self.challenge = None;
        self.from_the_start = false;
        self.method = method.clone();
        self.with_body = true;
        self.moved = Some(mirror);
    }

    /// Turns to `to`. With a redirect to where it was before, there would be the same answer, unless
    /// the method is another, or there are other `cookies`.
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
    /// Turns to where a redirect leads, if it is to be followed.
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
