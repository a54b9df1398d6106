//! Answers that are not HTTP, or break off. They are written byte by byte.

mod broken;
mod heads;
mod http2;
mod parts;
mod request;

use std::io;
use std::ops::Range;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::request::Request;
use super::Shared;
use crate::content;
use crate::counters::{Counters, RequestGuard};
use crate::log::Log;
use crate::server;

/// The longest header of a request.
const LONGEST_HEAD: usize = 64 * 1024;

/// The beginning of HTTP/2 without TLS (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

/// Bytes of content that are made at once.
const PIECE: u64 = 64 * 1024;

/// The parts of the site that a connection needs.
pub(crate) struct Context {
    pub(crate) shared: Shared,
    pub(crate) counters: Counters,
    pub(crate) log: Option<Log>,
}

impl Context {
    /// Counts a request and logs it. Its answer is not known yet.
    fn came(
        &self,
        host: &str,
        line: [&str; 3],
        headers: impl Iterator<Item = (String, String)>,
    ) -> RequestGuard {
        let seen = server::seen(host, line, headers);
        if let Some(log) = &self.log {
            log.write(&seen, None, None);
        }
        self.counters.request(seen)
    }
}

/// Serves one connection: one request, one broken answer, and the end.
pub(crate) async fn serve(mut stream: TcpStream, context: Context) -> io::Result<()> {
    let _connection = context.counters.connection();
    loop {
        let Some(head) = read_head(&mut stream).await? else {
            return Ok(());
        };
        if head.starts_with(PREFACE) {
            return http2::serve(stream, head, &context).await;
        }
        let head = String::from_utf8_lossy(&head);
        let request = Request::read(&head);
        let headers = request.headers();
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
        let host = request.header("host").unwrap_or_default();
        let _request = context.came(host, request.line, headers);
        match answer(&mut stream, &request, &context.shared).await? {
            Next::Request => continue,
            Next::Reset => return stream.set_zero_linger(),
            Next::End => {}
        }
        // Closing with unread input would reset the connection, and the client would lose the last bytes.
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        return Ok(());
    }
}

async fn read_head(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut piece = [0; 4096];
    // The rest is the body of the request, which is ignored.
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut piece).await?;
        if count == 0 || head.len() > LONGEST_HEAD {
            return Ok(None);
        }
        head.extend_from_slice(&piece[..count]);
    }
    Ok(Some(head))
}

/// What to do with a connection.
enum Next {
    /// It may be used again.
    Request,
    /// It is closed properly.
    End,
    /// It is reset.
    Reset,
}

/// Answers.
async fn answer(
    stream: &mut TcpStream,
    request: &Request<'_>,
    shared: &Shared,
) -> io::Result<Next> {
    let path = request.path();
    let first = path.split('/').nth(1).unwrap_or("");
    match first {
        "landing" => send(stream, "200 OK", "", b"landed\n").await?,
        "cut" | "length" => return broken::answer(stream, request, shared).await,
        "head" | "early" | "transfer" => heads::answer(stream, path).await?,
        "part" => parts::answer(stream, request, shared).await?,
        "goaway" => {
            send(
                stream,
                "426 Upgrade Required",
                "upgrade: h2c\r\n",
                b"HTTP/2 only\n",
            )
            .await?
        }
        // A connection that says it stays open, and does not.
        "keep-alive" if path == "/keep-alive/lie" => {
            send(stream, "200 OK", "connection: keep-alive\r\n", b"bye\n").await?;
        }
        "keep-alive" => {
            send(stream, "200 OK", "", b"again?\n").await?;
            return Ok(Next::Request);
        }
        _ => missing(stream).await?,
    }
    Ok(Next::End)
}

async fn missing(stream: &mut TcpStream) -> io::Result<()> {
    send(stream, "404 Not Found", "", b"404: no such breakage\n").await
}

/// Sends a head without a body, and without a length unless the headers have one.
async fn send_head(stream: &mut TcpStream, status: &str, headers: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).await
}

async fn send(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await
}

/// Sends a part of the content with this number, however long it is.
async fn send_content(stream: &mut TcpStream, version: u64, part: Range<u64>) -> io::Result<()> {
    for piece in content::pieces(part, PIECE) {
        stream.write_all(&content::part(version, piece)).await?;
    }
    Ok(())
}
