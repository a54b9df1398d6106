//! Parses an HTTP response that arrives in pieces.

use httparse::{EMPTY_HEADER, ParserConfig, Status};

use super::Error;

/// The header of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The URL of a redirect, if there is one.
    pub location: Option<String>,
    /// The status line and the fields, one string for each line. Bytes that are not UTF-8 are
    /// replaced.
    pub lines: Vec<String>,
}

/// A part of a response.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Its header. It comes once, and first.
    Head(&'a Head),
    /// A part of its body.
    Body(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Header,
    /// This many bytes are left.
    Length(u64),
    UntilEnd,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailer,
    Over,
}

/// Parses a response piece by piece. It stores at most the header or one line, never the body.
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
    /// The header so far, or a line between chunks.
    kept: Vec<u8>,
    /// Where the last line of the header begins in `kept`.
    line: usize,
    limits: (usize, u64),
    /// How many bytes may still come of the header and of the lines between chunks.
    header_left: usize,
    body_left: u64,
    /// No body follows the header, whatever the header says.
    head_only: bool,
}

/// What the header says about the body.
#[derive(Default)]
struct Framing {
    length: Option<u64>,
    chunked: bool,
}

impl Parser {
    /// A parser with limits in bytes: `header` for the header and the lines between chunks, `body`
    /// for the body.
    pub fn new(header: usize, body: u64) -> Parser {
        Parser {
            state: State::Header,
            kept: Vec::new(),
            line: 0,
            limits: (header, body),
            header_left: header,
            body_left: body,
            head_only: false,
        }
    }

    /// Makes it a parser for the answer to a HEAD request, which has no body.
    #[must_use]
    pub fn for_head(self) -> Parser {
        Parser {
            head_only: true,
            ..self
        }
    }

