//! Messages of HTTP/1.1 (RFC 9112): a request to send, and a response, cut anywhere, taken apart.

use std::time::Duration;

use url::Url;

/// The limits of a fetch.
///
/// # Examples
///
/// ```
/// let limits = protocols::http::Limits { redirects: 0, ..Default::default() };
/// assert_eq!(limits.header, 64 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many redirects are followed: 10.
    pub redirects: usize,
    /// How long a response's header may be, in bytes, and the lines between chunks: 64 KiB.
    pub header: usize,
    /// How long a body may be, in bytes: 1 GiB.
    pub body: u64,
    /// How long nothing may come: 30 s.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            redirects: 10,
            header: 64 * 1024,
            body: 1 << 30,
            idle: Duration::from_secs(30),
        }
    }
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// From where, in the end.
    pub url: Url,
    /// The status: 200 is good, and so is everything below 300.
    pub status: u16,
    /// How many bytes the body has.
    pub length: u64,
}

/// A request, and whom to send it to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// A name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What to send.
    pub text: String,
}

impl Request {
    /// The request for what is at `url`.
    ///
    /// # Errors
    ///
    /// When that is not http, or has no host.
    ///
    /// # Examples
    ///
    /// ```
    /// let url = "http://127.0.0.1:8000/a?b".parse()?;
    /// let request = protocols::http::Request::get(&url)?;
    /// assert_eq!((request.host.as_str(), request.port), ("127.0.0.1", 8000));
    /// assert!(request.text.starts_with("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get(url: &Url) -> Result<Request, Error> {
        if url.scheme() != "http" {
            let scheme = url.scheme();
            return Err(Error::other(format!(
                "{url}: {scheme}: only http is spoken here"
            )));
        }
        let host = url
            .host_str()
            .ok_or_else(|| Error::other(format!("{url}: no host")))?;
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let query = url.query().map(|query| format!("?{query}"));
        // `Url` has percent-encoded what could end a line.
        let text = format!(
            "GET {}{} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: many-hands\r\n\
             Accept: */*\r\nConnection: close\r\n\r\n",
            url.path(),
            query.unwrap_or_default()
        );
        Ok(Request {
            // An address of six is written in brackets.
            host: host.trim_matches(['[', ']']).to_owned(),
            port: url.port_or_known_default().unwrap_or(80),
            text,
        })
    }
}

/// What is wrong with a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It breaks the rules of HTTP, or is over a limit.
    #[error("{0}")]
    Malformed(&'static str),
    /// Whatever else: see [`Error::other`].
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = protocols::http::Error::other("the disk is full");
    /// assert_eq!(error.to_string(), "the disk is full");
    /// ```
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Other(error.into())
    }
}

/// What is known when a response's header has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// Where it says to go on, if it does.
    pub location: Option<String>,
}

