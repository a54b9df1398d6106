//! Answers that are not HTTP, or break off: written by hand, byte by byte.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Shared;
use super::bytes::range_of;
use crate::content;
use crate::counters::Counters;
use crate::server;

/// A header longer than this is no client's of ours.
const LONGEST_HEAD: usize = 64 * 1024;

/// What a body consists of that is announced longer than it is, and where it breaks off.
const ANNOUNCED: u64 = 1000;
const SENT: u64 = 500;

/// Serves one connection: one request, one broken answer, and the end.
pub(crate) async fn serve(
    mut stream: TcpStream,
    shared: Shared,
    counters: Counters,
) -> io::Result<()> {
    let _connection = counters.connection();
    loop {
        let Some(head) = read_head(&mut stream).await? else {
            return Ok(());
        };
        let request = Request::read(&head);
        let _request = counters.request(server::seen(
            request.header("host").unwrap_or_default(),
            request.method,
            request.target,
            request
                .headers()
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())),
        ));
        match answer(&mut stream, &request, &shared).await? {
            Next::Request => continue,
            Next::Reset => return stream.set_zero_linger(),
            Next::End => {}
        }
        // A close with unread input would be a reset, and cost the client the last bytes.
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        return Ok(());
    }
}

/// A request's head: the first line, and the headers.
struct Request<'a> {
    method: &'a str,
    target: &'a str,
    rest: &'a str,
}

impl<'a> Request<'a> {
    fn read(head: &'a str) -> Request<'a> {
        let (first, rest) = head.split_once("\r\n").unwrap_or((head, ""));
        let mut words = first.split(' ');
        Request {
            method: words.next().unwrap_or(""),
            target: words.next().unwrap_or(""),
            rest,
        }
    }

    fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let lines = self.rest.split("\r\n");
        lines.filter_map(|line| {
            line.split_once(':')
                .map(|(name, value)| (name, value.trim()))
        })
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        let mut headers = self.headers();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// A number in the query.
    fn number(&self, name: &str) -> Option<u64> {
        let query = self.target.split_once('?')?.1;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name)?.1.parse().ok()
    }
}

async fn read_head(stream: &mut TcpStream) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0; 4096];
    // What follows the head is a body, which nothing here wants.
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut byte).await?;
        if count == 0 || head.len() > LONGEST_HEAD {
            return Ok(None);
        }
        head.extend_from_slice(&byte[..count]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// What becomes of a connection.
enum Next {
    /// It may be used again.
    Request,
    /// It is closed, in good order.
    End,
    /// It is closed so that the other end gets an error.
    Reset,
}

/// Answers.
async fn answer(
    stream: &mut TcpStream,
    request: &Request<'_>,
    shared: &Shared,
) -> io::Result<Next> {
    let path = request.target.split('?').next().unwrap_or("");
    match path {
        "/landing" => send(stream, "200 OK", "", b"landed\n").await?,
        // Bodies that break off.
        "/cut/length" => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {ANNOUNCED}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&content::part(1, 0..SENT)).await?;
        }
        "/cut/chunked" => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(format!("{SENT:x}\r\n").as_bytes()).await?;
            stream.write_all(&content::part(1, 0..SENT)).await?;
            stream.write_all(b"\r\n").await?;
        }
        "/cut/reset" => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {ANNOUNCED}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&content::part(1, 0..SENT)).await?;
            return Ok(Next::Reset);
        }
        "/cut/again" => cut_again(stream, request, shared).await?,
        "/cut/head" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le").await?,
        "/cut/silence" => {}
        // Lengths that are not.
        "/length/short" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&content::part(1, 0..ANNOUNCED)).await?;
        }
        "/length/two" => {
            let head = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\ncontent-length: 20\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&content::part(1, 0..20)).await?;
        }
        "/length/negative" => send_as(stream, "content-length: -1\r\n").await?,
        "/length/words" => send_as(stream, "content-length: plenty\r\n").await?,
        "/length/huge" => {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
                u64::MAX - 2
            );
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&content::part(1, 0..SENT)).await?;
        }
        "/length/none" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
            stream.write_all(&content::part(1, 0..SENT)).await?;
        }
        // Headers that are not.
        "/head/garbage" => stream.write_all(&content::part(1, 0..SENT)).await?,
        "/head/status" => stream.write_all(b"HTTP/1.1 9 what\r\n\r\n").await?,
        "/head/huge" => {
            let line = "x".repeat(1 << 20);
            send_as(stream, &format!("x-long: {line}\r\n")).await?;
        }
        "/head/many" => {
            let lines: String = (0..10_000).map(|it| format!("x-{it}: y\r\n")).collect();
            send_as(stream, &lines).await?;
        }
        "/head/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            let lines = "x-more: and more\r\n".repeat(64);
            loop {
                stream.write_all(lines.as_bytes()).await?;
            }
        }
        "/head/chunk" => {
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n";
            stream.write_all(head.as_bytes()).await?;
        }
        // A connection that says it stays open, and does not.
        "/keep-alive/lie" => send(stream, "200 OK", "connection: keep-alive\r\n", b"bye\n").await?,
        "/keep-alive" => {
            send(stream, "200 OK", "", b"again?\n").await?;
            return Ok(Next::Request);
        }
        _ => send(stream, "404 Not Found", "", b"404: no such breakage\n").await?,
    }
    Ok(Next::End)
}

async fn send_as(stream: &mut TcpStream, headers: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await
}

async fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await
}

/// `size` bytes with a strong tag, of which every answer sends `most` at most; ranges work. The
/// first `times` answers break off, if that is given; after them all is sent.
async fn cut_again(
    stream: &mut TcpStream,
    request: &Request<'_>,
    shared: &Shared,
) -> io::Result<()> {
    let size = request.number("size").unwrap_or(ANNOUNCED);
    let version = request.number("version").unwrap_or(1);
    let visit = shared.visits_before(request.target);
    let most = match request.number("times") {
        Some(times) if visit >= times => size,
        _ => request.number("most").unwrap_or(SENT),
    };
    let tag = format!("\"{size}-{version}\"");
    let unchanged = request
        .header("if-range")
        .is_none_or(|wanted| wanted == tag);
    let range = request.header("range").filter(|_| unchanged);
    let (status, part) = match range.and_then(|range| range_of(range, size)) {
        Some(Ok(part)) => ("206 Partial Content", part),
        _ => ("200 OK", 0..size),
    };
    let line = match status.starts_with("206") {
        true => format!(
            "content-range: bytes {}-{}/{size}\r\n",
            part.start,
            part.end - 1
        ),
        false => String::new(),
    };
    let length = part.end - part.start;
    let head =
        format!("HTTP/1.1 {status}\r\netag: {tag}\r\n{line}content-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let end = part.end.min(part.start.saturating_add(most));
    stream
        .write_all(&content::part(version, part.start..end))
        .await
}
