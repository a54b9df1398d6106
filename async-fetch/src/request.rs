//! A request, and what is to be done with the answer.

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::sync::mpsc;
use url::Url;

use crate::checksum::Checksum;
use crate::credentials::Credentials;
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
    /// A file that another program left is gone on with.
    pub(crate) adopts: bool,
    /// The file gets the time that the server says.
    pub(crate) keeps_time: bool,
    /// Ranges of the file that are fetched at once.
    pub(crate) segments: usize,
    /// The checksum is made, whatever it should be.
    summed: bool,
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
    pub(crate) credentials: Option<Credentials>,
    /// The next first.
    pub(crate) mirrors: Vec<Url>,
}

impl Request {
    /// A request by any method. The user and the password that stand in the URL are taken out of
    /// it and sent to its server, and are not in any URL that is told from then on.
    pub fn new(method: Method, mut url: Url) -> Request {
        let credentials = Credentials::take_from(&mut url);
        let request = Request {
            url,
            method,
            keep: Keep::default(),
            tag: 0,
            cut: false,
            adopts: false,
            keeps_time: false,
            segments: 1,
            summed: false,
            decode: None,
            extras: None,
        };
        match credentials {
            Some(credentials) => request.credentials(credentials),
            None => request,
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

    /// Where it goes, without a user and a password.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a header. One that is secret is for this URL's server only (scheme, host, port), and is
    /// not taken along to another: `Authorization`, `Cookie`, all whose name has `auth`, `token`,
    /// `key`, `secret`, `password` or `session` in it, and what is [marked](HeaderValue::set_sensitive).
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Request {
        self.extras_mut().headers.append(name, value);
        self
    }

    /// The user and the password for this URL's server (scheme, host, port).
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Request {
        self.extras_mut().credentials = Some(credentials);
        self
    }

    /// Other URLs of the same body, in order: each is asked if the one before it fails. What was given
    /// for the first URL's server only is not sent to them.
    #[must_use]
    pub fn mirrors(mut self, mirrors: Vec<Url>) -> Request {
        self.extras_mut().mirrors = mirrors;
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

    /// Whether it has a user and a password: those of its URL, perhaps.
    pub fn has_credentials(&self) -> bool {
        self.extras()
            .is_some_and(|extras| extras.credentials.is_some())
    }

    /// Makes the body's checksum, which the answer then [has](crate::Answer::checksum).
    #[must_use]
    pub fn summed(mut self) -> Request {
        self.summed = true;
        self
    }

    /// Goes on with a file that another program left incomplete (default: it is fetched anew). It has
    /// to be the beginning of what the server has now: nobody can know, but for a checksum.
    #[must_use]
    pub fn adopt(mut self) -> Request {
        self.adopts = true;
        self
    }

    /// Gives a file the time of its `Last-Modified` (default: that of its last byte).
    #[must_use]
    pub fn keep_time(mut self) -> Request {
        self.keeps_time = true;
        self
    }

    /// Fetches a big file in up to so many ranges at once (default: 1; 16 at most), from its mirrors too
    /// if they have the same: the same length, and the same `Last-Modified` or a checksum. The server has
    /// to say that it takes ranges, and each range takes a place of its own, as requests do. Ranges are
    /// no shorter than [`Limits::segment`](crate::Limits).
    #[must_use]
    pub fn segments(mut self, at_once: usize) -> Request {
        self.segments = at_once.max(1);
        self
    }

    pub(crate) fn is_summed(&self) -> bool {
        self.summed || self.checksum_wanted().is_some()
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
