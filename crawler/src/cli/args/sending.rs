//! Flags for headers and secrets. Secrets are for the servers of the given URLs.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use async_fetch::{CookieJar, Credentials, HeaderName, HeaderValue};
use crawler::access::Access;

use super::values;

#[derive(clap::Args, PartialEq)]
#[command(next_help_heading = "What is sent along")]
pub(in crate::cli) struct Sending {
    /// Send this header; repeatable. A secret header is sent to the servers of the given URLs only
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = values::header)]
    headers: Vec<(HeaderName, HeaderValue)>,
    /// Log in to the servers of the given URLs (Basic)
    #[arg(short = 'u', long, value_name = "USER:PASSWORD")]
    user: Option<String>,
    /// Send these cookies (NAME=VALUE) to the servers of the given URLs; or keep cookies for the run, and
    /// begin with those in FILE, in curl's format
    #[arg(short = 'b', long, value_name = "COOKIES|FILE")]
    cookie: Option<String>,
    /// Keep the cookies that servers set, for the run
    #[arg(long)]
    cookies: bool,
}

// The values may be secret, so no error prints them.
impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

impl Sending {
    /// # Errors
    /// If the file of cookies can't be read.
    pub(super) fn access(&self) -> anyhow::Result<Access> {
        let mut access = Access {
            headers: self.headers.clone(),
            user: self.user.as_deref().map(|user| {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                Credentials::basic(name, password)
            }),
            cookies: self.cookies.then(|| Arc::new(CookieJar::new())),
            ..Access::default()
        };
        match self.cookie.as_deref() {
            Some(text) if text.contains('=') => {
                let value = HeaderValue::from_bytes(text.as_bytes());
                let mut value = value.context("--cookie: can't stand in a header")?;
                value.set_sensitive(true);
                let name = HeaderName::from_static("cookie");
                access.headers.push((name, value));
            }
            Some(path) => {
                let jar = CookieJar::load(Path::new(path)).with_context(|| path.to_owned())?;
                access.cookies = Some(Arc::new(jar));
            }
            None => {}
        }
        Ok(access)
    }
}
