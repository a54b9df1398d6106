//! Fetches a URL, in code that reads from top to bottom: connect, write, read. HTTP itself is in
//! [`protocols::http`].

use std::fmt;
use std::io::{Read, Write};

use protocols::http::{Error, Head, Parser, Piece, Request, without_userinfo};
use url::Url;

use crate::net::TcpStream;

pub use protocols::http::{Fetched, Limits};

/// A fetch that failed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Failed {
    /// The URL, without a user's name and password.
    pub url: Url,
    /// Why it failed.
    pub cause: Error,
}

impl Failed {
    fn new(url: &Url, cause: Error) -> Failed {
        let url = without_userinfo(url);
        Failed { url, cause }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, cause) = (self.url.as_str(), self.cause.to_string());
        match cause.starts_with(url) {
            true => f.write_str(&cause),
            false => write!(f, "{url}: {cause}"),
        }
    }
}

impl std::error::Error for Failed {}

/// Fetches `url`. `sink` gets the body piece by piece, and may fail.
///
/// With redirects, only the last body goes to `sink`. A user's name and password in the URL are
/// sent, but they are neither in the result nor in an error.
///
/// # Errors
///
/// The error, with the URL.
///
/// # Examples
///
/// ```no_run
/// use green_threads::fetch::{Limits, fetch};
///
/// let urls = ["http://127.0.0.1:8000/a", "http://127.0.0.1:8000/b"];
/// let pool = green_threads::Pool::new(10);
/// let lengths = pool.imap_unordered(urls, |url| {
///     let url = url.parse().expect("a URL");
///     fetch(&url, Limits::default(), |_| Ok(())).map(|fetched| fetched.length)
/// });
/// for length in lengths {
///     println!("{length:?}");
/// }
/// ```
pub fn fetch(
    url: &Url,
    limits: Limits,
    mut sink: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<Fetched, Failed> {
    let mut url = url.clone();
    for _ in 0..=limits.redirects {
        match get(&url, limits, &mut sink).map_err(|error| Failed::new(&url, error))? {
            Got::Body { status, length } => {
                return Ok(Fetched {
                    url: without_userinfo(&url),
                    status,
                    length,
                });
            }
            Got::Redirect(location) => {
                url = url.join(&location).map_err(|error| {
                    let what = format!("redirects to {location:?}: {error}");
                    Failed::new(&url, Error::other(what))
                })?;
            }
        }
    }
    let cause = Error::TooManyRedirects(limits.redirects);
    Err(Failed::new(&url, cause))
}

enum Got {
    Body { status: u16, length: u64 },
    Redirect(String),
}

fn get(
    url: &Url,
    limits: Limits,
    sink: &mut impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<Got, Error> {
    let Request { host, port, text } = Request::get(url)?;
    let mut stream = TcpStream::connect((host.as_str(), port)).map_err(Error::other)?;
    let idle = Some(limits.idle);
    stream.set_read_timeout(idle).map_err(Error::other)?;
    stream.set_write_timeout(idle).map_err(Error::other)?;
    stream.write_all(text.as_bytes()).map_err(Error::other)?;
    let mut parser = Parser::new(limits.header, limits.body);
    let mut head: Option<Head> = None;
    let mut length = 0;
    let mut buffer = vec![0; 16 * 1024];
    while !parser.is_over() {
        let read = stream.read(&mut buffer).map_err(Error::other)?;
        if read == 0 {
            parser.end()?;
            break;
        }
        parser.feed(&buffer[..read], |piece| match piece {
            Piece::Head(came) => {
                head = Some(came.clone());
                Ok(())
            }
            // Of a redirect, only the header is needed.
            Piece::Body(_) if head.as_ref().and_then(target).is_some() => Ok(()),
            Piece::Body(bytes) => {
                length += bytes.len() as u64;
                sink(bytes)
            }
        })?;
        if head.as_ref().and_then(target).is_some() {
            break;
        }
    }
    match head {
        None => Err(Error::other("no answer")),
        Some(head) => Ok(match target(&head) {
            Some(location) => Got::Redirect(location.to_owned()),
            None => Got::Body {
                status: head.status,
                length,
            },
        }),
    }
}

/// The URL of a redirect.
fn target(head: &Head) -> Option<&str> {
    let redirects = matches!(head.status, 301 | 302 | 303 | 307 | 308);
    head.location.as_deref().filter(|_| redirects)
}
