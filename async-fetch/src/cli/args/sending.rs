//! Flags for the request that is sent.

use std::path::PathBuf;

use anyhow::Context;
use async_fetch::{HeaderName, HeaderValue, Method};

use super::values;

#[derive(clap::Args, PartialEq)]
#[command(next_help_heading = "Request")]
pub(in crate::cli) struct Sending {
    /// Send this header; may be given more than once
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = values::header)]
    pub(in crate::cli) headers: Vec<(HeaderName, HeaderValue)>,
    /// Ask for the header only, and show it
    #[arg(short = 'I', long, conflicts_with_all = ["folder", "document"])]
    pub(in crate::cli) head: bool,
    /// Send this method
    #[arg(short = 'X', long = "request", value_name = "METHOD", value_parser = values::method)]
    #[arg(conflicts_with = "head")]
    pub(in crate::cli) method: Option<Method>,
    /// Send this body, or the content of a file (@FILE), by POST; as a form, unless -H says otherwise
    #[arg(short = 'd', long, value_name = "DATA", conflicts_with = "head")]
    data: Option<String>,
    /// Log in to the server of each URL
    #[arg(short = 'u', long, value_name = "USER:PASSWORD")]
    pub(in crate::cli) user: Option<String>,
    /// Log in by a digest: the password is not sent
    #[arg(long, requires = "user")]
    pub(in crate::cli) digest: bool,
    /// Take users and passwords from ~/.netrc
    #[arg(short = 'n', long)]
    pub(in crate::cli) netrc: bool,
    /// Take users and passwords from FILE
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) netrc_file: Option<PathBuf>,
    /// Send these cookies (NAME=VALUE), or begin with those in FILE
    #[arg(short = 'b', long, value_name = "COOKIES|FILE")]
    pub(in crate::cli) cookie: Option<String>,
    /// Begin with the cookies in FILE, if it exists, and write all cookies to it at the end
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) cookie_jar: Option<PathBuf>,
}

// The values may be secret, so no error prints them.
impl std::fmt::Debug for Sending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sending").finish_non_exhaustive()
    }
}

impl Sending {
    pub(in crate::cli) fn method(&self) -> Method {
        match &self.method {
            Some(method) => method.clone(),
            None if self.head => Method::HEAD,
            None if self.data.is_some() => Method::POST,
            None => Method::GET,
        }
    }

    /// The body.
    ///
    /// # Errors
    /// If the file can't be read.
    pub(in crate::cli) fn body(&self) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(data) = &self.data else {
            return Ok(None);
        };
        Ok(Some(match data.strip_prefix('@') {
            Some(path) => std::fs::read(path).with_context(|| path.to_owned())?,
            None => data.clone().into_bytes(),
        }))
    }
}