/// A part of a response.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Its header; comes once, and first.
    Head(&'a Head),
    /// Some of its body.
    Body(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    StatusLine,
    Header,
    /// So many bytes are left.
    Length(u64),
    UntilEnd,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    Over,
}

/// Takes a response apart, piece by piece; holds no more of it than a line.
///
/// # Examples
///
/// ```
/// use protocols::http::{Parser, Piece};
///
/// let mut parser = Parser::new(1024, 1024);
/// let mut body = Vec::new();
/// let response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
/// for byte in response.bytes() {
///     parser.feed(&[byte], |piece| {
///         match piece {
///             Piece::Head(head) => assert_eq!(head.status, 200),
///             Piece::Body(bytes) => body.extend_from_slice(bytes),
///         }
///         Ok::<_, protocols::http::Error>(())
///     })?;
/// }
/// assert!(parser.is_over());
/// assert_eq!(body, b"abc");
/// # Ok::<(), protocols::http::Error>(())
/// ```
#[derive(Debug)]
pub struct Parser {
    state: State,
    line: Vec<u8>,
    /// Bytes of header and of what is between chunks that may still come.
    header_left: usize,
    body_left: u64,
    head: Head,
    length: Option<u64>,
    chunked: bool,
}

impl Parser {
    /// With limits for the header, and all that is no body, and for the body.
    pub fn new(header: usize, body: u64) -> Parser {
        Parser {
            state: State::StatusLine,
            line: Vec::new(),
            header_left: header,
            body_left: body,
            head: Head {
                status: 0,
                location: None,
            },
            length: None,
            chunked: false,
        }
    }

    /// Whether the response is complete.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Takes in what has come; `take` is given its pieces.
    ///
    /// # Errors
    ///
    /// When it is no response, is over a limit, or `take` failed.
    pub fn feed<E: From<Error>>(
        &mut self,
        mut data: &[u8],
        mut take: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !data.is_empty() {
            match self.state {
                State::Over => return Ok(()),
                State::Length(left) | State::Chunk(left) => {
                    let length = data.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.body(&data[..length], &mut take)?;
                    data = &data[length..];
                    let left = left - length as u64;
                    self.state = match self.state {
                        State::Length(_) if left == 0 => State::Over,
                        State::Length(_) => State::Length(left),
                        _ if left == 0 => State::ChunkEnd,
                        _ => State::Chunk(left),
                    };
                }
                State::UntilEnd => {
                    self.body(data, &mut take)?;
                    data = &[];
                }
                _ => {
                    let end = memchr::memchr(b'\n', data).map(|end| end + 1);
                    let length = end.unwrap_or(data.len());
                    self.header_left = self
                        .header_left
                        .checked_sub(length)
                        .ok_or_else(|| bad("its header is too long"))?;
                    self.line.extend_from_slice(&data[..length]);
                    data = &data[length..];
                    if end.is_some() {
                        let line = std::mem::take(&mut self.line);
                        self.whole_line(line.trim_ascii_end(), &mut take)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The connection has ended.
    ///
    /// # Errors
    ///
    /// When that leaves the response incomplete.
    pub fn end(&mut self) -> Result<(), Error> {
        match self.state {
            State::UntilEnd | State::Over => {
                self.state = State::Over;
                Ok(())
            }
            State::StatusLine if self.line.is_empty() => Err(bad("no answer")),
            _ => Err(bad("the answer is cut off")),
        }
    }

    fn body<E: From<Error>>(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.body_left = self
            .body_left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| bad("its body is too long"))?;
        take(Piece::Body(bytes))
    }

    fn whole_line<E: From<Error>>(
        &mut self,
        line: &[u8],
        take: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.state {
            State::StatusLine => {
                self.head.status = status(line).ok_or_else(|| bad("that is not HTTP/1"))?;
                self.state = State::Header;
            }
            State::Header if line.is_empty() => {
                // 100 Continue and the like: the response itself is still to come.
                if (100..200).contains(&self.head.status) {
                    self.state = State::StatusLine;
                    return Ok(());
                }
                take(Piece::Head(&self.head))?;
                self.state = match self.length {
                    _ if matches!(self.head.status, 204 | 304) => State::Over,
                    _ if self.chunked => State::ChunkSize,
                    Some(0) => State::Over,
                    Some(length) if length > self.body_left => {
                        return Err(bad("its body is too long").into());
                    }
                    Some(length) => State::Length(length),
                    None => State::UntilEnd,
                };
            }
            State::Header => self.field(line)?,
            State::ChunkSize => {
                let size = line.split(|&byte| byte == b';').next().unwrap_or(line);
                self.state = match number(size.trim_ascii(), 16) {
                    Some(0) => State::Trailer,
                    Some(size) => State::Chunk(size),
                    None => return Err(bad("a chunk without a size").into()),
                };
                // Chunks may be many, and each has a line of its own.
                self.header_left += line.len() + 2;
            }
            State::ChunkEnd if line.is_empty() => {
                self.header_left += 2;
                self.state = State::ChunkSize;
            }
            State::ChunkEnd => return Err(bad("a chunk longer than its size").into()),
            State::Trailer if line.is_empty() => self.state = State::Over,
            _ => {}
        }
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Error> {
        let colon = memchr::memchr(b':', line).ok_or_else(|| bad("a header without a colon"))?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = number(value, 10).ok_or_else(|| bad("a length that is no number"))?;
            if self.length.is_some_and(|other| other != length) {
                return Err(bad("two lengths"));
            }
            self.length = Some(length);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(bad("an encoding that is not known here"));
            }
            self.chunked = true;
        } else if name.eq_ignore_ascii_case(b"location") {
            self.head.location = Some(String::from_utf8_lossy(value).into_owned());
        }
        Ok(())
    }
}

fn bad(what: &'static str) -> Error {
    Error::Malformed(what)
}

/// Of a line like `HTTP/1.1 200 OK`.
fn status(line: &[u8]) -> Option<u16> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let code = rest.get(2..5)?;
    let good = rest.get(1) == Some(&b' ') && rest.get(5).is_none_or(|&byte| byte == b' ');
    let status = u16::try_from(number(code, 10)?).ok()?;
    (good && status >= 100).then_some(status)
}

/// Digits only: no sign, no space, no empty one.
fn number(digits: &[u8], radix: u32) -> Option<u64> {
    let digits = str::from_utf8(digits).ok()?;
    let all = digits.chars().all(|digit| digit.is_digit(radix));
    all.then(|| u64::from_str_radix(digits, radix).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status and the body, however it is cut.
    fn parse(response: &[u8]) -> Result<(u16, Vec<u8>), String> {
        let results = [1, 2, 3, 7, usize::MAX].map(|cut| {
            let mut parser = Parser::new(200, 50);
            let (mut status, mut body) = (0, Vec::new());
            let mut take = |piece: Piece<'_>| {
                match piece {
                    Piece::Head(head) => status = head.status,
                    Piece::Body(bytes) => body.extend_from_slice(bytes),
                }
                Ok::<_, Error>(())
            };
            for part in response.chunks(cut.min(response.len().max(1))) {
                parser
                    .feed(part, &mut take)
                    .map_err(|error| error.to_string())?;
            }
            if !parser.is_over() {
                parser.end().map_err(|error| error.to_string())?;
            }
            Ok((status, body))
        });
        for result in &results {
            assert_eq!(*result, results[0]);
        }
        results.into_iter().next().unwrap()
    }

    #[test]
    fn bodies_end_by_length_by_chunks_or_with_the_connection() {
        for (response, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", "abc"),
            ("HTTP/1.0 200\n\nabc", "abc"),
            (
                "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\nz",
                "abc",
            ),
            (
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                "",
            ),
        ] {
            assert_eq!(
                parse(response.as_bytes()),
                Ok((200, body.into())),
                "{response}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let long = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(200));
        for (response, expected) in [
            ("", "no answer"),
            ("SSH-2.0-OpenSSH\r\n", "that is not HTTP/1"),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                "the answer is cut off",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
                "a length that is no number",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "two lengths",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n",
                "its body is too long",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
                "a chunk longer than its size",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nab\r\n",
                "a chunk without a size",
            ),
            (&long, "its header is too long"),
        ] {
            assert_eq!(
                parse(response.as_bytes()),
                Err(expected.to_owned()),
                "{response}"
            );
        }
    }
}