    /// Whether the response is complete.
    pub fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Parses these bytes, and calls `take` with each piece of the response.
    ///
    /// # Errors
    ///
    /// When this is not a response, is over a limit, or `take` failed.
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
                    self.header_left =
                        self.header_left
                            .checked_sub(length)
                            .ok_or_else(|| Error::TooLong {
                                what: "header",
                                limit: self.limits.0 as u64,
                            })?;
                    self.kept.extend_from_slice(&data[..length]);
                    data = &data[length..];
                    if end.is_some() {
                        self.whole_line(&mut take)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// To be called when the connection has ended.
    ///
    /// # Errors
    ///
    /// When the response is incomplete.
    pub fn end(&mut self) -> Result<(), Error> {
        match self.state {
            State::UntilEnd | State::Over => {
                self.state = State::Over;
                Ok(())
            }
            State::Header if self.kept.is_empty() => Err(bad("no answer")),
            // A line without its end, and its beginning is not that of an HTTP response.
            State::Header if !self.kept.iter().zip(b"HTTP/1.").all(|(a, b)| a == b) => {
                Err(bad("that is not HTTP/1"))
            }
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
            .ok_or_else(|| self.body_too_long())?;
        take(Piece::Body(bytes))
    }

    fn body_too_long(&self) -> Error {
        Error::TooLong {
            what: "body",
            limit: self.limits.1,
        }
    }

    fn whole_line<E: From<Error>>(
        &mut self,
        take: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.state == State::Header {
            let is_empty = matches!(&self.kept[self.line..], b"\n" | b"\r\n");
            // The first line shows early whether this is HTTP at all.
            if self.line == 0 && !self.kept.starts_with(b"HTTP/1.") && !is_empty {
                return Err(bad("that is not HTTP/1").into());
            }
            self.line = self.kept.len();
            // An empty line before the first is skipped (RFC 9112, section 2.2).
            if is_empty && self.line > 2 {
                self.line = 0;
                let header = std::mem::take(&mut self.kept);
                self.header(&header, take)?;
            }
            return Ok(());
        }
        let line = std::mem::take(&mut self.kept);
        let content = line.trim_ascii_end();
        match self.state {
            State::ChunkSize => {
                self.state = match httparse::parse_chunk_size(&line) {
                    Ok(Status::Complete((_, 0))) => State::Trailer,
                    Ok(Status::Complete((_, size))) => State::Chunk(size),
                    _ => return Err(bad("a chunk without a size").into()),
                };
                // There may be many chunks, and each has a line of its own.
                self.header_left += line.len();
            }
            State::ChunkEnd if content.is_empty() => {
                self.header_left += line.len();
                self.state = State::ChunkSize;
            }
            State::ChunkEnd => return Err(bad("a chunk longer than its size").into()),
            State::Trailer if content.is_empty() => self.state = State::Over,
            _ => {}
        }
        Ok(())
    }

    fn header<E: From<Error>>(
        &mut self,
        header: &[u8],
        take: &mut impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (head, framing) = parse(header)?;
        // 100 Continue and similar: the response itself is still to come.
        if (100..200).contains(&head.status) {
            return Ok(());
        }
        take(Piece::Head(&head))?;
        self.state = match framing.length {
            _ if self.head_only || matches!(head.status, 204 | 304) => State::Over,
            _ if framing.chunked => State::ChunkSize,
            Some(0) => State::Over,
            Some(length) if length > self.body_left => return Err(self.body_too_long().into()),
            Some(length) => State::Length(length),
            None => State::UntilEnd,
        };
        Ok(())
    }
}

fn parse(header: &[u8]) -> Result<(Head, Framing), Error> {
    let mut fields = vec![EMPTY_HEADER; memchr::memchr_iter(b'\n', header).count()];
    let mut response = httparse::Response::new(&mut fields);
    let mut config = ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    config.allow_spaces_after_header_name_in_responses(true);
    match config.parse_response(&mut response, header) {
        Ok(Status::Complete(_)) => {}
        Ok(Status::Partial) => return Err(bad("the answer is cut off")),
        Err(httparse::Error::Version | httparse::Error::Status) => {
            return Err(bad("that is not HTTP/1"));
        }
        Err(_) => return Err(bad("a malformed header")),
    }
    let (version, status) = (response.version.unwrap_or(1), response.code.unwrap_or(0));
    if status < 100 {
        return Err(bad("that is not HTTP/1"));
    }
    let reason = response.reason.unwrap_or_default();
    let mut head = Head {
        status,
        location: None,
        lines: vec![
            format!("HTTP/1.{version} {status} {reason}")
                .trim_end()
                .to_owned(),
        ],
    };
    let mut framing = Framing::default();
    for field in response.headers.iter() {
        let value = unfold(field.value);
        head.lines.push(format!(
            "{}: {}",
            field.name,
            String::from_utf8_lossy(&value)
        ));
        if field.name.eq_ignore_ascii_case("content-length") {
            framing.add_length(&value)?;
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(bad("an unknown transfer encoding"));
            }
            framing.chunked = true;
        } else if field.name.eq_ignore_ascii_case("location") {
            head.location = Some(String::from_utf8_lossy(&value).into_owned());
        }
    }
    Ok((head, framing))
}

impl Framing {
    /// If the same length is given several times, it counts once (RFC 9110, section 8.6).
    fn add_length(&mut self, value: &[u8]) -> Result<(), Error> {
        for length in value.split(|&byte| byte == b',') {
            let length =
                number(length.trim_ascii()).ok_or_else(|| bad("a length that is not a number"))?;
            if self.length.is_some_and(|other| other != length) {
                return Err(bad("two lengths"));
            }
            self.length = Some(length);
        }
        Ok(())
    }
}

/// Joins the lines of a folded value: each fold becomes a space (RFC 9112, section 5.2).
fn unfold(value: &[u8]) -> Vec<u8> {
    let mut lines = value.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let mut unfolded = lines.next().unwrap_or_default().to_vec();
    for line in lines {
        if !unfolded.is_empty() {
            unfolded.push(b' ');
        }
        unfolded.extend_from_slice(line);
    }
    unfolded
}

fn bad(what: &'static str) -> Error {
    Error::Malformed(what)
}

/// A number of digits only: no sign, no space, not empty.
fn number(digits: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(digits).ok()?;
    let all = digits.chars().all(|digit| digit.is_ascii_digit());
    all.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests;
