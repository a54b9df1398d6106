//! A request, and what to do with the answer.

use std::path::PathBuf;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use tokio::sync::mpsc;
use url::Url;

use crate::checksum::Checksum;
use crate::credentials::Credentials;
use crate::error::Error;

/// What to do with a body.
#[derive(Clone, Debug, Default)]
pub enum Keep {
    /// It is read, counted and thrown away.
    Nothing,
    /// It is kept in memory, decoded; see [`Limits::body_in_memory`](crate::Limits).
    #[default]
    Memory,
    /// It is saved as this file, as it came. The file appears when it is complete. The part of an earlier
    /// run is resumed. Only the body of a success is saved.
    File(PathBuf),
    /// It is sent to a channel, decoded, piece by piece, and no faster than the receiver takes the pieces.
    /// Once a piece has been sent there is no further attempt. If the receiver is dropped, the rest is not
    /// read.
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
    /// Resume a file of another program.
    pub(crate) adopts: bool,
    /// Give the file the server's time.
    pub(crate) keeps_time: bool,
    /// Ranges of the file that are fetched at once.
    pub(crate) segments: usize,
    /// Compute the checksum, even if none is expected.
    summed: bool,
    decode: Option<bool>,
    /// `None` as long as nothing of it is set.
    extras: Option<Box<Extras>>,
}

/// Settings that few requests have. They are boxed, because a request is moved several times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
    pub(crate) body_limit: Option<u64>,
    pub(crate) checksum: Option<Checksum>,
    pub(crate) credentials: Option<Credentials>,
    /// In the order in which they are tried.
    pub(crate) mirrors: Vec<Url>,
}

impl Request {
    /// A request by any method. A user and a password in the URL are taken out of it and sent to its server.
    /// No URL that is returned later contains them.
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
    /// If the text is not a URL.
    pub fn get(url: impl AsRef<str>) -> Result<Request, Error> {
        Ok(Request::new(Method::GET, url.as_ref().parse()?))
    }

    /// A HEAD.
    ///
    /// # Errors
    /// If the text is not a URL.
    pub fn head(url: impl AsRef<str>) -> Result<Request, Error> {
        Ok(Request::new(Method::HEAD, url.as_ref().parse()?))
    }

    /// Its URL, without a user and a password.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a header. A secret header is sent to this URL's server only (scheme, host, port). Secret are
    /// `Authorization`, `Cookie`, all headers whose name contains `auth`, `token`, `key`, `secret`, `password`
    /// or `session`, and [marked](HeaderValue::set_sensitive) values.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Request {
        self.extras_mut().headers.append(name, value);
        self
    }

    /// Sets the user and the password for this URL's server (scheme, host, port).
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Request {
        self.extras_mut().credentials = Some(credentials);
        self
    }

    /// Other URLs of the same body: each is tried if the one before it fails. Secrets are for the first URL's
    /// server only, and are not sent to mirrors.
    #[must_use]
    pub fn mirrors(mut self, mirrors: Vec<Url>) -> Request {
        self.extras_mut().mirrors = mirrors;
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Request {
        self.extras_mut().body = Some(body.into());
        self
    }

    /// What to do with the answer's body (default: keep it in memory).
    #[must_use]
    pub fn keep(mut self, keep: Keep) -> Request {
        self.keep = keep;
        self
    }

    /// A number of the caller, which the outcome has too (default: 0).
    #[must_use]
    pub fn tag(mut self, tag: u64) -> Request {
        self.tag = tag;
        self
    }

    /// Bytes of the body, at most, instead of the limit in [`Limits`](crate::Limits).
    #[must_use]
    pub fn body_limit(mut self, bytes: u64) -> Request {
        self.extras_mut().body_limit = Some(bytes);
        self
    }

    /// Cuts a body that is longer than its limit; then [`Answer::cut`](crate::Answer) is true. (Default: that
    /// is an error.)
    #[must_use]
    pub fn cut_at_limit(mut self) -> Request {
        self.cut = true;
        self
    }

    /// Whether compression is requested and decoded (default: yes, but not for files and for bodies that are
    /// thrown away).
    #[must_use]
    pub fn decode(mut self, decode: bool) -> Request {
        self.decode = Some(decode);
        self
    }

    /// The checksum that the body must have.
    #[must_use]
    pub fn checksum(mut self, checksum: Checksum) -> Request {
        self.extras_mut().checksum = Some(checksum);
        self
    }

    /// Whether it has a user and a password, given or from its URL.
    pub fn has_credentials(&self) -> bool {
        self.extras()
            .is_some_and(|extras| extras.credentials.is_some())
    }

    /// Computes the body's checksum, for [`Answer::checksum`](crate::Answer::checksum).
    #[must_use]
    pub fn summed(mut self) -> Request {
        self.summed = true;
        self
    }

    /// Resumes a file that another program left incomplete (default: it is fetched from the beginning). The
    /// file must be the beginning of the server's: only a checksum can show that.
    #[must_use]
    pub fn adopt(mut self) -> Request {
        self.adopts = true;
        self
    }

    /// Gives a file the time of its `Last-Modified` (default: the time of its last write).
    #[must_use]
    pub fn keep_time(mut self) -> Request {
        self.keeps_time = true;
        self
    }

    /// Fetches a big file in up to this many ranges at once (default: 1; 16 at most). Mirrors are used too, if
    /// they have the same length, and the same `Last-Modified` or a checksum. The server has to announce that
    /// it sends ranges. Each range needs a permit of its own, as a request does. Ranges are no shorter than
    /// [`Limits::segment`](crate::Limits).
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
