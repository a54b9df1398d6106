//! What is asked for, and what is to become of the answer.

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::sync::mpsc;
use url::Url;

use crate::checksum::Checksum;
use crate::error::Error;

/// What becomes of a body.
#[derive(Clone, Debug, Default)]
pub enum Keep {
    /// It is read, counted and thrown away.
    Nothing,
    /// It is kept in memory, decoded; see [`Limits::body_in_memory`](crate::Limits).
    #[default]
    Memory,
    /// It is saved, as it came, as this file: under its name when it is whole, and not before.
    /// What an earlier run left of it is gone on with. Only the body of a success is saved.
    File(PathBuf),
    /// It is sent, piece by piece and decoded, to whoever holds the other end, and no faster than
    /// that one takes it. Once a piece has been sent there is no further attempt. If the other end
    /// is dropped, the rest is not read.
    Channel(mpsc::Sender<Bytes>),
}

/// A request.
///
/// # Examples
///
/// ```
/// use async_fetch::{Keep, Request};
///
/// let request = Request::get("http://127.0.0.1:8000/")?.keep(Keep::Nothing).tag(7);
/// assert_eq!(request.url().path(), "/");
/// assert!(Request::get("not a URL").is_err());
/// # Ok::<(), async_fetch::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Request {
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) keep: Keep,
    pub(crate) tag: u64,
    pub(crate) cut: bool,
    decode: Option<bool>,
    /// `None` as long as nothing of it is set.
    extras: Option<Box<Extras>>,
}

/// What few requests have. It lies apart, because a request is moved a number of times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) body_limit: Option<u64>,
    pub(crate) checksum: Option<Checksum>,
}

impl Request {
    /// A request by any method.
    pub fn new(method: Method, url: Url) -> Request {
        Request {
            url,
            method,
            keep: Keep::default(),
            tag: 0,
            cut: false,
            decode: None,
            extras: None,
        }
    }

    /// A GET.
    ///
    /// # Errors
    /// If it is no URL.
    pub fn get(url: impl AsRef<str>) -> Result<Request, Error> {
        Ok(Request::new(Method::GET, url.as_ref().parse()?))
    }

    /// A HEAD.
    ///
    /// # Errors
    /// If it is no URL.
    pub fn head(url: impl AsRef<str>) -> Result<Request, Error> {
        Ok(Request::new(Method::HEAD, url.as_ref().parse()?))
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Request {
        self.extras_mut().headers.append(name, value);
        self
    }

    /// Sends a body along.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Request {
        self.extras_mut().body = Some(body.into());
        self
    }

    /// What becomes of the answer's body (default: it is kept in memory).
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Request {
        self.keep = keep;
        self
    }

    /// A number of the caller's own, which the outcome has too (default: 0).
    #[must_use]
    pub fn tag(mut self, tag: u64) -> Request {
        self.tag = tag;
        self
    }

    /// How long the body may be, instead of what [`Limits`](crate::Limits) says.
    #[must_use]
    pub fn body_limit(mut self, bytes: u64) -> Request {
        self.extras_mut().body_limit = Some(bytes);
        self
    }

    /// A body longer than its limit is cut there, which [`Answer::cut`](crate::Answer) tells (default:
    /// it is an error).
    #[must_use]
    pub fn cut_at_limit(mut self) -> Request {
        self.cut = true;
        self
    }

    /// Whether compression is asked for, and undone (default: yes, but for files and where the body is
    /// thrown away).
    #[must_use]
    pub fn decode(mut self, decode: bool) -> Request {
        self.decode = Some(decode);
        self
    }

    /// Which checksum the body must have.
    #[must_use]
    pub fn checksum(mut self, checksum: Checksum) -> Request {
        self.extras_mut().checksum = Some(checksum);
        self
    }

    pub(crate) fn extras(&self) -> Option<&Extras> {
        self.extras.as_deref()
    }

    fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    pub(crate) fn checksum_wanted(&self) -> Option<Checksum> {
        self.extras()?.checksum
    }

    pub(crate) fn decodes(&self) -> bool {
        let usual = matches!(self.keep, Keep::Memory | Keep::Channel(_));
        self.decode.unwrap_or(usual)
    }
}
