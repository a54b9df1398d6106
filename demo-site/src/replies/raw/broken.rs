//! Bodies that break off, and lengths that are not the body's.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::request::Request;
use super::{Next, missing, send_content, send_head};
use crate::replies::Shared;
use crate::replies::bytes::range_of;

/// What a body consists of that is announced longer than it is, and where it breaks off.
const ANNOUNCED: u64 = 1000;
const SENT: u64 = 500;

pub(super) async fn answer(
    stream: &mut TcpStream,
    request: &Request<'_>,
    shared: &Shared,
) -> io::Result<Next> {
    match request.path() {
        "/cut/length" => with_length(stream, ANNOUNCED, SENT).await?,
        "/cut/chunked" => {
            send_head(stream, "200 OK", "transfer-encoding: chunked\r\n").await?;
            stream.write_all(format!("{SENT:x}\r\n").as_bytes()).await?;
            send_content(stream, 1, 0..SENT).await?;
            stream.write_all(b"\r\n").await?;
        }
        "/cut/reset" => {
            with_length(stream, ANNOUNCED, SENT).await?;
            return Ok(Next::Reset);
        }
        "/cut/again" => cut_again(stream, request, shared).await?,
        "/cut/head" => stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-le").await?,
        "/cut/silence" => {}
        "/length/short" => with_length(stream, 10, ANNOUNCED).await?,
        "/length/two" => {
            send_head(
                stream,
                "200 OK",
                "content-length: 10\r\ncontent-length: 20\r\n",
            )
            .await?;
            send_content(stream, 1, 0..20).await?;
        }
        "/length/negative" => send_head(stream, "200 OK", "content-length: -1\r\n").await?,
        "/length/words" => send_head(stream, "200 OK", "content-length: plenty\r\n").await?,
        "/length/huge" => with_length(stream, u64::MAX - 2, SENT).await?,
        "/length/none" => {
            send_head(stream, "200 OK", "").await?;
            send_content(stream, 1, 0..SENT).await?;
        }
        _ => missing(stream).await?,
    }
    Ok(Next::End)
}

/// An answer that announces one length and sends another.
async fn with_length(stream: &mut TcpStream, announced: u64, sent: u64) -> io::Result<()> {
    send_head(
        stream,
        "200 OK",
        &format!("content-length: {announced}\r\n"),
    )
    .await?;
    send_content(stream, 1, 0..sent).await
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
    let visit = shared.visits_before(request.target());
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
    let headers = format!("etag: {tag}\r\n{line}content-length: {length}\r\n");
    send_head(stream, status, &headers).await?;
    let end = part.end.min(part.start.saturating_add(most));
    send_content(stream, version, part.start..end).await
}
